"""The leads as they stood at an instant, and since when their wins are recorded.

Many exports hold the open leads and those closed since some day, however old: leads closed before it are missing or
count as open. Before that day no lead could be won, so its days say nothing of how leads are won.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from funnel.hazards import hazards
from funnel.known_leads import KnownLeads, Recording
from history.base.arrays import Ints, Mask
from history.base.warnings import Warning
from history.bulk_creations import in_bulk
from history.history import OPEN, WON, History
from history.odd_creations import odd_creations
from history.outcomes.settled import is_undated
from history.snapshot import state_rows
from history.text.times import DAY_US, format_time

# Wins that the rates by age expect before the first day; fewer may fail to come by chance.
LEAST_EXPECTED = 20.0
MOST_RECORDED = 0.1  # of the expected wins: tests and a few dates typed in later
# Times the longest later pause between wins: deals booked once a quarter leave long pauses.
LEAST_PAUSES = 3.0
# Days since then that say something of later pauses: a share of the days before, or so many.
LEAST_RECORDED, ENOUGH_DAYS = 0.25, 30
# Candidates: the instants of these wins.
EARLY_WINS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610)
FEWEST_WINS = 20
ROUNDS = 4  # the rates are learned again from each found day on
NO_DECAY_DAYS = 1e9


def known_leads(history: History, as_of_us: int) -> KnownLeads:
    """The leads as they stood at as_of_us, which may lie before history.as_of_us."""
    known_us = history.created_us if history.lead_known_us is None else history.lead_known_us
    lead = np.flatnonzero(known_us <= as_of_us).astype(np.int64)
    decisions = history.decisions
    row = state_rows(decisions, lead, np.full(len(lead), as_of_us, dtype=np.int64))

    state = np.full(len(lead), OPEN, dtype=np.int8)
    has_outcome = row >= 0
    state[has_outcome] = decisions.state[row[has_outcome]]

    end_us = np.full(len(lead), as_of_us, dtype=np.int64)
    decided = state != OPEN
    end_us[decided] = decisions.time_us[row[decided]]

    amount = np.full(len(lead), np.nan)
    won = state == WON
    amount[won] = decisions.amount[row[won]]

    undated = np.zeros(len(lead), dtype=np.bool_)
    undated[decided] = is_undated(decisions, history.created_us)[row[decided]]
    known = KnownLeads(as_of_us, lead, history.created_us[lead], end_us, state, amount, undated)
    return replace(known, recording=find_recording(known))


def find_recording(known: KnownLeads) -> Recording | None:
    """Since when wins are recorded, if far fewer are than were to be expected before; None for the whole history.

    Expected by the rates by age of later days (Aalen and Johansen 1978, with leads at risk from that instant on). Of
    the early wins that may be the first, the likeliest: wins are Poisson at one share of the rates before it and
    another after it.
    """
    if not known.has_timing:
        return None
    dated = replace(known.take(_is_dated(known)), recording=None)
    closed_us = np.sort(dated.end_us[dated.won])
    if len(closed_us) < FEWEST_WINS:
        return None
    candidates = list(_candidates(closed_us, int(dated.created_us.min()), known.as_of_us))
    found = None
    for _ in range(ROUNDS if candidates else 0):
        last, found = found, _likeliest(dated, closed_us, candidates)
        if found is None or found == last:
            break
        dated = replace(dated, recording=found)
    return found


def recording_warnings(known: KnownLeads) -> list[Warning]:
    """`outcomes_begin_late` if wins are recorded from some instant on only."""
    recording = known.recording
    if recording is None:
        return []
    before = f"{recording.wins_before:,}" if recording.wins_before else "none"
    day = format_time(recording.from_us)[:10]
    text = (
        f"{before} of some {recording.expected_before:,.0f} wins that were to be expected before {day}, by the ages of "
        "leads, are recorded, as if leads closed earlier were not exported: rates of the leads created before are too "
        "low, and training leaves out rows whose horizon ends before that day, unless too few wins would be left"
    )
    return [Warning("outcomes_begin_late", "outcomes", text)]


def _is_dated(known: KnownLeads) -> Mask:
    """Leads whose age is known."""
    return ~in_bulk(known.created_us) & ~odd_creations(known.created_us)


def _candidates(closed_us: Ints, first_us: int, end_us: int) -> Iterator[int]:
    """Numbers of early wins that follow a pause far longer than any later one. closed_us: of the wins, in order."""
    pauses = np.diff(closed_us, append=end_us)
    longest = np.maximum.accumulate(pauses[::-1])[::-1]  # from each win on
    for early in EARLY_WINS:
        if early > len(closed_us) // 2:
            return
        before_us = closed_us[early] - first_us
        is_recorded = end_us - closed_us[early] >= min(LEAST_RECORDED * before_us, ENOUGH_DAYS * DAY_US)
        if is_recorded and before_us >= LEAST_PAUSES * longest[early]:
            yield early


def _likeliest(known: KnownLeads, closed_us: Ints, candidates: Sequence[int]) -> Recording | None:
    """The likeliest of the candidates before which far more wins were to be expected; None without any."""
    cumulated = np.concatenate(([0.0], np.cumsum(hazards(known, NO_DECAY_DAYS).won)))

    def expected(until_us: int) -> float:
        age = (np.minimum(until_us, known.end_us) - known.created_us) / DAY_US
        return float(np.interp(age[age > 0], np.arange(len(cumulated)), cumulated).sum())

    total, wins = expected(known.as_of_us), len(closed_us)
    best, likeliest = -np.inf, None
    for early in candidates:
        before = expected(int(closed_us[early]))
        if before < LEAST_EXPECTED or early > MOST_RECORDED * before:
            continue
        likelihood = _poisson(early, before) + _poisson(wins - early, max(total - before, 1e-9))
        if likelihood > best:
            best, likeliest = likelihood, Recording(int(closed_us[early]), early, before)
    return likeliest


def _poisson(count: int, expected: float) -> float:
    """Log-likelihood of a count at its own rate, but for terms that are equal for all rates."""
    return count * float(np.log(count / expected)) if count else 0.0
