"""Stages of opportunities: of their process flow, else of the pipeline phase; and their moves and closings."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import LOST, NO_TIME, OPEN, WON, Deals, Moves
from connectors.deals.paths import Labels, Life, Turn, path_moves
from connectors.deals.stage_table import StageRow, StageTable, stage_table
from connectors.dynamics.audit import Change
from connectors.dynamics.guids import Text, labels, links
from connectors.dynamics.org import Org, is_given, without_deleted
from connectors.dynamics.processes import Processes
from connectors.reading.export import column
from connectors.reading.values import end_of_day
from connectors.reading.words import outcome_of
from history.base.arrays import Flags, Floats

UNKNOWN: Final = (
    ""  # the stage of an opportunity that was closed and opened again, without a history of stages
)
CLOSING: Final = {WON: "Won", LOST: "Lost"}  # states of opportunities; their stage stays as it was
STATE: Final = "statecode"
STATES: Final = {"0": OPEN, "1": WON, "2": LOST, "open": OPEN}
PROCESS: Final = "activestageid"
STAGE_COLUMNS: Final = ("stepname", "salesstage", "salesstagecode", "statuscode")
REASONS: Final = {"4": "Canceled", "5": "Out-Sold"}  # the usual codes of lost opportunities
NUMBERED: Final = re.compile(r"^([0-9]+)\s*[-.:)]")  # 2-Develop


@dataclass(frozen=True)
class Stages:
    """The column that holds the stage, the present label of each opportunity (n,), and all labels."""

    column: str
    present: Sequence[Text]
    names: Mapping[str, str]
    table: StageTable

    def label(self, value: Text) -> Text:
        """The label of an audited value."""
        return self.names.get(value or "") or value


def read_stages(org: Org, processes: Processes, changes: Sequence[Change]) -> Stages:
    """Every stage with its order; raises InvalidInput for a name of --won or --lost that no stage has."""
    name, present, names = _source(org, processes, changes)
    audited = [value for change in changes if change.column == name for value in (change.old, change.new)]
    used = [*present, *processes.first, *(names.get(value or "") or value for value in audited)]
    listed = list(dict.fromkeys([*filter(None, used), *CLOSING.values(), UNKNOWN]))
    rows = [
        StageRow(label, label, None, _rank(label, name, names, processes), _closing_state(label))
        for label in listed
    ]
    return Stages(name, present, names, stage_table(rows, listed, org.export.options))


def _source(
    org: Org, processes: Processes, changes: Sequence[Change]
) -> tuple[str, Sequence[Text], Mapping[str, str]]:
    """The column with stages, its label of each opportunity, and the labels of its values.

    A column whose changes are audited comes first; the status reason, which changes with each closing, last.
    """
    audited = {change.column for change in changes} - {STAGE_COLUMNS[-1]}
    sources = list(_sources(org, processes))
    chosen = next((source for source in sources if source[0] in audited), None)
    nothing: tuple[str, Sequence[Text], Mapping[str, str]] = (STAGE_COLUMNS[0], [None] * len(org.ids), {})
    return chosen or next(iter(sources), nothing)


def _sources(org: Org, processes: Processes) -> Iterator[tuple[str, Sequence[Text], Mapping[str, str]]]:
    if any(processes.active):
        yield PROCESS, processes.active, processes.labels
    for name in STAGE_COLUMNS:
        if is_given(org.export, name) or is_given(org.export, f"{name}.label"):
            present = labels(org.opportunities, name)
            if any(present):
                own = column(org.opportunities, name).to_pylist()
                names = {code: label for code, label in zip(own, present, strict=True) if code and label}
                yield name, _open_reasons(org, present) if name == "statuscode" else present, names


def _open_reasons(org: Org, present: Sequence[Text]) -> list[Text]:
    """The status reasons of open opportunities; those of closed ones say how they closed."""
    return [
        label if state == OPEN else None for label, state in zip(present, states(org).tolist(), strict=True)
    ]


def _closing_state(label: str) -> int | None:
    return next((state for state, name in CLOSING.items() if name == label), None)


def open_stages(stages: Stages) -> tuple[str, ...]:
    """The open stages in order, () if that is unknown."""
    return tuple(label for label in stages.table.order if label != UNKNOWN)


def known_entries(stages: pa.Table) -> pa.Table:
    """The rows of `stages` without those of an unknown stage."""
    return stages.filter(pc.not_equal(stages.column("stage"), UNKNOWN))


def _rank(label: str, name: str, names: Mapping[str, str], processes: Processes) -> float:
    """The place of a stage: on the paths of process flows, by its leading number, or by its code."""
    if label == UNKNOWN:
        return -1.0
    if name == PROCESS:
        return processes.order.get(label, np.nan)
    if match := NUMBERED.match(label):
        return float(match[1])
    code = next((code for code, text in names.items() if text == label), "")
    return float(code) if code.isdigit() else np.nan


def states(org: Org) -> Flags:
    """The present state of each opportunity (n,), by its status, else by words of its status reason."""
    codes, named = column(org.opportunities, STATE).to_pylist(), labels(org.opportunities, STATE)
    reasons = labels(org.opportunities, "statuscode")
    rows = zip(codes, named, reasons, strict=True)
    return np.array([_state(code, label, reason) for code, label, reason in rows], dtype=np.int8)


def _state(*texts: Text) -> int:
    for text in texts:
        key = (text or "").removesuffix(".0").lower()
        if key in STATES:
            return STATES[key]
        if (word := outcome_of(text or "")) is not None:
            return WON if word == "won" else LOST
    return OPEN


def read_deals(org: Org, stages: Stages, processes: Processes, amount: Floats) -> Deals:
    """The opportunities as deals, with what they are today."""
    closed = org.export.times(org.opportunities, "actualclosedate")
    ends = np.where(closed.is_date, end_of_day(closed.us, org.export.options.zone), closed.us)
    codes = stages.table.codes(stages.present)
    state = states(org)
    named = np.isin(codes, list(stages.table.chosen))
    state = np.where(named, stages.table.states_of(codes), state).astype(np.int8)
    reasons = [REASONS.get(text or "", text) for text in labels(org.opportunities, "statuscode")]
    return Deals(
        org.ids, org.created_us, state, codes, processes.since_us,
        np.where(closed.known & (state != OPEN), ends, NO_TIME), amount, reasons,
    )  # fmt: skip


def read_moves(
    org: Org, stages: Stages, processes: Processes, changes: Sequence[Change], deals: Deals
) -> Moves:
    """Stage entries and closings: by the audit, else by the process flow and the closing activities."""
    all_labels = Labels(stages.table.labels, stages.table.states, CLOSING)
    closings = _closings(org, deals)
    return path_moves(_lives(org, stages, processes, changes, closings), all_labels)


def _lives(
    org: Org,
    stages: Stages,
    processes: Processes,
    changes: Sequence[Change],
    closings: Mapping[int, list[Turn]],
) -> Iterator[Life]:
    of_deal = {deal: list(rows) for deal, rows in groupby(changes, key=attrgetter("deal"))}
    audited = any(change.column == stages.column for change in changes)
    for deal in range(len(org.ids)):
        rows = of_deal.get(deal, [])
        moved = [change for change in rows if change.column == stages.column]
        closed = [Turn(c.us, state=_state(c.new)) for c in rows if c.column == STATE] or closings.get(
            deal, []
        )
        created = int(org.created_us[deal])
        if moved:
            turns = [Turn(change.us, stage=stages.label(change.new)) for change in moved]
            yield Life(deal, created, stages.label(moved[0].old or moved[0].new), _in_order(turns, closed))
        elif stages.column == PROCESS and processes.active[deal] is not None:
            yield _of_process(deal, created, processes, closed, of_today=not audited)
        elif audited:
            yield Life(deal, created, stages.present[deal], closed)
        elif closed:
            yield Life(deal, created, UNKNOWN, closed)


def _of_process(
    deal: int, created: int, processes: Processes, closed: Sequence[Turn], of_today: bool
) -> Life:
    """A deal of whose flow only the first and the present stage have a time."""
    first, active = processes.first[deal], processes.active[deal]
    since = int(processes.since_us[deal])
    if since == NO_TIME:
        return Life(deal, created, active if first in (None, active) else first, closed, of_today=of_today)
    if first in (None, active):
        start = created if first == active else max(created, since)
        return Life(deal, start, active, closed, of_today=of_today and first is None)
    entry = Turn(max(since, created), stage=active, of_today=of_today)
    return Life(deal, created, first, _in_order([entry], closed))


def _in_order(turns: Sequence[Turn], closed: Sequence[Turn]) -> list[Turn]:
    """Both in order of time; a closing comes before a stage entry of the same instant."""
    return sorted([*closed, *turns], key=lambda turn: turn.us)


def _closings(org: Org, deals: Deals) -> dict[int, list[Turn]]:
    """The closing activities of each deal; one without its state has that of the deal today."""
    export = org.export
    table = without_deleted(export, export.table("opportunityclose"))
    place = org.places(links(table, "opportunityid").record_keys())
    table, place = export.leave(table, "of_no_opportunity_of_the_export", place < 0), place[place >= 0]
    entered, ended = export.times(table, "createdon"), export.times(table, "actualend")
    us = np.where(entered.known, entered.us, ended.us)
    known = entered.known | ended.known
    table, place, us = export.leave(table, "no_time", ~known), place[known], us[known]
    export.use(table)
    words = labels(table, "opportunitystatecode")
    turns: dict[int, list[Turn]] = {}
    for row in np.lexsort((us, place)).tolist():
        deal = int(place[row])
        state = _state(words[row]) if words[row] else int(deals.state[deal])
        if state != OPEN:
            turns.setdefault(deal, []).append(Turn(int(us[row]), state=state))
    return turns
