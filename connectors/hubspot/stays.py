"""The columns that HubSpot keeps for each stage: when a record last entered and left it, and how long it was there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.hubspot.objects import STAGE_COLUMN
from connectors.hubspot.portal import Portal
from connectors.reading.export import column
from connectors.reading.recognise import key_of
from connectors.reading.values import POINT, read_numbers
from history.base.arrays import Floats

Instants = npt.NDArray[np.int64]
ENTERED, EXITED, LATEST, TOTAL = "date_entered", "date_exited", "latest_time_in", "cumulative_time_in"
# 127:05:09 or 5:07:05:09, as a list or a workbook shows a duration.
CLOCK: Final = r"^(?:(?P<days>[0-9]+):)?(?P<hours>[0-9]+):(?P<minutes>[0-5]?[0-9]):(?P<seconds>[0-5]?[0-9])$"
SECOND: Final = 1_000_000.0  # microseconds
# Of a number: milliseconds in the API, other units where a report or a workbook has converted them.
UNITS: Final = (1_000.0, SECOND, 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND)
LEAST_US: Final = 120 * SECOND  # shorter stays do not tell the unit: times of a list are in minutes


@dataclass(frozen=True)
class Stays:
    """Of each lead and stage (n, k): the latest entry and exit, NO_TIME if there is none; how long the latest finished
    stay was and all of them together, in microseconds, NaN if unknown. stages (k,): names as the columns have them.
    """

    stages: Sequence[str]
    entered: Instants
    exited: Instants
    latest: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]


@dataclass(frozen=True)
class _StageColumn:
    name: str
    what: str
    stage: str
    is_second: bool  # the second version of these properties comes before the first

    @property
    def is_used(self) -> bool:
        """hs_v2_date_entered_current_stage is no stage of its own."""
        return not key_of(self.stage).startswith("currentstage")


def stage_columns(names: Sequence[str]) -> list[str]:
    """The columns that `read_stays` reads."""
    return [read.name for read in map(_parsed, names) if read is not None and read.is_used]


def read_stays(portal: Portal) -> Stays:
    """The stays of the leads by their columns of stages; a cell that cannot be read is noted and counts as empty."""
    read = [parsed for parsed in map(_parsed, portal.table.column_names) if parsed and parsed.is_used]
    stages = list(dict.fromkeys(parsed.stage for parsed in read))
    shape = (len(portal), len(stages))
    times = {name: np.full(shape, NO_TIME, dtype=np.int64) for name in (ENTERED, EXITED)}
    spans = {name: np.full(shape, np.nan) for name in (LATEST, TOTAL)}
    are_numbers = np.zeros(shape, dtype=np.bool_)
    for parsed in sorted(read, key=lambda parsed: parsed.is_second):
        place = stages.index(parsed.stage)
        if parsed.what in times:
            at = portal.export.times(portal.table, parsed.name)
            times[parsed.what][at.known, place] = at.us[at.known]
        else:
            values, plain = _durations(portal, parsed.name)
            spans[parsed.what][:, place] = values
            are_numbers[:, place] |= plain
    unit = _unit(times, spans[LATEST], are_numbers)
    latest, total = (np.where(are_numbers, spans[name] * unit, spans[name]) for name in (LATEST, TOTAL))
    return Stays(stages, times[ENTERED], times[EXITED], latest, total)


def _parsed(name: str) -> _StageColumn | None:
    match = STAGE_COLUMN.match(name)
    if match is None:
        return None
    title = match["name"] or match["title"].replace(" ", "_")
    stage = match["id"] or match["label"]
    return _StageColumn(name, title.lower(), stage, match["version"] is not None)


def _durations(portal: Portal, name: str) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """A column of durations: 127:05:09 in microseconds, a plain number as it stands; and which are plain numbers."""
    texts = column(portal.table, name)
    parts = pc.extract_regex(texts, CLOCK)
    clock = _clock(parts)
    read = read_numbers(texts, portal.export.options.decimal or POINT)
    plain = np.asarray(read.good & np.isnan(clock))
    known = plain | ~np.isnan(clock)
    given = np.asarray(texts.is_valid().to_numpy(zero_copy_only=False))
    portal.export.unread.add(f"durations of {name}", texts, given & ~known)
    return np.where(plain, read.value, clock), plain


def _clock(parts: pa.Array) -> Floats:
    """Days, hours, minutes and seconds as microseconds (n,), NaN for null."""
    total = np.zeros(len(parts))
    for name, seconds in (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)):
        digits = pc.struct_field(parts, name)
        digits = pc.if_else(pc.equal(digits, ""), "0", digits)
        total += pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False) * seconds
    return np.asarray(total * SECOND)


def _unit(times: dict[str, Instants], latest: Floats, are_numbers: npt.NDArray[np.bool_]) -> float:
    """Microseconds of the unit of durations that are plain numbers, by stays whose two ends are known."""
    ends = (times[ENTERED] != NO_TIME) & (times[EXITED] != NO_TIME) & are_numbers & (latest > 0)
    stay = (times[EXITED] - times[ENTERED])[ends].astype(np.float64)
    number = latest[ends]
    long = stay >= LEAST_US
    if not long.any():
        return UNITS[0]
    ratio = float(np.median(np.log(stay[long] / number[long])))
    return min(UNITS, key=lambda unit: abs(np.log(unit) - ratio))
