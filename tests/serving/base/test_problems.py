"""Problem documents: RFC 9457 members, every error counted, the first ones listed."""

import json

import pytest

from serving.base.problems import MAX_ERRORS, Problem, error, invalid, too_large, unavailable


@pytest.mark.parametrize(
    ("count", "detail"),
    [
        (1, "The request has one problem."),
        (2, "The request has 2 problems."),
        (MAX_ERRORS, f"The request has {MAX_ERRORS} problems."),
        (MAX_ERRORS + 1, f"The request has {MAX_ERRORS + 1} problems, the first {MAX_ERRORS} are listed."),
    ],
)
def test_problems_are_counted_and_the_first_listed(count: int, detail: str) -> None:
    problem = invalid([error(["body", i], "missing") for i in range(count)])
    assert (problem.status, problem.detail) == (422, detail)
    assert [entry["loc"][1] for entry in problem.errors] == list(range(min(count, MAX_ERRORS)))


def test_document_has_the_members_of_the_standard() -> None:
    document = json.loads(Problem(404, "unknown-lead", "No lead.").encoded("r1"))
    assert document == {
        "type": "urn:leadcast:problem:unknown-lead",
        "title": "Not Found",
        "status": 404,
        "detail": "No lead.",
        "errors": [],
        "request_id": "r1",
    }
    assert "request_id" not in Problem(404, "unknown-lead", "No lead.").body()


def test_later_change_of_the_errors_changes_no_problem() -> None:
    errors = [error(["body"], "missing")]
    problem = invalid(errors)
    errors[0]["msg"] = "secret"
    assert problem.errors == [{"loc": ["body"], "msg": "missing"}]


def test_wait_is_a_header() -> None:
    assert unavailable("disk-full", "x", 30).headers == {"Retry-After": "30"}
    assert (too_large("x").status, too_large("x").headers) == (413, {})
