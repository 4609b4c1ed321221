"""History and its tables: flat arrays whose rows are grouped by lead through offsets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from history.base.arrays import Codes, Flags, Floats, Ints, Mask
from history.base.warnings import Warning
from history.config import schema
from history.config.config import FunnelConfig
from history.lead_sample import LeadSample
from history.text.outcome_words import NO_WORDS, OutcomeWords, state_of

OPEN, WON, LOST, GONE = 0, 1, 2, 3  # Outcomes.state and history.snapshot.state_at
NO_DIRECTION, INBOUND, OUTBOUND = 0, 1, 2  # Interactions.direction
STATES: Final[Mapping[str, int]] = dict(zip(schema.OUTCOMES, (OPEN, WON, LOST, GONE), strict=True))
DIRECTIONS: Final[Mapping[str, int]] = dict(zip(schema.DIRECTIONS, (INBOUND, OUTBOUND), strict=True))


def state_of_word(word: str, own: OutcomeWords = NO_WORDS) -> int:
    """The state that an outcome's word stands for, by `own` and the usual words; KeyError for any other word."""
    state = None if own else STATES.get(word)
    return STATES[state_of(word, own) or word] if state is None else state


@dataclass(frozen=True)
class Factor:
    """n texts as codes (n,) into `values`; -1 is missing. Two codes never stand for the same text."""

    codes: Codes
    values: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, index: npt.NDArray[np.generic] | slice) -> "Factor":
        """The rows of `index` (positions, a mask or a slice), over the same values."""
        return Factor(self.codes[index], self.values)

    def compact(self) -> "Factor":
        """The same texts over the values in use, in sorted order: equal content gives equal codes."""
        used = np.flatnonzero(np.bincount(self.codes[self.codes >= 0], minlength=len(self.values)))
        order = sorted(used.tolist(), key=self.values.__getitem__)
        recode = np.full(len(self.values) + 1, -1, dtype=np.int32)
        recode[order] = np.arange(len(order), dtype=np.int32)
        return Factor(recode[self.codes], [self.values[i] for i in order])

    def and_then(self, other: "Factor") -> "Factor":
        """The texts of both, one after the other, over their sorted values."""
        values = sorted({*self.values, *other.values})
        code = {text: i for i, text in enumerate(values)}
        recoded = [
            np.array([*(code[text] for text in factor.values), -1], dtype=np.int32)[factor.codes]
            for factor in (self, other)
        ]
        return Factor(np.concatenate(recoded), values)

    def text(self, row: int) -> str | None:
        code = int(self.codes[row])
        return None if code < 0 else self.values[code]


def empty_factor(n: int = 0) -> Factor:
    return Factor(np.full(n, -1, dtype=np.int32), ())


def factor_of(texts: Sequence[str | None]) -> Factor:
    """The texts over their sorted distinct values; None and texts of blanks alone are missing."""
    code: dict[str | None, int] = dict.fromkeys(texts, -1)
    distinct = sorted(text for text in code if text and not text.isspace())
    if not distinct:
        return empty_factor(len(texts))
    code.update(zip(distinct, range(len(distinct)), strict=True))
    return Factor(np.fromiter(map(code.__getitem__, texts), np.int32, len(texts)), distinct)


def offsets_of(lead: Ints, n_leads: int) -> Ints:
    """Offsets (n_leads + 1,) of rows that are grouped by lead (n,)."""
    return np.concatenate(([0], np.cumsum(np.bincount(lead, minlength=n_leads)))).astype(np.int64)


