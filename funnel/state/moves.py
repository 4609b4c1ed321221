"""Where the leads of an earlier date are now: the flow between two states of the funnel, as data for a Sankey."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funnel.state.paths import HERE, Paths, paths_of
from funnel.state.period import Record
from history.arrays import Ints
from history.errors import InvalidInput
from history.history import DAY_US, LOST, WON, History
from history.snapshot import all_leads, cut
from history.times import format_time

DEFAULT_DAYS = 30
STAGE, WAITING, NEW, WON_ALREADY, LOST_ALREADY = "stage", "before_first_stage", "new", "won", "lost"
NAMES = {NEW: "(not yet there)", WAITING: "(before the first)"}


@dataclass(frozen=True)
class _Stand:
    """Where each of n leads stands at one date: a row (n,) into `places`, pairs of kind and stage."""

    places: Sequence[tuple[str, str | None]]
    row: Ints


def moves(paths: Paths, since_us: int | None = None) -> Record:
    """Nodes at both dates and the links between them: {since, until, nodes, links}.

    since_us None is DEFAULT_DAYS before the history's as_of_us. Each date is seen as it was known then, so the
    nodes hold exactly what the funnel said there (`now` of its stages, its wins and losses); a lead not yet
    created, or not yet known, at since_us comes from `new`. nodes: {when: then or now, kind, stage, leads};
    links: {source, target, leads} between places in that list, leads closed alike at both dates included.
    Raises InvalidInput for a date that is not before as_of_us.
    """
    history = paths.history
    since_us = history.as_of_us - DEFAULT_DAYS * DAY_US if since_us is None else since_us
    if since_us >= history.as_of_us:
        raise InvalidInput(
            f"--since {format_time(since_us)}: give a time before the as-of {format_time(history.as_of_us)}"
        )
    then = _then(history, since_us)
    now = _stand(paths, np.arange(len(paths), dtype=np.int64), len(paths))
    size = len(then.places), len(now.places)
    count = np.bincount(then.row * size[1] + now.row, minlength=size[0] * size[1]).reshape(size)
    nodes = [
        {"when": when, "kind": kind, "stage": stage, "leads": n}
        for when, stand, totals in (("then", then, count.sum(axis=1)), ("now", now, count.sum(axis=0)))
        for (kind, stage), n in zip(stand.places, totals.tolist(), strict=True)
    ]
    links = [
        {"source": i, "target": size[0] + j, "leads": int(count[i, j])}
        for i, j in np.argwhere(count > 0).tolist()
    ]
    return {
        "since": format_time(since_us),
        "until": format_time(history.as_of_us),
        "nodes": nodes,
        "links": links,
    }


def moved(flow: Record) -> list[Record]:
    """The links but those of leads that were won, or lost, at both dates: years of them would hide the rest."""
    nodes = flow["nodes"]

    def kind(place: int) -> str:
        return str(nodes[place]["kind"])

    closed = (WON_ALREADY, LOST_ALREADY)
    return [
        link
        for link in flow["links"]
        if kind(link["source"]) not in closed or kind(link["source"]) != kind(link["target"])
    ]


def place_name(node: Record) -> str:
    """A node for people; a stage may be called new too."""
    return str(node["stage"] or NAMES.get(node["kind"], node["kind"]))


def _then(history: History, since_us: int) -> _Stand:
    known = all_leads(history, since_us).lead
    return _stand(paths_of(cut(history, since_us)), known, len(history))


def _stand(paths: Paths, lead: Ints, n: int) -> _Stand:
    """Where the leads of `paths` stand at its date, as rows of all n leads; `lead` places its leads among them."""
    stages = [(STAGE, name) for name in paths.names]
    places = [(NEW, None), (WAITING, None), *stages, (WON_ALREADY, None), (LOST_ALREADY, None)]
    here = np.ones(len(paths), dtype=np.int64)
    open_ = paths.visits.take(paths.visits.left == HERE)
    here[open_.lead] = 1 + open_.place
    here[paths.state == WON] = len(places) - 2
    here[paths.state == LOST] = len(places) - 1
    row = np.zeros(n, dtype=np.int64)
    row[lead] = here
    used = np.bincount(row, minlength=len(places)) > 0
    used[2:] = True
    kept = np.cumsum(used) - 1
    return _Stand([place for place, keep in zip(places, used.tolist(), strict=True) if keep], kept[row])
