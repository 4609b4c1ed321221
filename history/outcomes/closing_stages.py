"""Won and lost words among the stages: such an entry is an outcome at its time, and no stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np

from history.base.arrays import Flags, Ints, Mask
from history.base.warnings import Warning
from history.base.whole import Question
from history.config.config import FunnelConfig
from history.history import LOST, OPEN, WON, Factor, Outcomes, Stages, empty_factor, offsets_of
from history.text.outcome_words import match_key, outcome_of
from history.text.times import DAY_US

# Closing dates are typed by hand and stage entries are not, so the two of one decision are often some days apart.
SAME_DECISION_US: Final = 30 * DAY_US
NAMED_WORDS: Final = 5


@dataclass(frozen=True)
class Decided:
    """Stage entries without closing words, the outcomes with those entries, and the number of entries of each word."""

    stages: Stages
    outcomes: Outcomes
    words: Mapping[str, int] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """A warning if any entry had a closing word."""
        return closing_warnings(self.words)


def separate_closings(stages: Stages, outcomes: Outcomes, created_us: Ints, config: FunnelConfig) -> Decided:
    """Turns entries of won and lost stages into outcomes.

    An entry before its lead's creation, created_us (n,), counts at the creation. It adds no second decision if the
    table of outcomes has the same one within SAME_DECISION_US; it gives its time to an equal one that has none.
    """
    states = _states(stages.stage.values, config)
    if states is None:
        return Decided(stages, outcomes)
    state = np.append(states, np.int8(OPEN))[stages.stage.codes]
    closing = np.flatnonzero(state != OPEN)
    if not len(closing):
        return Decided(stages, outcomes)
    counts = np.bincount(stages.stage.codes[closing], minlength=len(stages.stage.values)).tolist()
    return Decided(
        _without(stages, state == OPEN),
        _with_entries(outcomes, _entries(stages, closing, state[closing], created_us)),
        {word: count for word, count in zip(stages.stage.values, counts, strict=True) if count},
    )


def is_closing(stage: str, config: FunnelConfig) -> bool:
    """True if entering this stage is a win or a loss."""
    return _states([stage], config) is not None


def _states(values: Sequence[str], config: FunnelConfig) -> Flags | None:
    return _states_of(tuple(values), config.stages, config.won_stages, config.lost_stages)


@lru_cache(maxsize=4096)
def _states_of(
    values: tuple[str, ...],
    stages: tuple[str, ...],
    won_stages: tuple[str, ...],
    lost_stages: tuple[str, ...],
) -> Flags | None:
    """WON, LOST or OPEN of each stage value (n,), None if all are open stages; configured words come first."""
    won, lost = {match_key(word) for word in won_stages}, {match_key(word) for word in lost_stages}
    open_words = {match_key(word) for word in stages}
    known = {**dict.fromkeys(open_words, OPEN), **dict.fromkeys(lost, LOST), **dict.fromkeys(won, WON)}
    usual = {"won": WON, "lost": LOST}
    keys = [match_key(value) for value in values]
    states = [known[key] if key in known else usual.get(outcome_of(key) or "", OPEN) for key in keys]
    return np.array(states, dtype=np.int8) if any(states) else None


def closing_warnings(words: Mapping[str, int]) -> tuple[Warning, ...]:
    """`closing_stages` for the entries of closing words; none without any."""
    if not words:
        return ()
    named = [f"{word!r} ({words[word]:,})" for word in sorted(words)[:NAMED_WORDS]]
    more = f" and {len(words) - NAMED_WORDS} more" if len(words) > NAMED_WORDS else ""
    detail = (
        f"{sum(words.values()):,} stage entries are outcomes at their time, and no stages: {', '.join(named)}{more}; "
        "won_stages and lost_stages of funnel.toml name such stages, stages names open ones"
    )
    return (Warning("closing_stages", "stages", detail),)


def _joined(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {word: one.get(word, 0) + other.get(word, 0) for word in (*one, *other)}


CLOSING_WORDS: Final = Question("entries of closing stages", _joined, closing_warnings)


def _without(stages: Stages, stays: Mask) -> Stages:
    lead = stages.lead[stays]
    return Stages(
        offsets_of(lead, len(stages.offsets) - 1),
        stages.time_us[stays],
        stages.known_us[stays],
        stages.stage.take(stays).compact(),
    )


def _entries(stages: Stages, closing: Ints, state: Flags, created_us: Ints) -> Outcomes:
    """The closing entries as outcomes of unknown amount."""
    lead = stages.lead[closing]
    time_us = np.maximum(stages.time_us[closing], created_us[lead])
    return Outcomes(
        offsets=offsets_of(lead, len(created_us)),
        time_us=time_us,
        known_us=np.maximum(stages.known_us[closing], time_us),
        state=state,
        amount=np.full(len(closing), np.nan),
        reason=empty_factor(len(closing)),
        implied=np.zeros(len(closing), dtype=np.bool_),
    )


def _with_entries(table: Outcomes, entries: Outcomes) -> Outcomes:
    """The rows of the table of outcomes and the entries, without those that repeat each other."""
    lead = np.concatenate([entries.lead, table.lead])
    time_us = np.concatenate([entries.time_us, table.time_us])
    known_us = np.concatenate([entries.known_us, table.known_us])
    state = np.concatenate([entries.state, table.state]).astype(np.int8)
    implied = np.concatenate([entries.implied, table.implied])
    amount = np.concatenate([entries.amount, table.amount])
    reason = np.concatenate([entries.reason.codes, table.reason.codes]).astype(np.int32)
    is_entry = np.arange(len(lead)) < len(entries.time_us)

    # An undated decision gives its amount and reason to the lead's last entry of its state, which has the time.
    stays = np.ones(len(lead), dtype=np.bool_)
    dated = {(lead[i], state[i]): i for i in np.flatnonzero(is_entry).tolist()}
    for row in np.flatnonzero(implied).tolist():
        entry = dated.get((lead[row], state[row]))
        if entry is not None:
            stays[row] = False
            amount[entry], reason[entry] = amount[row], reason[row]

    # Of one instant an entry comes before a row of the table, which decides.
    order = np.lexsort((~is_entry, known_us, time_us, lead))
    order = order[stays[order]]
    order = order[~_repeats_earlier(lead[order], state[order], is_entry[order])]
    order = order[~_repeats_table(lead[order], time_us[order], state[order], is_entry[order])]
    return Outcomes(
        offsets=offsets_of(lead[order], len(table.offsets) - 1),
        time_us=time_us[order],
        known_us=known_us[order],
        state=state[order],
        amount=amount[order],
        reason=Factor(reason[order], table.reason.values).compact(),
        implied=implied[order],
    )


def _repeats_earlier(lead: Ints, state: Flags, is_entry: Mask) -> Mask:
    """Entries (n,) that follow a decision of the same state."""
    repeated = np.zeros(len(lead), dtype=np.bool_)
    repeated[1:] = (lead[1:] == lead[:-1]) & (state[1:] == state[:-1]) & is_entry[1:]
    return repeated


def _repeats_table(lead: Ints, time_us: Ints, state: Flags, is_entry: Mask) -> Mask:
    """Entries (n,) whose next decision is a row of the table of the same state within SAME_DECISION_US."""
    repeated = np.zeros(len(lead), dtype=np.bool_)
    same = (lead[1:] == lead[:-1]) & (state[1:] == state[:-1])
    soon = np.diff(time_us) <= SAME_DECISION_US
    repeated[:-1] = same & soon & is_entry[:-1] & ~is_entry[1:]
    return repeated
