"""Addresses of engines: which are understood, and what they open."""

import pytest

from engines.choice import check_address, open_engine
from engines.processes import Processes
from history.base.errors import InvalidInput


@pytest.mark.parametrize(
    "address",
    [
        None,
        "processes",
        "processes:1",
        "processes:256",
        "dask://a-1.b:8786",
        "dask://[::1]:1",
        "spark://a:7077",
    ],
)
def test_address_is_understood(address: str | None) -> None:
    check_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "threads",
        "processes:",
        "processes:0",
        "processes:257",
        "processes:two",
        "processes:2 ",
        "dask://",
        "dask://a",
        "dask://a:x",
        "dask://a:1/b",
        "dask://u@a:1",
        "tcp://a:1",
    ],
)
def test_other_address_is_refused_with_what_is_expected(address: str) -> None:
    with pytest.raises(InvalidInput, match="expected processes"):
        check_address(address)


def test_without_an_address_there_is_no_engine() -> None:
    with open_engine(None) as engine:
        assert engine is None


def test_processes_are_as_many_as_named() -> None:
    with open_engine("processes:3") as engine:
        assert isinstance(engine, Processes)
        assert engine.workers == 3
