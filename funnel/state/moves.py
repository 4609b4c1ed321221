"""Moves of leads between an earlier date and now: the flow between two funnel states, as data for a Sankey plot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funnel.records import Record
from funnel.state.leads.paths import HERE, StagePaths, stage_paths
from history.base.arrays import Ints
from history.base.errors import InvalidInput
from history.history import LOST, History
from history.snapshot import all_leads, cut
from history.text.times import DAY_US, format_time

DEFAULT_DAYS = 30
STAGE, WAITING, NEW, WON_ALREADY, LOST_ALREADY = "stage", "before_first_stage", "new", "won", "lost"
CLOSED = (WON_ALREADY, LOST_ALREADY)
NAMES = {NEW: "(not yet there)", WAITING: "(before the first)"}


@dataclass(frozen=True)
class _Place:
    """A node of one date; `stage` of STAGE nodes only."""

    kind: str
    stage: str | None = None


@dataclass(frozen=True)
class _Position:
    """The place of each of n leads at one date: an index (n,) into `places`."""

    places: Sequence[_Place]
    index: Ints


def lead_moves(paths: StagePaths, since_us: int | None = None) -> Record:
    """Nodes at both dates and the links between them: {since, until, nodes, links}.

    since_us None: DEFAULT_DAYS before as_of_us. Each date is seen as it was known then, so the nodes agree with the
    report of that date (`now` of its stages, its wins and losses). A lead not created, or not known, by since_us comes
    from `new`. nodes: {when: then or now, kind, stage, leads}. links: {source, target, leads}, indices of nodes; leads
    closed alike at both dates are included. Raises InvalidInput unless since_us is before as_of_us.
    """
    history = paths.history
    since_us = history.as_of_us - DEFAULT_DAYS * DAY_US if since_us is None else since_us
    if since_us >= history.as_of_us:
        as_of = format_time(history.as_of_us)
        raise InvalidInput(f"--since {format_time(since_us)}: give a time before the as-of {as_of}")
    then = _earlier_position(history, since_us)
    now = _position(paths, np.arange(len(paths), dtype=np.int64), len(paths))
    rows, columns = len(then.places), len(now.places)
    # One cell for each pair of places, numbered row by row.
    cell = then.index * columns + now.index
    count = np.bincount(cell, minlength=rows * columns).reshape(rows, columns)
    links = []
    for i, j in np.argwhere(count > 0).tolist():
        links.append({"source": i, "target": rows + j, "leads": int(count[i, j])})
    return {
        "since": format_time(since_us),
        "until": format_time(history.as_of_us),
        "nodes": [*_nodes("then", then, count.sum(axis=1)), *_nodes("now", now, count.sum(axis=0))],
        "links": links,
    }


def _nodes(when: str, position: _Position, leads: Ints) -> list[Record]:
    return [
        {"when": when, "kind": place.kind, "stage": place.stage, "leads": n}
        for place, n in zip(position.places, leads.tolist(), strict=True)
    ]


def _earlier_position(history: History, since_us: int) -> _Position:
    known = all_leads(history, since_us).lead
    return _position(stage_paths(cut(history, since_us)), known, len(history))


def _position(paths: StagePaths, lead: Ints, n: int) -> _Position:
    """Positions of n leads at the date of `paths`; lead (m,) gives the row of each of its leads."""
    stages = [_Place(STAGE, name) for name in paths.names]
    places = [_Place(NEW), _Place(WAITING), *stages, _Place(WON_ALREADY), _Place(LOST_ALREADY)]
    waiting, first_stage = 1, 2
    index = np.full(len(paths), waiting, dtype=np.int64)
    here = paths.visits.take(paths.visits.exit == HERE)
    index[here.lead] = waiting + here.place
    index[paths.won] = len(places) - 2
    index[paths.state == LOST] = len(places) - 1
    row = np.zeros(n, dtype=np.int64)
    row[lead] = index

    # Places without leads are dropped, stages and closings always stay.
    used = np.bincount(row, minlength=len(places)) > 0
    used[first_stage:] = True
    new_index = np.cumsum(used) - 1
    return _Position([place for i, place in enumerate(places) if used[i]], new_index[row])


def shown_links(moves: Record) -> list[Record]:
    """The links to draw: without leads won, or lost, at both dates, which would hide the others after years."""
    nodes = moves["nodes"]
    links = []
    for link in moves["links"]:
        source, target = nodes[link["source"]]["kind"], nodes[link["target"]]["kind"]
        if source != target or source not in CLOSED:
            links.append(link)
    return links


def place_name(node: Record) -> str:
    """A node's label; in brackets if it is not a stage, as a stage may be called new too."""
    return str(node["stage"] or NAMES.get(node["kind"], node["kind"]))
