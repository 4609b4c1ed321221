"""Tests of equality: does a column hold the closing date, cycle time, amount, word or reason of the outcome itself?"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from features.attributes.parsing import boolean, canonical
from features.calendar import local_us
from history.base.arrays import Floats, Ints, Mask
from history.config.config import FunnelConfig
from history.history import LOST, OPEN, WON
from history.text.folding import folded
from history.text.outcome_words import OutcomeWords, match_key, state_of
from history.text.times import DAY_US
from history.text.values import LARGEST_NUMBER
from training.audit.checks.agreement import Agreement, Pair, agreement_of, largest_share
from training.audit.checks.closing_period import closing_period
from training.audit.checks.names import suspicious_words
from training.audit.columns import NO_MOMENT, Column
from training.audit.evidence import STRONG, WEAK, Evidence
from training.audit.leads import LeadStates

# Equality is sharper than a rate, so fewer decided leads with both facts do than elsewhere.
MIN_COMPARED: Final = 20
MIN_SIDE: Final = 5  # won leads, and lost ones
# Of simulated plans, one with a normal error of a day agrees on 60 % of leads, of half a day on 80 %.
AGREES_ON_BOTH: Final = 0.8  # of the won and of the lost leads: no plan is kept that exactly by losses
AGREES_ON_PERIOD: Final = 0.98  # of either side: a plan with an error of two days keeps its quarter on 96 %
AGREES_ON_ONE: Final = 0.95  # of the won leads alone: more than any plan made before
AGREES_OFTEN: Final = 0.5  # of the lost leads: a reason to look
MOST_OF_ONE_LAG: Final = 0.8  # a date at one lag from the creation was known there: the end of a trial
MOST_BY_CHANCE: Final = 0.5  # of values agree with another lead's fact: the facts hardly differ
MIN_AMOUNTS: Final = 10  # distinct ones: fewer are a list of prices
SAME_FACTOR: Final = 0.005  # rounding
RARER_ELSEWHERE: Final = 0.5  # fill rate on other leads, relative to won ones
ROUNDNESS_GAP: Final = 0.3  # between won and open leads: estimates are round, final amounts are not
UNITS_OF_DURATION: Final = (1.0, 24.0, 1440.0, 86_400.0, 86_400_000.0)  # a day in days, hours, minutes, s, ms


def same_fact(column: Column, leads: LeadStates, config: FunnelConfig) -> Evidence | None:
    """Evidence that a column repeats a field of the outcome; the first that holds of date, duration, amount, words."""
    if np.count_nonzero(leads.decided & column.filled) < MIN_COMPARED:
        return None
    return (
        closing_date(column, leads, config)
        or period_of_closing(column, leads, config)
        or cycle_time(column, leads)
        or final_amount(column, leads)
        or outcome_word(column, leads, config)
        or outcome_reason(column, leads)
    )


# ---- dates and durations


def closing_date(column: Column, leads: LeadStates, config: FunnelConfig) -> Evidence | None:
    """A date of the closing's day, or of the day before or after it by another time zone.

    Leads that close on the day of their creation are not compared: there the date may be the creation's.
    """
    if column.moment_us is None:
        return None
    day, closed, created = (
        local_us(us, config.zone) // DAY_US for us in (column.moment_us, leads.closed_us, leads.created_us)
    )
    has_date = column.moment_us != NO_MOMENT
    compared = leads.decided & ~leads.implied & has_date & (closed != created)
    if not compared.any() or largest_share((day - created)[compared]) > MOST_OF_ONE_LAG:
        return None
    tests = [lambda a, b, shift=shift: (a == b) | (a == b + shift) for shift in (1, -1)]
    agreement = max((agreement_of(leads, compared, Pair(day, closed), test) for test in tests), key=_share)
    return _graded(agreement, "its date is the day of the closing, or the next by another time zone,")


def period_of_closing(column: Column, leads: LeadStates, config: FunnelConfig) -> Evidence | None:
    """A month, quarter or week that is that of the closing, for won and lost leads alike."""
    found = closing_period(column, leads, config)
    if found is None:
        return None
    unit, agreement = found
    if agreement.n < MIN_COMPARED or min(agreement.n_won, agreement.n_lost) < MIN_SIDE:
        return None
    if min(agreement.won, agreement.lost) < AGREES_ON_PERIOD or agreement.by_chance > MOST_BY_CHANCE:
        return None
    return _evidence(STRONG, agreement, f"its {unit} is that of the closing")


def cycle_time(column: Column, leads: LeadStates) -> Evidence | None:
    """A number of days, hours, minutes, seconds or milliseconds that is the time from creation to closing."""
    if column.numbers is None:
        return None
    days = (leads.closed_us - leads.created_us) / DAY_US
    compared = leads.decided & ~leads.implied & ~np.isnan(column.numbers) & (days >= 1)
    if not compared.any():
        return None
    pairs = [Pair(column.numbers / unit, days) for unit in UNITS_OF_DURATION]
    agreement = max((agreement_of(leads, compared, pair, _within_a_day) for pair in pairs), key=_share)
    return _graded(agreement, "its number is the time from the creation to the closing")


def _within_a_day(values: Floats, days: Floats) -> Mask:
    return np.asarray(np.abs(values - days) <= 1.0)


def _share(agreement: Agreement) -> float:
    return agreement.share


def _graded(agreement: Agreement, fact: str) -> Evidence | None:
    grade = _grade(agreement)
    return None if grade is None else _evidence(grade, agreement, fact)


def _grade(agreement: Agreement) -> int | None:
    both_sides = min(agreement.n_won, agreement.n_lost) >= MIN_SIDE
    if agreement.n < MIN_COMPARED or agreement.by_chance > MOST_BY_CHANCE:
        return None
    if both_sides and min(agreement.won, agreement.lost) >= AGREES_ON_BOTH:
        return STRONG
    if agreement.n_won >= MIN_COMPARED and agreement.won >= AGREES_ON_ONE:
        return STRONG
    if agreement.n_lost >= MIN_COMPARED and agreement.lost >= AGREES_OFTEN:
        return WEAK
    return None


# ---- amounts


def final_amount(column: Column, leads: LeadStates) -> Evidence | None:
    """The final amount of won leads, up to rounding and one factor for all, such as a tax or another currency.

    Strong where other leads lack it or have round estimates instead. A column that all leads have alike, such as the
    amount that a loan is asked for, may be known from the start and still be what is paid in the end.
    """
    values = column.numbers
    if values is None:
        return None
    compared = leads.won & ~np.isnan(values) & (np.abs(leads.amount) < LARGEST_NUMBER) & (leads.amount > 0)
    if np.count_nonzero(compared) < MIN_COMPARED:
        return None
    factor = float(np.median(values[compared] / leads.amount[compared]))
    if factor <= 0:
        return None
    is_same = abs(factor - 1) <= SAME_FACTOR
    same_unit = (
        values if is_same else np.round(values / factor, 1)
    )  # the factor of rounded numbers is not exact
    agreement = agreement_of(leads, compared, Pair(same_unit, leads.amount), _equal_but_for_rounding)
    if agreement.n_won < MIN_COMPARED or agreement.won < AGREES_ON_ONE:
        return None
    if agreement.by_chance > MOST_BY_CHANCE or len(np.unique(leads.amount[compared])) < MIN_AMOUNTS:
        return None

    filled = ~np.isnan(values) & (values != 0)
    others = ~leads.decided if np.count_nonzero(~leads.decided) >= MIN_COMPARED else leads.lost
    n_others = np.count_nonzero(others)
    fact = (
        "its number is the final amount" if is_same else f"its number is {factor:.4g} times the final amount"
    )
    if n_others < MIN_COMPARED:
        return _evidence(WEAK, agreement, fact)
    rate_won, rate_others = float(filled[leads.won].mean()), float(filled[others].mean())
    is_rarer = rate_others <= RARER_ELSEWHERE * rate_won
    is_rounder = (
        np.count_nonzero(others & filled) >= MIN_COMPARED
        and _roundness(same_unit[others & filled]) - _roundness(same_unit[compared]) > ROUNDNESS_GAP
    )
    if not (is_rarer or is_rounder):
        return _evidence(WEAK, agreement, f"{fact} (the others have a value as exact, maybe from the start)")
    elsewhere = f"{rate_others:.0%} of the others have a value" if is_rarer else "others have round estimates"
    return _evidence(STRONG, agreement, f"{fact} ({elsewhere})")


def _equal_but_for_rounding(values: Floats, amounts: Floats) -> Mask:
    return np.asarray(np.abs(values - amounts) <= np.maximum(0.5, 0.005 * amounts))


def _roundness(values: Floats) -> float:
    """Share of the numbers (n,) that have at most two digits before zeros: 25, 7,000, 120,000."""
    exponent = np.floor(np.log10(np.maximum(np.abs(values), 1e-9)))
    digits = values / np.power(10.0, np.maximum(exponent - 1, 0))
    return float(np.isclose(digits, np.round(digits), rtol=0, atol=1e-9).mean())


# ---- words


def outcome_word(column: Column, leads: LeadStates, config: FunnelConfig) -> Evidence | None:
    """Words for won and lost, the usual ones or funnel.toml's, that agree with the outcome.

    Truth values count as such words if the column's name speaks of the closing: is_won, converted.
    """
    states = _states_of_texts(column, config)
    if states is None:
        return None
    state = states[column.factor.codes]
    compared = leads.decided & (state != OPEN)
    agreement = agreement_of(leads, compared, Pair(state, leads.state), np.equal)
    sides = [float(compared[side].mean()) if side.any() else 0.0 for side in (leads.won, leads.lost)]
    if agreement.n < MIN_COMPARED or agreement.share < AGREES_ON_ONE or max(sides) < AGREES_OFTEN:
        return None
    # Words that most open leads have too mean something else; false is the value of open leads in a column "is won".
    misplaced = np.count_nonzero((state == WON) & ~leads.decided)
    if misplaced > AGREES_OFTEN * np.count_nonzero(~leads.decided):
        return None
    return _evidence(STRONG, agreement, "its words are the outcome")


def _states_of_texts(column: Column, config: FunnelConfig) -> Ints | None:
    """The state that each text of the column names (texts + 1,), OPEN for none; None if none names one."""
    own: Mapping[str, int] = {
        **{match_key(word): WON for word in config.won_stages},
        **{match_key(word): LOST for word in config.lost_stages},
    }
    names_closing = suspicious_words(column.name) is not None
    states = [
        _state_of(canonical(text), config.outcome_words, own, names_closing) for text in column.factor.values
    ]
    if not any(states):
        return None
    return np.array([*states, OPEN], dtype=np.int64)


def _state_of(text: str, words: OutcomeWords, own: Mapping[str, int], names_closing: bool) -> int:
    state = {"won": WON, "lost": LOST}.get(state_of(text, words) or "", OPEN)
    if state == OPEN:
        state = own.get(match_key(text), OPEN)
    if state == OPEN and names_closing:
        return {1.0: WON, 0.0: LOST}.get(boolean(text), OPEN)
    return state


def outcome_reason(column: Column, leads: LeadStates) -> Evidence | None:
    """The reason of the outcome, by folded texts."""
    ours, theirs = _folded_codes(column.factor.values, leads.reason.values)
    mine, reason = ours[column.factor.codes], theirs[leads.reason.codes]
    compared = leads.decided & (mine >= 0) & (reason >= 0)
    agreement = agreement_of(leads, compared, Pair(mine, reason), np.equal)
    if agreement.n < MIN_COMPARED or agreement.share < AGREES_ON_BOTH:
        return None
    if len(np.unique(reason[compared])) < 2:
        return None
    return _evidence(STRONG, agreement, "its text is the reason of the outcome")


def _folded_codes(*lists: Sequence[str]) -> list[Ints]:
    """Codes of texts over their common folded forms, -1 at the end of each list for a missing text."""
    place: dict[str, int] = {}
    return [
        np.array([*(place.setdefault(folded(text), len(place)) for text in texts), -1], dtype=np.int64)
        for texts in lists
    ]


# ---- evidence


def _evidence(grade: int, agreement: Agreement, fact: str) -> Evidence:
    sides = [
        f"{share:.0%} of {n} {name}"
        for share, n, name in (
            (agreement.won, agreement.n_won, "won"),
            (agreement.lost, agreement.n_lost, "lost"),
        )
        if n
    ]
    return Evidence(
        grade,
        f"{fact} on {' and '.join(sides)} leads",
        {
            "same_won": agreement.won,
            "same_lost": agreement.lost,
            "compared": float(agreement.n),
        },
    )
