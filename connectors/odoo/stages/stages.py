"""Stages of leads: what each means, their order, and every move between them, archiving and restoring included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from connectors.deals.deals import LOST, NO_TIME, OPEN, WON, Deals
from connectors.odoo.changes.tracking import Change
from connectors.odoo.crm import UNQUALIFIED, Crm
from connectors.odoo.relations import Text, references
from connectors.odoo.stage_table import StageTable, changed_label
from connectors.reading.export import booleans, column
from connectors.reading.values import end_of_day, read_numbers
from connectors.reading.words import outcome_of
from history.base.arrays import Codes, Flags, Floats, Mask
from history.base.errors import InvalidInput

ARCHIVED: Final = "Lost"  # the move of a lead that is archived as lost; Odoo leaves it in its stage
LEAD_STAGE: Final = "Lead"  # before the conversion, under --object lead
CERTAIN: Final = 100.0  # the probability of won leads


@dataclass(frozen=True)
class Stages:
    """Labels of stages, what each means, and the open ones in order, () if that is unknown."""

    labels: Sequence[str]
    states: Flags
    order: tuple[str, ...]

    def codes(self, labels: Sequence[Text]) -> Codes:
        place = {label: number for number, label in enumerate(self.labels)}
        return np.array([place.get(label or "", -1) for label in labels], dtype=np.int32)


def present_stages(crm: Crm, table: StageTable) -> list[Text]:
    """The label of each lead's stage (n,); of unqualified ones under --object lead the stage before all others."""
    names = references(crm.leads, "stage_id").names(dict(table.labels))
    return [
        LEAD_STAGE if lead else name for name, lead in zip(names, crm.is_unqualified.tolist(), strict=True)
    ]


def read_stages(crm: Crm, table: StageTable, present: Sequence[Text], changes: Sequence[Change]) -> Stages:
    """Every stage with its meaning: by --won and --lost, the stage table, a certain probability, the usual words."""
    options = crm.export.options
    moved = [changed_label(table, *pair) for c in changes if c.field == "stage_id"
             for pair in ((c.old_id, c.old), (c.new_id, c.new))]  # fmt: skip
    labels = list(dict.fromkeys(label for label in (*present, *moved) if label))
    meaning = {label: _by_word(label) for label in labels}
    if not table.labels:
        meaning |= dict.fromkeys(_certain(crm, present), WON)
    meaning |= {label: WON if label in table.won else OPEN for label in labels
                if label in table.sequence and meaning[label] != LOST}  # fmt: skip
    for option, names, state in (("--won", options.won, WON), ("--lost", options.lost, LOST)):
        if unknown := [name for name in names if name not in labels]:
            raise InvalidInput(f"{option} {unknown[0]}: no such stage; the stages are {', '.join(labels)}.")
        meaning |= dict.fromkeys(names, state)
    if meaning.get(ARCHIVED) != LOST:
        labels.append(ARCHIVED)
        meaning[ARCHIVED] = LOST
    if LEAD_STAGE not in meaning and crm.export.options.object == UNQUALIFIED:
        labels.append(LEAD_STAGE)
        meaning[LEAD_STAGE] = OPEN
    states = np.array([meaning[label] for label in labels], dtype=np.int8)
    return Stages(labels, states, _order(labels, states, table))


def _by_word(label: str) -> int:
    word = outcome_of(label)
    return OPEN if word is None else WON if word == "won" else LOST


def _certain(crm: Crm, present: Sequence[Text]) -> list[str]:
    """Stages all of whose active leads have a probability of 100."""
    probability = probabilities(crm)
    _, inactive = booleans(column(crm.leads, "active"))
    rows = [(label, p) for label, p, out in zip(present, probability.tolist(), inactive.tolist(), strict=True)
            if label and not out]  # fmt: skip
    uncertain = {label for label, p in rows if p != CERTAIN}
    return sorted({label for label, _ in rows} - uncertain)


def probabilities(crm: Crm) -> Floats:
    return read_numbers(column(crm.leads, "probability"), ".").value


def _order(labels: Sequence[str], states: Flags, table: StageTable) -> tuple[str, ...]:
    """Open stages by the sequence of the stage table; () if that leaves the order open."""
    rank = {LEAD_STAGE: -np.inf, **table.sequence} if LEAD_STAGE not in table.sequence else table.sequence
    stages = [label for label, state in zip(labels, states.tolist(), strict=True) if state == OPEN]
    ranks = [rank.get(label) for label in stages]
    if None in ranks or len(set(ranks)) < len(ranks):
        return ()
    return tuple(sorted(stages, key=lambda label: rank[label]))


def read_deals(crm: Crm, stages: Stages, present: Sequence[Text], amounts: Floats) -> Deals:
    """The leads as deals: won by their stage, lost by their archiving."""
    options = crm.export.options
    stage = stages.codes(present)
    by_stage = np.where(stage >= 0, stages.states[stage], OPEN).astype(np.int8)
    state = np.where((by_stage != WON) & _is_lost(crm), LOST, by_stage).astype(np.int8)
    closed, since = (
        crm.export.times(crm.leads, "date_closed"),
        crm.export.times(crm.leads, "date_last_stage_update"),
    )
    ends = np.where(closed.is_date, end_of_day(closed.us, options.zone), closed.us)
    return Deals(
        crm.ids, crm.created_us, state, stage, np.where(since.known, since.us, NO_TIME),
        np.where(closed.known & (state != OPEN), ends, NO_TIME), amounts, lost_reasons(crm),
    )  # fmt: skip


def _is_lost(crm: Crm) -> Mask:
    """Archived leads (n,) with a lost reason or without a chance; without `active`, by these and a closing date."""
    _, inactive = booleans(column(crm.leads, "active"))
    given = column(crm.leads, "active").is_valid().to_numpy(zero_copy_only=False)
    reason = np.array([text is not None for text in lost_reasons(crm)], dtype=np.bool_)
    status = column(crm.leads, "won_status").to_pylist()
    said = np.array([outcome_of(text or "") == "lost" for text in status], dtype=np.bool_)
    probability = probabilities(crm)
    hopeless = ~(probability > 0)
    closed = crm.export.times(crm.leads, "date_closed").known
    return np.asarray(
        said | (inactive & (reason | hopeless)) | (~given & closed & (reason | (probability == 0)))
    )


def archived_undecided(crm: Crm, won: frozenset[str], present: Sequence[Text]) -> Mask:
    """Archived leads (n,) that are neither won nor lost."""
    _, inactive = booleans(column(crm.leads, "active"))
    is_won = np.array([label in won for label in present], dtype=np.bool_)
    return np.asarray(inactive & ~is_won & ~_is_lost(crm))


def lost_reasons(crm: Crm) -> list[Text]:
    known = crm.names.get("lost_reason_id", {})
    columns = [references(crm.leads, name).names(known) for name in ("lost_reason_id", "lost_reason")]
    return [new or old for new, old in zip(*columns, strict=True)]
