"""Factors of the drop-off: values of attributes as a lead enters a stage, and touches in its first days there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from features.attributes.entries import text_at
from features.attributes.identity import is_account
from features.attributes.kinds import hints_of, infer
from features.attributes.parsing import DATE, NUMBER, number
from funnel.columns import known_columns
from funnel.records import Record
from funnel.state.leads.assignments import OWNER
from funnel.state.leads.rows import rows_until
from funnel.state.leaks.comparisons import FEWEST
from history.base.arrays import Floats, Ints, Mask
from history.history import INBOUND, OUTBOUND, History
from history.text.times import DAY_US

MAX_VALUES = 30  # values of a column, the most frequent ones
MAX_KINDS = 30
LANDMARK_DAYS = 7  # touches of the first days, of visits that lasted as long: a longer stay has more touches
SAMPLED = 2_000  # texts that tell whether a column holds numbers
MISSING = "(none)"
ATTRIBUTE, INTERACTION, DIRECTION = "attribute", "interaction", "direction"
IS, ABOVE = "is", "above"


@dataclass(frozen=True)
class StageVisits:
    """v visits of stages, columns (v,). lost: the lead was lost from there; is_timed: the length is known."""

    lead: Ints
    place: Ints
    begin_us: Ints
    end_us: Ints
    lost: Mask
    is_timed: Mask

    def __len__(self) -> int:
        return len(self.lead)

    def lasting(self, days: int) -> "StageVisits":
        """The visits of at least so many days."""
        is_long = self.is_timed & (self.end_us - self.begin_us >= days * DAY_US)
        return StageVisits(**{name: column[is_long] for name, column in vars(self).items()})


@dataclass(frozen=True)
class Factor:
    """A property by which visits (v,) are told apart.

    of: attribute, interaction (a kind) or direction; name: of the column, kind or direction; relation and value: of an
    attribute. marked: visits with it; known: visits of which it is known.
    """

    of: str
    name: str
    relation: str | None
    value: str | float | None
    marked: Mask
    known: Mask

    @property
    def words(self) -> str:
        if self.of == ATTRIBUTE:
            if self.relation == ABOVE:
                return f"{self.name} above {self.value:g}"
            return f"{self.name} {MISSING if self.value is None else self.value}"
        touch = f"an {self.name} touch" if self.of == DIRECTION else self.name
        return f"{touch} in their first {LANDMARK_DAYS} days there"

    def to_record(self) -> Record:
        return {"of": self.of, "name": self.name, "relation": self.relation, "value": self.value}


def attribute_factors(
    history: History, visits: StageVisits, columns: Sequence[str] | None
) -> Iterator[Factor]:
    """Values of attributes when the visit began: of a number, those above the median; else each frequent value.

    Dates are left out. Of a column with two values one is compared.
    """
    for name in columns_of_interest(history) if columns is None else columns:
        text = text_at(history, name, visits.lead, visits.begin_us)
        used = np.bincount(text.codes + 1, minlength=len(text.values) + 1)
        values = _numbers(text.values, used[1:], history)
        if values is not None:
            yield from _above_median(name, np.append(values, np.nan)[text.codes])
            continue
        frequent = [code for code in np.argsort(-used, kind="stable").tolist() if used[code] >= FEWEST]
        # The complement of the only other value is the same test.
        complete = len(frequent) == 2 and used[frequent].sum() == len(visits)
        everything = np.ones(len(visits), dtype=np.bool_)
        for code in frequent[: 1 if complete else MAX_VALUES]:
            value = None if code == 0 else text.values[code - 1]
            yield Factor(ATTRIBUTE, name, IS, value, np.asarray(text.codes == code - 1), everything)


def columns_of_interest(history: History) -> list[str]:
    """The columns of leads that may be set beside losses."""
    config = history.config
    left_out = {*config.identity, *config.ignore, *config.sensitive, OWNER}
    return [name for name in known_columns(history) if name not in left_out and not is_account(name)]


def _numbers(texts: Sequence[str], used: Ints, history: History) -> Floats | None:
    """The numbers (texts,) of a column of numbers; nothing but NaN for dates; None for other columns."""
    places = np.flatnonzero(used)
    if not len(places):
        return None
    sample = places[:: max(1, len(places) // SAMPLED)]
    reading = infer(
        [texts[i] for i in sample.tolist()], used[sample], history.config.zone, hints_of(history.config)
    )
    values = np.full(len(texts), np.nan)
    if reading.kind == NUMBER:
        values[places] = [number(texts[i], reading.form) for i in places.tolist()]
    return values if reading.kind in (NUMBER, DATE) else None


def _above_median(name: str, values: Floats) -> Iterator[Factor]:
    known = np.isfinite(values)
    if not known.any():
        return
    median = float(np.median(values[known]))
    yield Factor(ATTRIBUTE, name, ABOVE, median, np.asarray(values > median), known)


def touch_factors(history: History, visits: StageVisits) -> Iterator[Factor]:
    """Whether the first LANDMARK_DAYS of a visit saw an interaction of a kind, or of a direction."""
    log = history.interactions
    everything = np.ones(len(visits), dtype=np.bool_)
    if not len(log.time_us) or not len(visits):
        return
    start = rows_until(log.offsets, log.time_us, visits.lead, visits.begin_us)
    end = rows_until(log.offsets, log.time_us, visits.lead, visits.begin_us + LANDMARK_DAYS * DAY_US)

    def had(rows: Mask) -> Mask:
        before = np.concatenate(([0], np.cumsum(rows)))
        return np.asarray(before[end] > before[start])

    count = np.bincount(log.kind.codes[log.kind.codes >= 0], minlength=len(log.kind.values))
    for code in islice((c for c in np.argsort(-count, kind="stable").tolist() if count[c]), MAX_KINDS):
        marked = had(log.kind.codes == code)
        yield Factor(INTERACTION, log.kind.values[code], None, None, marked, everything)
    for name, direction in (("inbound", INBOUND), ("outbound", OUTBOUND)):
        yield Factor(DIRECTION, name, None, None, had(log.direction == direction), everything)
