"""Requests with a list of entries: their form, and the places of rejected entries."""

from typing import Any

import pytest

from serving.api.rejections import entries_of, rejections
from serving.base.event import EventProblem, RejectedEvent
from serving.base.problems import Problem


@pytest.mark.parametrize("value", [None, [], {}, {"events": {}}, {"events": [], "x": 1}, {"Events": []}])
def test_other_forms_are_refused(value: Any) -> None:
    with pytest.raises(Problem) as refusal:
        entries_of(value, "events", 5)
    assert refusal.value.status == 422


def test_too_many_entries_are_413() -> None:
    assert entries_of({"events": [1] * 5}, "events", 5) == [1] * 5
    with pytest.raises(Problem) as refusal:
        entries_of({"events": [1] * 6}, "events", 5)
    assert refusal.value.status == 413


def test_rejections_are_located_in_the_whole_request() -> None:
    rejected = [RejectedEvent(3, [EventProblem("invalid", ("data", "kind"), "missing")])]
    (entry,) = rejections(rejected, "events")
    assert entry == {
        "index": 3,
        "errors": [{"code": "invalid", "loc": ["body", "events", 3, "data", "kind"], "msg": "missing"}],
    }
