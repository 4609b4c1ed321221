"""How long leads of a value stay open, against their own earlier pace."""

import numpy as np
import pytest

from history.text.times import DAY_US
from tests.builders.worlds.audit_world import Texts, either, world
from training.audit.checks.survival import Spells, Windows, survival, windows_of


def test_purge_of_old_leads_is_no_evidence() -> None:
    """Leads of one value closed on one day, or all within two weeks, were closed by a person, not by a value."""
    w = world(3000, 5)
    as_of_us = w.history.as_of_us
    on_old_list = w.chance(0.2)
    columns: dict[str, Texts] = {
        "list": either(on_old_list, "old", "new"),
        "city": [f"c{c}" for c in w.rng.integers(0, 4, 3000)],
        "note": either(w.chance(0.9), "x", None),
    }
    purge_us = as_of_us - 5 * DAY_US
    old_end_us = np.where(w.created_us < purge_us, purge_us, as_of_us)
    one_day_us = np.minimum(w.will_close_us, np.where(on_old_list, old_end_us, as_of_us + 1))
    assert "leakage_suspected" not in w.closing_at(one_day_us).audit(**columns).values()

    within_two_weeks = (w.rng.random(3000) * 14 * DAY_US).astype(np.int64)
    purged_us = np.maximum(np.minimum(w.will_close_us, as_of_us - within_two_weeks), w.created_us + 1)
    assert "leakage_suspected" not in w.closing_at(purged_us).audit(**columns).values()


@pytest.mark.parametrize("seed", range(3))
def test_value_of_fast_leads_is_kept(seed: int) -> None:
    """Fast leads are never open for long, so that few of them are open at T is no evidence."""
    w = world(6000, seed)
    is_fast = w.will_close_us - w.created_us < 20 * DAY_US
    assert w.audit(route=either(is_fast, "express", "usual")).get("route") != "leakage_suspected"


def windows_of_world(seed: int) -> Windows:
    w = world(3000, seed)
    spells = Spells(w.created_us, w.will_close_us, w.closed)
    windows = windows_of(spells, w.history.as_of_us, np.ones(3000, dtype=np.bool_))
    assert windows is not None
    return windows


@pytest.mark.parametrize("seed", range(5))
def test_group_by_chance_keeps_its_pace(seed: int) -> None:
    group = np.random.default_rng(seed).integers(0, 3, 3000)
    result = survival(windows_of_world(seed), group, 3)
    z = (result.still_open - result.expected) / np.sqrt(result.expected)
    assert (np.abs(z) < 4).all()
    assert (result.still_open <= result.at_risk).all()


def test_leads_at_risk_are_open_at_the_start_of_the_window() -> None:
    w = world(3000, 0)
    windows = windows_of_world(0)
    start_us = w.history.as_of_us - round(windows.days * DAY_US)
    is_open = (w.created_us <= start_us) & (w.will_close_us > start_us)
    assert windows.last.lead.tolist() == np.flatnonzero(is_open).tolist()
    assert windows.last.ended.tolist() == w.closed[is_open].tolist()


def test_ends_on_one_day_are_measured() -> None:
    windows = windows_of_world(0)
    lead = windows.last.lead[windows.last.ended]
    windows.end_us[lead] = windows.end_us[lead[0]]
    assert survival(windows, np.zeros(3000, dtype=np.int64), 1).one_day.tolist() == [1.0]


def test_few_ends_have_no_windows() -> None:
    w = world(15, 0)
    spells = Spells(w.created_us, w.will_close_us, w.closed)
    assert windows_of(spells, w.history.as_of_us, np.ones(15, dtype=np.bool_)) is None
