"""Identities of a report: true of the twenty leads, and broken by any count that is off by one."""

from copy import deepcopy
from typing import Any

import pytest

from funnel.state.reconcile import EXITS, reconciliation
from tests.builders.leads.twenty_leads import twenty_by_source


@pytest.fixture(scope="module")
def grouped() -> dict[str, Any]:
    return twenty_by_source()


def test_every_identity_holds(grouped: dict[str, Any]) -> None:
    result = reconciliation(grouped)
    assert result["broken"] == []
    assert result["checked"] > 50
    assert reconciliation({**grouped, "groups": []})["checked"] < result["checked"]


@pytest.mark.parametrize(
    ("path", "check"),
    [
        (("funnel", "entered"), "funnel: entered = open + won + lost"),
        (("flow", "reopened"), "flow: open at start + entered + reopened - won - lost = open at end"),
        (("deals", "won"), "months: won = deals won"),
        (("stages", 1, "ledger", "entries"), "entries = first entries + re-entries"),
        *((("stages", 1, "ledger", name), "entries = there now") for name in EXITS),
        (("stages", 1, "calendar", "there_at_end"), "there at start + entries - exits = there at end"),
        (("stages", 1, "now", "leads"), "moves: now in"),
        (("months", 0, "lost"), "months: lost = deals lost"),
    ],
)
def test_count_off_by_one_is_named(grouped: dict[str, Any], path: tuple[str | int, ...], check: str) -> None:
    state = deepcopy(grouped)
    part: Any = state["total"]
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] += 1
    broken = reconciliation(state)["broken"]
    assert any(check in identity["check"] for identity in broken)
    assert all(identity["left"] != identity["right"] for identity in broken)


def test_group_that_misses_a_lead_is_named(grouped: dict[str, Any]) -> None:
    state = deepcopy(grouped)
    state["groups"][0]["flow"]["open_at_end"] += 1
    checks = [identity["check"] for identity in reconciliation(state)["broken"]]
    assert "groups: flow open_at_end" in checks
    assert any(check.startswith("group ") for check in checks)