@dataclass(frozen=True)
class Log:
    """Rows grouped by lead: those of lead i are offsets[i]:offsets[i + 1], ordered by time_us, ties in file order.

    known_us (m,) is the later of a row's own time and recorded_at: a row is visible at T if known_us <= T, so
    time_us <= T too.
    """

    offsets: Ints
    time_us: Ints
    known_us: Ints

    @property
    def lead(self) -> Ints:
        """The index of each row's lead (m,); computed at each call."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


@dataclass(frozen=True)
class Interactions(Log):
    """Dated touches. Of rows with the same interaction_id within a lead only the one known first is kept."""

    kind: Factor
    channel: Factor
    direction: Flags
    value: Floats
    ids: Sequence[str | None] | None = None  # interaction_id of each row, kept for export only


@dataclass(frozen=True)
class Stages(Log):
    """Stage entries."""

    stage: Factor


@dataclass(frozen=True)
class Outcomes(Log):
    """Decisions; time_us is closed_at, given or implied, and ties are ordered by known_us, then as in the file.

    state is OPEN, WON, LOST or GONE; amount is NaN if unknown; implied marks closing times that no column gave.
    Histories of folders and whole stores have no lead that is gone; those of requests and of single stored leads may.
    """

    state: Flags
    amount: Floats
    reason: Factor
    implied: Mask


@dataclass(frozen=True)
class Changes(Log):
    """Attribute changes; a missing value clears the attribute."""

    attribute: Factor
    value: Factor


def no_interactions(n_leads: int) -> Interactions:
    """The log of leads without an interaction."""
    none, offsets = np.zeros(0, dtype=np.int64), np.zeros(n_leads + 1, dtype=np.int64)
    return Interactions(
        offsets, none, none, empty_factor(), empty_factor(), none.astype(np.int8), none.astype(np.float64)
    )


def no_stages(n_leads: int) -> Stages:
    """The log of leads without a stage entry."""
    none = np.zeros(0, dtype=np.int64)
    return Stages(np.zeros(n_leads + 1, dtype=np.int64), none, none, empty_factor())


def no_outcomes(n_leads: int) -> Outcomes:
    """The log of leads without a decision."""
    none, offsets = np.zeros(0, dtype=np.int64), np.zeros(n_leads + 1, dtype=np.int64)
    amount = none.astype(np.float64)
    return Outcomes(offsets, none, none, none.astype(np.int8), amount, empty_factor(), none.astype(np.bool_))


def no_changes(n_leads: int) -> Changes:
    """The log of leads whose attributes never changed."""
    none = np.zeros(0, dtype=np.int64)
    return Changes(np.zeros(n_leads + 1, dtype=np.int64), none, none, empty_factor(), empty_factor())


@dataclass(frozen=True)
class Costs:
    """Money spent per period [start_us, end_us), by channel and source where given."""

    start_us: Ints
    end_us: Ints
    amount: Floats
    channel: Factor
    source: Factor


@dataclass(frozen=True)
class Rejected:
    """Rows of one table that break one rule: how many, and the first ones as readable text.

    column: the tested one, "" for none; value: the commonest text of these rows in it.
    """

    rule: str
    count: int
    first: tuple[str, ...]
    column: str = ""
    value: str = ""


@dataclass(frozen=True)
class TableReport:
    """Rows read of one table, and those rejected or flagged by each rule."""

    rows: int
    rejected: tuple[Rejected, ...] = ()
    flagged: tuple[Rejected, ...] = ()  # kept, such as rows before the lead's creation


@dataclass(frozen=True)
class History:
    """All validated rows of n leads that are visible at as_of_us, under one configuration.

    attributes maps a name (owner, account_id and source among them) to its value at creation as text, one a lead.
    Numbers, dates and booleans stay text here: features.attributes.parsing reads them by kind, equally from files and
    requests. lead_known_us (n,) is the later of created_at and recorded_at, None if the table of leads has no
    recorded_at: a lead exists at T if it is <= T. warnings: of what was read otherwise than it is written. settled:
    the outcomes with one more row for each lead that is decided from the end of the data on by a row without a time, or
    dated after that end; None without any. knows_accounts: the other leads of an account are here too; False for the
    leads of requests, which know nothing of one another. sample: of which leads these are a sample, if they are one.
    """

    config: FunnelConfig
    as_of_us: int
    lead_ids: Sequence[str]
    created_us: Ints
    attributes: dict[str, Factor]
    interactions: Interactions
    stages: Stages
    outcomes: Outcomes
    changes: Changes
    costs: Costs | None = None
    reports: dict[str, TableReport] = field(default_factory=dict)
    lead_known_us: Ints | None = None
    warnings: tuple[Warning, ...] = ()
    settled: Outcomes | None = None
    knows_accounts: bool = True
    sample: LeadSample | None = None

    def __len__(self) -> int:
        return len(self.lead_ids)

    @property
    def decisions(self) -> Outcomes:
        """What decides the state of a lead; labels and backtests, which need the time too, read `outcomes`."""
        return self.outcomes if self.settled is None else self.settled


class FirstEntries(NamedTuple):
    """First entries of leads into one stage, and the sum of their ranks."""

    leads: int
    ranks: float


def stage_order(stages: Stages) -> tuple[str, ...]:
    """Stages by their mean rank of first entry over the leads that entered them, earliest first; ties by name.

    A lead's rank of a stage counts the distinct stages that it entered before: 0 for its first. Stages that it entered
    at one instant, and that became known at one, share their mean rank: the order of rows in a file tells nothing.
    """
    return by_mean_rank(first_entries(stages))


def by_mean_rank(entries: Mapping[str, FirstEntries]) -> tuple[str, ...]:
    """The stages in the order of `stage_order`."""

    def key(name: str) -> tuple[float, str, str]:
        return entries[name].ranks / entries[name].leads, name.casefold(), name

    return tuple(sorted(entries, key=key))


def first_entries(stages: Stages) -> dict[str, FirstEntries]:
    """The first entries of each stage that a lead entered; their sums of ranks are exact, in halves."""
    n_stages = len(stages.stage.values)
    if not n_stages:
        return {}
    lead = stages.lead
    entry = lead * n_stages + stages.stage.codes
    _, first = np.unique(entry, return_index=True)
    first.sort()
    firsts_of = np.bincount(lead[first], minlength=len(stages.offsets) - 1)
    rank = np.arange(len(first)) - np.repeat(np.cumsum(firsts_of) - firsts_of, firsts_of)
    shared = _shared_ranks(rank, (lead[first], stages.time_us[first], stages.known_us[first]))
    codes = stages.stage.codes[first]
    count = np.bincount(codes, minlength=n_stages)
    total = np.bincount(codes, weights=shared, minlength=n_stages)
    return {
        name: FirstEntries(int(count[code]), float(total[code]))
        for code, name in enumerate(stages.stage.values)
        if count[code]
    }


def _shared_ranks(rank: Ints, keys: tuple[Ints, ...]) -> Floats:
    """The mean rank of the rows (n,) with equal keys that follow each other."""
    is_new = np.ones(len(rank), dtype=np.bool_)
    is_new[1:] = np.logical_or.reduce([np.diff(key) != 0 for key in keys])
    group = np.cumsum(is_new) - 1
    return np.asarray((np.bincount(group, weights=rank) / np.bincount(group))[group])
