"""Since when wins are recorded: found in exports that begin late, and nowhere else."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from funnel.hazards import hazards
from funnel.known_leads import KnownLeads
from funnel.recording import find_recording, known_leads, recording_warnings
from history.base.arrays import Floats
from history.history import LOST, OPEN, WON
from history.text.times import DAY_US, format_time
from tests.builders.leads.known_leads import NOW_US
from tests.builders.leads.lead_histories import START_US, Decision, Lead, history_of

DAYS = 360  # of history
Closing = Callable[[Floats, np.random.Generator], Floats]


def exponential(born: Floats, random: np.random.Generator) -> Floats:
    """Closing days of leads created on the days `born` (n,): 40 days later on the mean."""
    return born + random.exponential(40, len(born))


def after_60_days(born: Floats, random: np.random.Generator) -> Floats:
    return born + 60 + random.exponential(15, len(born))


def at_quarter_ends(born: Floats, random: np.random.Generator) -> Floats:
    return np.ceil(exponential(born, random) / 91) * 91 - random.uniform(0, 3, len(born))


def funnel(closing: Closing = exponential, leads: int = 2_000, days: int = DAYS, seed: int = 0) -> KnownLeads:
    """Leads that come evenly over the days up to now; three of ten are won, the others lost."""
    random = np.random.default_rng(seed)
    born = np.sort(random.uniform(0, days, leads))
    end = closing(born, random)
    is_open = end > days
    state = np.where(is_open, OPEN, np.where(random.random(leads) < 0.3, WON, LOST)).astype(np.int8)
    start_us = NOW_US - days * DAY_US
    end_us = np.where(is_open, NOW_US, start_us + end * DAY_US).astype(np.int64)
    created_us = (start_us + born * DAY_US).astype(np.int64)
    return KnownLeads(NOW_US, np.arange(leads), created_us, end_us, state, np.full(leads, np.nan))


def without_the_closed(known: KnownLeads, before_us: int) -> KnownLeads:
    """As an export of the leads that are open or were closed since an instant."""
    return known.take((known.state == OPEN) | (known.end_us >= before_us))


def with_the_closed_open(known: KnownLeads, before_us: int) -> KnownLeads:
    """As an export whose decisions of before an instant are lost."""
    forgotten = known.end_us < before_us
    state = np.where(forgotten, OPEN, known.state).astype(np.int8)
    return replace(known, state=state, end_us=np.where(forgotten, NOW_US, known.end_us))


@pytest.mark.parametrize("export", [without_the_closed, with_the_closed_open])
@pytest.mark.parametrize("back", [45, 90, 180])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_export_that_begins_late_is_found(
    export: Callable[[KnownLeads, int], KnownLeads], back: int, seed: int
) -> None:
    begin_us = NOW_US - back * DAY_US
    recording = find_recording(export(funnel(seed=seed), begin_us))
    assert recording is not None
    assert 0 <= recording.from_us - begin_us < 5 * DAY_US, "the first win since then"
    assert recording.expected_before > 20


@pytest.mark.parametrize("closing", [exponential, after_60_days, at_quarter_ends])
@pytest.mark.parametrize("days", [100, 150, 250, 400])
@pytest.mark.parametrize("leads", [300, 3_000])
def test_a_whole_history_begins_with_its_leads(closing: Closing, days: int, leads: int) -> None:
    for seed in range(5):
        assert find_recording(funnel(closing, leads, days, seed)) is None


def test_a_few_early_wins_do_not_hide_the_beginning() -> None:
    """Tests, and dates that somebody typed in later."""
    begin_us = NOW_US - 90 * DAY_US
    known = without_the_closed(funnel(leads=6_000), begin_us)
    early = np.flatnonzero(known.created_us < begin_us - 60 * DAY_US)[:3]
    known.state[early], known.end_us[early] = WON, begin_us - np.array([50, 30, 10]) * DAY_US
    recording = find_recording(known)
    assert recording is not None
    assert recording.wins_before == 3
    assert abs(recording.from_us - begin_us) < 3 * DAY_US


def test_leads_without_closing_times_tell_nothing() -> None:
    known = without_the_closed(funnel(), NOW_US - 90 * DAY_US)
    assert find_recording(replace(known, undated=known.state != OPEN)) is None


def test_the_expectation_is_that_of_the_rates_by_age() -> None:
    """Day by day: each lead at risk before the first win, at the rate of its age."""
    known = without_the_closed(funnel(leads=1_500), NOW_US - 100 * DAY_US)
    recording = find_recording(known)
    assert recording is not None
    won = hazards(replace(known, recording=recording), 1e9).won
    expected = 0.0
    for created_us, end_us in zip(known.created_us.tolist(), known.end_us.tolist(), strict=True):
        days = max(min(recording.from_us, end_us) - created_us, 0) / DAY_US
        whole = int(days)
        rates = np.append(won, np.zeros(DAYS))  # no rate of an age is known that no lead has reached
        expected += float(rates[:whole].sum() + (days - whole) * rates[whole])
    assert recording.expected_before == pytest.approx(expected)


def test_the_warning_tells_the_day_and_both_counts() -> None:
    begin_us = NOW_US - 90 * DAY_US
    known = without_the_closed(funnel(), begin_us)
    recording = find_recording(known)
    assert recording is not None
    (warning,) = recording_warnings(replace(known, recording=recording))
    assert warning.code == "outcomes_begin_late"
    assert warning.detail.startswith(f"none of some {recording.expected_before:,.0f} wins")
    assert format_time(recording.from_us)[:10] in warning.detail
    whole = funnel()
    assert recording_warnings(replace(whole, recording=find_recording(whole))) == []


def test_known_leads_hold_the_beginning() -> None:
    """Two leads a day, won after 20 days; those closed in the first 120 of 180 days are missing, or count as open."""
    days = range(START_US, START_US + 180 * DAY_US, DAY_US // 2)
    begin_us, end_us = START_US + 120 * DAY_US, START_US + 180 * DAY_US

    def lead(created: int) -> Lead:
        won_us = created + 20 * DAY_US
        return Lead(created, decisions=[Decision(won_us, won_us, WON)] if won_us >= begin_us else [])

    leads = [lead(created) for created in days]
    known = known_leads(history_of(leads, end_us), end_us)
    assert known.recorded_from_us is not None
    assert 0 <= known.recorded_from_us - begin_us < 5 * DAY_US
    missing = known_leads(history_of([lead for lead in leads if lead.decisions], end_us), end_us)
    assert missing.recorded_from_us is None, "none of these could have been won earlier"
