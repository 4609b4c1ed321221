"""Business process flows: the present stage of each opportunity, since when, and the path until there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME
from connectors.dynamics.guids import Text, guid, links
from connectors.dynamics.org import Org, without_deleted
from connectors.reading.export import Export, column
from connectors.reading.values import read_numbers
from history.base.arrays import Ints


@dataclass(frozen=True)
class Processes:
    """The process flows of the opportunities.

    labels: stage id -> label. order: label -> place, by the categories of the stages or else by the paths. active,
    first (n,): the present stage and the first one of the path, None without a flow. since_us, started_us (n,): since
    when the present stage is active and the flow runs, NO_TIME if unknown. owners: id of a flow -> deal.
    """

    labels: Mapping[str, str]
    order: Mapping[str, float]
    active: Sequence[Text]
    first: Sequence[Text]
    since_us: Ints
    started_us: Ints
    owners: Mapping[str, int]


class _Flow(NamedTuple):
    """A flow of the deal at a place: its id, its present stage, the labels of its path, and its times."""

    id: str
    deal: int
    active: Text
    path: list[str]
    since_us: int
    started_us: int


def read_processes(org: Org, lead_deal: Mapping[str, int]) -> Processes:
    """The newest flow of each opportunity, by its own link or by that of the lead it was; lead_deal: lead -> deal."""
    labels, category = _stages(org)
    count = len(org.ids)
    active: list[Text] = [None] * count
    first: list[Text] = [None] * count
    since_us, started_us = np.full(count, NO_TIME), np.full(count, NO_TIME)
    flows = _flows(org, lead_deal, labels)
    for flow in flows:
        active[flow.deal] = flow.active
        first[flow.deal] = flow.path[0] if flow.path else None
        since_us[flow.deal], started_us[flow.deal] = flow.since_us, flow.started_us
    _note_untimed(org.export, flows)
    order = category if len(set(category.values())) == len(category) > 0 else _mean_places(flows)
    owners = {flow.id: flow.deal for flow in flows}
    return Processes(labels, order, active, first, since_us, started_us, owners)


def _flows(org: Org, lead_deal: Mapping[str, int], labels: Mapping[str, str]) -> list[_Flow]:
    """The flows of all deals, the one that was changed last at the end of its deal's."""
    export = org.export
    table = without_deleted(export, export.table("businessprocessflow"))
    own = org.places(links(table, "opportunityid").record_keys())
    of_lead = [lead_deal.get(key or "", -1) for key in links(table, "leadid").record_keys()]
    deal = np.where(own >= 0, own, np.array(of_lead, dtype=np.int64))
    table, deal = export.leave(table, "of_no_opportunity_of_the_export", deal < 0), deal[deal >= 0]
    export.use(table)

    started, since = export.times(table, "createdon"), export.times(table, "activestagestartedon")
    modified = export.times(table, "modifiedon")
    order = np.lexsort((np.where(modified.known, modified.us, started.us), deal))
    names = links(table, "activestageid").named(dict(labels))
    ids = column(table, "businessprocessflowinstanceid").to_pylist()
    paths = column(table, "traversedpath").to_pylist()
    return [
        _Flow(
            id=guid(ids[row]) or ids[row] or "",
            deal=int(deal[row]),
            active=names[row],
            path=_path(paths[row], labels),
            since_us=int(since.us[row]) if since.known[row] else NO_TIME,
            started_us=int(started.us[row]) if started.known[row] else NO_TIME,
        )
        for row in order.tolist()
    ]


def _path(text: Text, labels: Mapping[str, str]) -> list[str]:
    """The labels of the stages that a flow has passed, their ids where they have none."""
    steps = [guid(part) for part in (text or "").split(",")]
    return [labels.get(step) or step for step in steps if step]


def _note_untimed(export: Export, flows: Sequence[_Flow]) -> None:
    untimed = sum(max(len(flow.path) - 2, 0) for flow in flows)
    if untimed and not export.has("audit"):
        export.notes.append(
            f"Stages between the first and the present one without a time: {untimed:,}. Export the audit rows of the "
            "process flow (activestageid) to have them."
        )


def _mean_places(flows: Sequence[_Flow]) -> dict[str, float]:
    """The mean place of each stage within the paths."""
    places: dict[str, list[int]] = {}
    for flow in flows:
        for place, step in enumerate(flow.path):
            places.setdefault(step, []).append(place)
    return {step: float(np.mean(numbers)) for step, numbers in places.items()}


def _stages(org: Org) -> tuple[dict[str, str], dict[str, float]]:
    """Labels by id, and the place of each label by its category."""
    table: pa.Table = org.export.table("processstage")
    org.export.use(table)
    names = column(table, "stagename").to_pylist()
    ids = [guid(text) or text or "" for text in column(table, "processstageid").to_pylist()]
    category = read_numbers(column(table, "stagecategory"), ".").value.tolist()
    named = {id_: name for id_, name in zip(ids, names, strict=True) if name}
    return named, {
        name: place for name, place in zip(names, category, strict=True) if name and place == place
    }
