"""Comparisons by source and owner: planted losses are found, others are not."""

from dataclasses import replace

import pytest

from funnel.state.leads.paths import stage_paths
from funnel.state.leads.touches import touches_of
from funnel.state.leaks.groups import entrances, win_rates
from funnel.state.leaks.windows import Windows, leak_windows
from tests.builders.leads.funnel_leads import Lead, history_of
from tests.builders.worlds.leak_world import AS_OF, leaks, world


def test_falling_entrances_are_found() -> None:
    subjects = {
        leak["subject"] for leak in leaks(world(3, drying=0.4))["found"] if leak["kind"] == "entrances"
    }
    assert "entrances" in subjects


def windows_of(leads: list[Lead]) -> Windows:
    history = history_of(leads, AS_OF)
    paths = stage_paths(history)
    end_us = history.as_of_us + 1
    windows = leak_windows(paths, touches_of(paths, 0, end_us), end_us)
    assert windows is not None
    return windows


def test_entrances_are_compared_in_all_and_by_source() -> None:
    windows = windows_of(world(3))
    subjects = [comparison.subject for comparison in entrances(windows)]
    assert sorted(subjects) == ["entrances", "source fair", "source web"]
    (everyone,) = (c for c in entrances(windows) if not c.group)
    assert everyone.now * windows.now.period.days == pytest.approx(everyone.n_now)


def test_owners_are_compared_with_their_own_past_alone() -> None:
    """Owners receive different leads; sources are compared with each other too."""
    leads = [replace(lead, owner="ann" if i % 2 else "bob") for i, lead in enumerate(world(1))]
    windows = windows_of(leads)
    assert {c.kind for c in win_rates(windows, "owner")} == {"quality"}
    assert {c.kind for c in win_rates(windows, "source")} == {"quality", "elsewhere"}
    assert {c.group["owner"] for c in win_rates(windows, "owner")} == {"ann", "bob"}
