"""Wins, losses and stage entries of persons as rows of `stages` and `outcomes`; the first win of a person decides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME, times
from connectors.persons.census import AFTER_WIN, REPEAT_LOSS, REPEAT_STAGE, REPEAT_WIN, USED, Census
from connectors.persons.log import Log
from connectors.persons.rows import Role
from history.base.arrays import Codes, Flags, Floats, Ints, Mask


@dataclass(frozen=True)
class Decided:
    """Decisions (d,) of leads, by lead and time: the lead, when, the role, and the place among the log's decisions.

    reopens: stage entries after a loss.
    """

    lead: Codes
    us: Ints
    visible_us: Ints
    role: Flags
    place: Ints
    reopens: Mask


def decide(log: Log, census: Census, earlier: int) -> Decided:
    """The decisions that count, without those of the log's first `earlier` rows; the others get their reason."""
    row = log.decisions.row
    places = np.flatnonzero(census.reason[row] == USED)
    # Within one instant: stage entries, losses, then wins; what an earlier import has comes first.
    lead, us, role = census.lead[row[places]], log.us[row[places]], log.role[row[places]]
    order = np.lexsort((places, _rank(role), us, lead))
    places, lead, us, role = places[order], lead[order], us[order], role[order]
    again = _repeated_by_next(lead, us, role) & (row[places] < earlier)
    places, lead, us, role = places[~again], lead[~again], us[~again], role[~again]

    reason = _reasons(lead, role, log.decisions.texts["stage"], places)
    census.reason[row[places]] = reason
    kept = np.flatnonzero(reason == USED)
    reopens = _follows(lead[kept], role[kept], Role.LOST) & (role[kept] == Role.STAGE)
    new = row[places[kept]] >= earlier
    kept, reopens = kept[new], reopens[new]
    visible_us = census.visible_us[row[places[kept]]]
    return Decided(lead[kept], us[kept], visible_us, role[kept], places[kept], reopens)


def _repeated_by_next(lead: Codes, us: Ints, role: Flags) -> Mask:
    """Rows (d,) whose next row is the same decision at the same time."""
    repeated = np.zeros(len(lead), dtype=np.bool_)
    repeated[:-1] = (lead[1:] == lead[:-1]) & (us[1:] == us[:-1]) & (role[1:] == role[:-1])
    return repeated


def _reasons(lead: Codes, role: Flags, stages: Sequence[str | None], places: Ints) -> Flags:
    """Why each decision (d,), in order of lead and time, says nothing new; USED for the others."""
    is_win = role == Role.WON
    after_win = _earlier_wins(lead, is_win)
    reason = np.where(after_win, np.where(is_win, REPEAT_WIN, AFTER_WIN), USED).astype(np.int8)
    kept = np.flatnonzero(reason == USED)
    lost_again = _follows(lead[kept], role[kept], Role.LOST) & (role[kept] == Role.LOST)
    reason[kept[lost_again]] = REPEAT_LOSS
    names = np.array([stages[place] or "" for place in places[kept].tolist()], dtype=object)
    same_name = np.zeros(len(kept), dtype=np.bool_)
    same_name[1:] = names[1:] == names[:-1]
    stays = _follows(lead[kept], role[kept], Role.STAGE) & (role[kept] == Role.STAGE) & same_name
    reason[kept[stays]] = REPEAT_STAGE
    return reason


def _follows(lead: Codes, role: Flags, previous: Role) -> Mask:
    """Whether the row before each (d,) is of the same lead and of this role."""
    follows = np.zeros(len(lead), dtype=np.bool_)
    follows[1:] = (lead[1:] == lead[:-1]) & (role[:-1] == previous)
    return follows


def _rank(role: Flags) -> Flags:
    return np.where(role == Role.STAGE, 0, np.where(role == Role.LOST, 1, 2)).astype(np.int8)


def _earlier_wins(lead: Codes, is_win: Mask) -> Mask:
    """Whether a win of the same lead precedes each row (d,), in order of lead and time."""
    wins: Ints = np.cumsum(is_win) - is_win
    first = np.ones(len(lead), dtype=np.bool_)
    first[1:] = lead[1:] != lead[:-1]
    base: Ints = wins[np.flatnonzero(first)][np.cumsum(first) - 1] if len(lead) else wins
    return np.asarray(wins > base)


def outcome_table(log: Log, census: Census, decided: Decided, amount: Floats) -> pa.Table:
    """The rows of `outcomes`; amount (d,): that of each of the log's decisions in one currency."""
    rows = np.flatnonzero((decided.role != Role.STAGE) | decided.reopens)
    role = decided.role[rows]
    words = np.where(role == Role.WON, "won", np.where(role == Role.LOST, "lost", "open"))
    amounts = np.where(role == Role.WON, amount[decided.place[rows]], np.nan)
    reasons = log.decisions.texts["reason"]
    shown = [
        reasons[place] if is_loss else None
        for place, is_loss in zip(decided.place[rows].tolist(), (role == Role.LOST).tolist(), strict=True)
    ]
    return pa.table(
        {
            "lead_id": census.ids.take(pa.array(decided.lead[rows])),
            "outcome": pa.array(words.tolist(), pa.string()),
            "closed_at": times(decided.us[rows]),
            "amount": pa.array(amounts, mask=~(amounts >= 0)),
            "reason": pa.array(shown, pa.string()),
            "recorded_at": _recorded(decided, rows),
        }
    )


def stage_table(log: Log, census: Census, decided: Decided, first_stage: str | None) -> pa.Table:
    """The rows of `stages`; each lead enters first_stage at its creation."""
    stages = log.decisions.texts["stage"]
    # A stage entry without a name only reopens a lost lead.
    is_named = np.array([stages[place] is not None for place in decided.place.tolist()], dtype=np.bool_)
    rows = np.flatnonzero((decided.role == Role.STAGE) & is_named)
    entries = pa.table(
        {
            "lead_id": census.ids.take(pa.array(decided.lead[rows])),
            "entered_at": times(decided.us[rows]),
            "stage": pa.array([stages[place] for place in decided.place[rows].tolist()], pa.string()),
            "recorded_at": _recorded(decided, rows),
        }
    )
    if first_stage is None:
        return entries
    starts = {
        "lead_id": census.ids,
        "entered_at": times(census.created_us),
        "stage": pa.array([first_stage] * len(census.ids), pa.string()),
        "recorded_at": times(np.full(len(census.ids), NO_TIME)),
    }
    return pa.concat_tables([pa.table(starts), entries])


def _recorded(decided: Decided, rows: Ints) -> pa.Array:
    us, known = decided.us[rows], decided.visible_us[rows]
    return times(np.where(known > us, known, NO_TIME))
