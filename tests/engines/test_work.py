"""Parts of the work: in order, never too many ahead, again after a loss, and only between equal versions."""

import operator
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from engines import work
from engines.work import LOSSES, LostWorker, in_order, packed, refuse_other_versions, run, versions
from history.base.errors import EngineFailed


class Pending:
    """A part whose worker is lost `losses` times; `log` gets the part when it is read."""

    def __init__(self, part: bytes, losses: list[int], log: list[str]) -> None:
        self.part, self.losses, self.log = pickle.loads(part), losses, log
        self.log.append(f"+{self.part}")

    def result(self) -> Any:
        if self.losses and self.losses[0]:
            self.losses[0] -= 1
            raise LostWorker
        self.log.append(f"-{self.part}")
        return self.part


def test_results_come_in_order_and_parts_are_made_late() -> None:
    log: list[str] = []
    made = []

    def parts() -> Iterator[int]:
        for part in range(6):
            made.append(part)
            yield part

    results = in_order(lambda part: Pending(part, [], log).result, parts(), ahead=2)
    assert next(results) == 0
    assert made == [0, 1], "the third part is not made before a worker is free"
    assert [*results] == [1, 2, 3, 4, 5]
    assert log == ["+0", "+1", "-0", "+2", "-1", "+3", "-2", "+4", "-3", "+5", "-4", "-5"]


def test_part_of_a_lost_worker_is_done_again() -> None:
    log: list[str] = []
    losses = [LOSSES]
    assert [*in_order(lambda part: Pending(part, losses, log).result, [5, 6], ahead=1)] == [5, 6]
    assert log == ["+5"] * (LOSSES + 1) + ["-5", "+6", "-6"]


def test_part_that_costs_every_worker_ends_the_work() -> None:
    with pytest.raises(EngineFailed, match="memory"):
        [*in_order(lambda part: Pending(part, [LOSSES + 1], []).result, [5], ahead=1)]


def test_function_gets_what_is_shared_and_its_part() -> None:
    assert run(packed(operator.mul, 6), pickle.dumps(7)) == 42


def test_job_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    job = packed(operator.add, "of another version")
    monkeypatch.setattr(work, "PACKAGES", ("leadcast",))
    monkeypatch.setattr(work, "version", lambda name: "0.0.1")
    with pytest.raises(EngineFailed, match=r"leadcast 0\.0\.1 instead of .*same versions"):
        run(job, pickle.dumps("a part"))


def test_every_version_that_differs_is_named() -> None:
    ours = versions()
    refuse_other_versions(ours, dict(ours), "one")
    with pytest.raises(EngineFailed, match=r"numpy 1\.0 instead of .*, numba none instead of"):
        refuse_other_versions(ours, {**ours, "numpy": "1.0", "numba": "none"}, "one")
