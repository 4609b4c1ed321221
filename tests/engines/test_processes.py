"""Processes of this machine: results in order, errors as they are, and a killed process changes nothing."""

import operator
from pathlib import Path

import pytest

from engines.processes import Processes
from history.base.errors import EngineFailed, InvalidInput
from tests.builders.engines.part_work import always_killed, killed_once


def refusing(_shared: None, part: int) -> int:
    if part == 2:
        raise InvalidInput("part 2 is no good")
    return part


@pytest.mark.long
def test_results_come_in_order() -> None:
    with Processes(2) as engine:
        assert [*engine.map(operator.mul, 3, range(20))] == [3 * part for part in range(20)]
        assert [*engine.map(operator.add, 1, range(3))] == [1, 2, 3], "another job on the same processes"
        assert [*engine.map(operator.add, 1, [])] == []


@pytest.mark.long
def test_killed_process_changes_nothing(tmp_path: Path) -> None:
    with Processes(2) as engine:
        assert [*engine.map(killed_once, tmp_path / "killed", range(9))] == [*range(9)]
    assert (tmp_path / "killed").exists()


@pytest.mark.long
def test_part_that_kills_every_process_ends_the_work() -> None:
    with Processes(1) as engine, pytest.raises(EngineFailed, match="memory"):
        [*engine.map(always_killed, None, [1])]


@pytest.mark.long
def test_error_of_a_part_reaches_the_caller() -> None:
    with Processes(2) as engine, pytest.raises(InvalidInput, match="part 2 is no good"):
        [*engine.map(refusing, None, range(4))]


def test_parts_are_several_a_worker_unless_told() -> None:
    assert Processes(2).n_parts > 2
    assert Processes(2, parts=7).n_parts == 7
