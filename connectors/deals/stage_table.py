"""Stages of a system that keeps them by id: their labels, order, pipelines, and what each means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from connectors.deals.deals import LOST, OPEN, WON, Moves
from connectors.reading.export import Export
from connectors.reading.options import ReadOptions
from connectors.reading.words import outcome_of
from history.base.arrays import Codes, Flags, Ints
from history.base.errors import InvalidInput
from history.text.folding import folded

Texts = Sequence[str | None]


@dataclass(frozen=True)
class StageRow:
    """One stage as the system describes it; state None and order NaN if it does not say."""

    id: str
    label: str
    pipeline: str | None
    order: float
    state: int | None


@dataclass(frozen=True)
class StageMoves:
    """Moves (m,) in any order: the deal's place, when, and the id of the stage, None for an unknown one."""

    deal: Ints
    us: Ints
    stage: Texts


@dataclass(frozen=True)
class StageTable:
    """Labels (k,) with their states (OPEN, WON or LOST); codes: id of a stage -> place of its label.

    order: the open labels in order, () if it is unknown. chosen: labels of --won and --lost.
    """

    labels: Sequence[str]
    states: Flags
    codes_by_id: Mapping[str, int]
    order: tuple[str, ...]
    chosen: frozenset[int]

    def codes(self, ids: Iterable[str | None]) -> Codes:
        """The place of each id's label, -1 for none."""
        return np.array([self.codes_by_id.get(id_, -1) if id_ else -1 for id_ in ids], dtype=np.int32)

    def states_of(self, codes: Codes) -> Flags:
        """What the stage of each code means (n,), OPEN for -1."""
        return np.append(self.states, np.int8(OPEN))[codes].astype(np.int8)

    def moves(self, moves: StageMoves, codes: Codes) -> Moves:
        """The moves without those of code -1; in an instant the stages' order counts, a decision comes last."""
        rank_of = {label: place for place, label in enumerate(self.order)}
        ranks = np.array([rank_of.get(label, len(rank_of)) for label in self.labels] + [0], dtype=np.int64)
        known = codes >= 0
        amount = np.full(int(known.sum()), np.nan)
        rank = ranks[codes[known]]
        return Moves(moves.deal[known], moves.us[known], codes[known], amount, rank, self.labels, self.states)


def stage_table(rows: Sequence[StageRow], used: Iterable[str], options: ReadOptions) -> StageTable:
    """The stages that the deals have been in; one that the system does not describe has its id as label.

    used: ids of stages among deals and histories. For the meaning of a stage, --won and --lost come first, then the
    system, then the usual words. Raises InvalidInput for a name of --won or --lost that no stage has.
    """
    known = {row.id: row for row in rows}
    listed = [known.get(id_, StageRow(id_, id_, None, np.nan, None)) for id_ in dict.fromkeys(used)]
    labels = list(dict.fromkeys(row.label for row in listed))
    place = {label: code for code, label in enumerate(labels)}
    states = np.full(len(labels), OPEN, dtype=np.int8)
    for row in listed:
        states[place[row.label]] = _state(row)
    chosen = _chosen(listed, options)
    for label, state in chosen.items():
        states[place[label]] = state
    return StageTable(
        labels=labels,
        states=states,
        codes_by_id={row.id: place[row.label] for row in listed},
        order=_order(rows, listed, labels, states),
        chosen=frozenset(place[label] for label in chosen),
    )


def of_kept_pipelines(
    export: Export, rows: Sequence[StageRow], present: Texts, moved_to: Texts, stages: StageTable
) -> Codes:
    """The codes of the stages of moves (m,), -1 for a stage of a pipeline in which none of the deals is now.

    present (n,), moved_to (m,): ids of stages. What is left out is a note of the import.
    """
    pipeline_of = {row.id: row.pipeline for row in rows if row.pipeline}
    kept = {pipeline_of.get(id_) for id_ in present if id_}
    elsewhere = [id_ is not None and pipeline_of.get(id_) not in {*kept, None} for id_ in moved_to]
    if any(elsewhere):
        export.notes.append(
            f"{sum(elsewhere):,} stage entries in another pipeline, before a deal moved, are left out."
        )
    return np.where(elsewhere, -1, stages.codes(moved_to)).astype(np.int32)


def _state(row: StageRow) -> int:
    if row.state is not None:
        return row.state
    word = outcome_of(row.label) or outcome_of(row.id)
    return OPEN if word is None else WON if word == "won" else LOST


def _chosen(rows: Sequence[StageRow], options: ReadOptions) -> dict[str, int]:
    by_name = {folded(name): row.label for row in rows for name in (row.id, row.label)}
    chosen: dict[str, int] = {}
    for option, names, state in (("--won", options.won, WON), ("--lost", options.lost, LOST)):
        for name in names:
            label = by_name.get(folded(name))
            if label is None:
                listed = ", ".join(dict.fromkeys(row.label for row in rows))
                raise InvalidInput(f"{option} {name}: no such stage; the stages are {listed}.")
            chosen[label] = state
    return chosen


def _order(
    rows: Sequence[StageRow], used: Sequence[StageRow], labels: Sequence[str], states: Flags
) -> tuple[str, ...]:
    """Open labels by the system's order, also those without a deal in the same pipelines; () if it is unknown."""
    pipelines = {row.pipeline for row in used}
    closing = {label for label, state in zip(labels, states.tolist(), strict=True) if state != OPEN}
    listed = [row for row in rows if row.pipeline in pipelines and row.label not in closing]
    listed = [row for row in listed if _state(row) == OPEN]
    open_labels = set(labels) - closing
    if not open_labels <= {row.label for row in listed} or any(np.isnan(row.order) for row in listed):
        return ()
    return tuple(dict.fromkeys(row.label for row in sorted(listed, key=lambda row: row.order)))
