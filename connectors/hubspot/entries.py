"""Stage moves of leads without a history, by the columns that HubSpot keeps for each stage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from connectors.deals.deals import NO_TIME
from connectors.deals.stage_table import StageMoves
from connectors.hubspot.earlier_visits import NONE_FITS, TOLERANCE_US, Earlier, Visit, earlier_visits
from connectors.hubspot.portal import Portal
from connectors.hubspot.stays import Stays
from history.base.arrays import Ints, Mask

Grid = npt.NDArray[np.bool_]  # leads and stages (n, k)


@dataclass(frozen=True)
class _Known:
    """Of each lead and stage (n, k): the latest visit's end, whether it goes on, a finished visit of a stage that goes
    on again (start and end, NO_TIME without one), and the time of all visits before these, 0 if there is none.
    """

    ends: npt.NDArray[np.int64]
    goes_on: Grid
    before_start: npt.NDArray[np.int64]
    before_end: npt.NDArray[np.int64]
    spent: npt.NDArray[np.float64]
    is_told: Mask

    def leads(self) -> Ints:
        """The leads with a visit before the latest one of a stage."""
        return np.flatnonzero(((self.before_end != NO_TIME) | (self.spent > TOLERANCE_US)).any(axis=1))


def entry_moves(
    portal: Portal, stays: Stays, ids: Sequence[str | None], order: Ints, wanted: Mask
) -> StageMoves:
    """The moves of the wanted leads (n,): the latest entry of each stage, and earlier ones as far as times tell.

    ids (k,): of the columns' stages; order (k,): their places in the pipeline. How far the earlier ones are known is a
    note of the import.
    """
    lead, stage = np.nonzero((stays.entered != NO_TIME) & wanted[:, None])
    us = stays.entered[lead, stage]
    known = _known(stays)
    found = {
        place: _of_lead(stays, known, order, place, int(portal.created_us[place]))
        for place in known.leads().tolist()
        if wanted[place]
    }
    _note(portal, found, _returned(lead, us, order[stage]) - set(np.flatnonzero(known.is_told).tolist()))
    earlier = [(place, at, own) for place, path in found.items() for at, own in path.entries]
    places, times, stages = (np.array([row[n] for row in earlier], dtype=np.int64) for n in range(3))
    return StageMoves(
        np.concatenate((lead, places)),
        np.concatenate((us, times)),
        [ids[place] for place in (*stage.tolist(), *stages.tolist())],
    )


def _known(stays: Stays) -> _Known:
    has_entry, has_exit = stays.entered != NO_TIME, stays.exited != NO_TIME
    finished = has_entry & has_exit & (stays.exited >= stays.entered)
    last = stays.entered.max(axis=1, initial=NO_TIME)[:, None]
    goes_on = has_entry & (stays.entered == last) & ~finished
    stay = np.where(finished, stays.exited - stays.entered, np.nan)
    length = np.where(np.isnan(stays.latest) | goes_on, stay, stays.latest)
    by_length = stays.entered + np.nan_to_num(length).astype(np.int64)
    ends = np.where(finished, stays.exited, np.where(np.isnan(length), NO_TIME, by_length))
    # Of a stage that goes on, HubSpot's times are those of the visit before.
    again = goes_on & has_exit & (stays.latest > 0)
    came_back = goes_on & (has_exit | (stays.latest > 0))
    before = np.nan_to_num(np.where(again, stays.latest, 0.0))
    spent = np.where(goes_on, np.where(came_back, stays.total - before, 0.0), stays.total - length)
    return _Known(
        ends,
        goes_on,
        np.where(again, stays.exited - before.astype(np.int64), NO_TIME),
        np.where(again, stays.exited, NO_TIME),
        np.where(has_entry, np.nan_to_num(spent), 0.0),
        (~has_entry | goes_on | ~np.isnan(spent)).all(axis=1),
    )


def _of_lead(stays: Stays, known: _Known, order: Ints, place: int, created_us: int) -> Earlier:
    """The earlier visits of one lead as (start, column of the stage)."""
    stage_at = {int(rank): stage for stage, rank in enumerate(order.tolist())}
    visits = list(_visits(stays, known, order, place))
    again = [
        (int(known.before_start[place, stage]), stage)
        for stage in np.flatnonzero(known.before_end[place] != NO_TIME).tolist()
    ]
    spent = {
        int(order[stage]): float(known.spent[place, stage])
        for stage in np.flatnonzero(known.spent[place] > TOLERANCE_US).tolist()
    }
    path = earlier_visits(visits, spent, created_us) if spent else Earlier((), 1)
    if path is NONE_FITS:
        return path
    return Earlier((*((at, stage_at[rank]) for at, rank in path.entries), *again), path.paths)


def _visits(stays: Stays, known: _Known, order: Ints, place: int) -> Iterator[Visit]:
    """The known visits; one whose end is unknown lasts until the next."""
    entered = stays.entered[place]
    starts = sorted(int(us) for us in (*entered, *known.before_start[place]) if us != NO_TIME)
    for stage in np.flatnonzero(entered != NO_TIME).tolist():
        start, end = int(entered[stage]), int(known.ends[place, stage])
        if known.goes_on[place, stage]:
            end = start
        elif end == NO_TIME:
            end = next((later for later in starts if later > start), start)
        yield Visit(int(order[stage]), start, end)
        if known.before_end[place, stage] != NO_TIME:
            before = int(known.before_start[place, stage]), int(known.before_end[place, stage])
            yield Visit(int(order[stage]), *before)


def _returned(lead: Ints, us: Ints, position: Ints) -> set[int]:
    """The leads whose latest entries go back to an earlier stage."""
    by_time = np.lexsort((position, us, lead))
    back = (np.diff(lead[by_time]) == 0) & (np.diff(position[by_time]) < 0)
    return set(lead[by_time][1:][back].tolist())


def _note(portal: Portal, found: dict[int, Earlier], unknown: set[int]) -> None:
    """Notes of how many leads earlier visits are known, and how surely."""
    laid = [path.paths for path in found.values() if path.paths]
    plural, several = portal.lead.plural, sum(1 for paths in laid if paths > 1)
    if laid:
        order = f"; of {several:,} of them several orders fit, and the shortest one counts" if several else ""
        portal.export.notes.append(
            f"{len(laid):,} {plural} came back to a stage: their earlier visits are laid out by the time that they "
            f"spent in each stage{order}."
        )
    unfit = {place for place, path in found.items() if not path.paths}
    if unknown := unknown | unfit:
        cause = "the export has no property history, and "
        cause += "no path fits their times in stages" if unfit else "its dates of entries are the latest ones"
        portal.export.notes.append(
            f"{len(unknown):,} {plural} went back to an earlier stage; their first entries are unknown, since {cause}."
        )


def stage_order(stays: Stays, orders: Sequence[float]) -> Ints:
    """The places of stages in the pipeline (k,): by the system's orders, else by the mean rank of their entries."""
    ranks = np.array(orders, dtype=np.float64)
    if np.isnan(ranks).any():
        has_entry = stays.entered != NO_TIME
        by_time = np.where(has_entry, stays.entered.argsort(axis=1, kind="stable").argsort(axis=1), 0)
        skipped = (~has_entry).sum(axis=1, keepdims=True)  # they sort first
        ranks = np.where(has_entry, by_time - skipped, 0).sum(axis=0) / np.maximum(has_entry.sum(axis=0), 1)
    places: Ints = np.argsort(np.argsort(ranks, kind="stable"), kind="stable")
    return places
