"""Business process flows: the present stage of each opportunity, since when, and the path until there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME
from connectors.dynamics.guids import Text, guid, links
from connectors.dynamics.org import Org, without_deleted
from connectors.reading.export import column
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


def read_processes(org: Org, lead_deal: Mapping[str, int]) -> Processes:
    """The newest flow of each opportunity, by its own link or by that of the lead it was; lead_deal: lead -> deal."""
    export = org.export
    labels, category = _stages(org)
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
    paths = [
        [guid(part) for part in (text or "").split(",")]
        for text in column(table, "traversedpath").to_pylist()
    ]
    ids = [guid(text) or text or "" for text in column(table, "businessprocessflowinstanceid").to_pylist()]
    count = len(org.ids)
    active: list[Text] = [None] * count
    first: list[Text] = [None] * count
    since_us, started_us = np.full(count, NO_TIME), np.full(count, NO_TIME)
    untimed = 0
    steps_of: dict[str, list[int]] = {}
    for row in order.tolist():
        place = int(deal[row])
        active[place] = names[row]
        steps = [labels.get(step or "") or step for step in paths[row] if step]
        first[place] = steps[0] if steps else None
        for number, step in enumerate(steps):
            steps_of.setdefault(step, []).append(number)
        untimed += max(len(steps) - 2, 0)
        since_us[place] = since.us[row] if since.known[row] else NO_TIME
        started_us[place] = started.us[row] if started.known[row] else NO_TIME
    if untimed and not export.has("audit"):
        export.notes.append(
            f"Stages between the first and the present one without a time: {untimed:,}. Export the audit rows of the "
            "process flow (activestageid) to have them."
        )
    ranks = {step: float(np.mean(numbers)) for step, numbers in steps_of.items()}
    if len(set(category.values())) == len(category) > 0:
        ranks = category
    return Processes(
        labels, ranks, active, first, since_us, started_us, dict(zip(ids, deal.tolist(), strict=True))
    )


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
