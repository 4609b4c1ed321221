"""Exceptions of the rooms below become problems: status, code and wait, and nothing of the exception's own text."""

import errno

import pytest

from serving.api.errors import expected_problem
from serving.base.instant import InvalidInstant
from serving.base.problems import Problem
from serving.http.guard import unexpected_problem
from serving.model.errors import NoModel
from serving.store.errors import (
    DiskFull,
    ReportPreparing,
    ReportRefused,
    ReportsBusy,
    ReportSlow,
    StoreSlow,
    StoreUnavailable,
    StoreUnfit,
)


@pytest.mark.parametrize(
    ("raised", "status", "code", "wait"),
    [
        (StoreUnavailable("secret", 7), 503, "store-unavailable", "7"),
        (StoreUnfit("secret"), 503, "store-unavailable", "30"),
        (DiskFull("secret"), 503, "disk-full", "30"),
        (StoreSlow(), 503, "store-slow", "2"),
        (ReportsBusy(), 503, "outlook-busy", "2"),
        (ReportSlow(), 503, "outlook-slow", "10"),
        (ReportPreparing(), 503, "outlook-preparing", "5"),
        (NoModel(), 503, "no-model", "5"),
        (NoModel(None, is_loading=True), 503, "no-model", "2"),
        (InvalidInstant("from"), 422, "invalid-request", None),
        (ReportRefused(["by: no such column"]), 422, "invalid-request", None),
    ],
)
def test_an_expected_exception_is_a_problem(
    raised: Exception, status: int, code: str, wait: str | None
) -> None:
    problem = expected_problem(raised)
    assert problem is not None
    assert (problem.status, problem.code, problem.headers.get("Retry-After")) == (status, code, wait)
    assert "secret" not in str(problem.body())


def test_a_refused_model_is_named() -> None:
    problem = expected_problem(NoModel("its manifest is damaged"))
    assert problem is not None
    assert "The promoted one was refused: its manifest is damaged." in problem.detail


def test_a_refused_time_names_its_key() -> None:
    problem = expected_problem(InvalidInstant("from"))
    assert problem is not None
    assert problem.errors[0]["loc"] == ["query", "from"]


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (MemoryError(), 503),
        (OSError(errno.EMFILE, "too many open files"), 503),
        (OSError(errno.EIO, "secret"), 500),
        (ValueError("secret"), 500),
    ],
)
def test_an_unexpected_exception_gives_nothing_away(raised: Exception, status: int) -> None:
    assert expected_problem(raised) is None
    problem: Problem = unexpected_problem(raised)
    assert problem.status == status
    assert "secret" not in str(problem.body())
