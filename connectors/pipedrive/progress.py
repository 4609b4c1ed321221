"""Stage entries of a progress report of Insights: the history of stages that the user interface exports."""

import numpy as np
import pyarrow as pa

from connectors.pipedrive.changes import STAGE, Flow, present_stages
from connectors.pipedrive.company import Company, plain_ids
from connectors.reading.export import column
from history.text.folding import folded


def flow_of_progress(company: Company) -> Flow:
    """The entries of the deals as changes of their stage, in order of deal and time; the first one starts the deal.

    A day without a time counts from its start, on the day of the creation from the creation on.
    """
    export = company.export
    table = export.table("StageEntry")
    table = export.leave(table, "bad_time", ~export.times(table, "entered").known)
    table = export.leave(table, "no_stage", column(table, "stage").is_null().to_numpy(zero_copy_only=False))
    table, deal = company.of_known(table, "deal_id")
    export.use(table)
    us = np.maximum(export.times(table, "entered").us, company.created_us[deal])
    names = _present_names(company)
    entered = [names.get(folded(text), text) for text in column(table, "stage").to_pylist()]
    order = np.lexsort((us, deal))
    new = [entered[row] for row in order.tolist()]
    starts = np.ones(len(order), dtype=np.bool_)
    starts[1:] = deal[order][1:] != deal[order][:-1]
    old = [None if start else before for start, before in zip(starts.tolist(), [None, *new], strict=False)]
    covered = np.zeros(len(company.deals), dtype=np.bool_)
    covered[deal] = True
    field = np.full(len(order), STAGE, dtype=object)
    return Flow(deal[order], us[order], field, old, new, covered)


def _present_names(company: Company) -> dict[str, str]:
    """Folded name of a stage -> how deals write it: its id where the export has the table of stages."""
    table: pa.Table = company.export.unaccounted().table("Stage")
    rows = zip(plain_ids(column(table, "id")).to_pylist(), column(table, "name").to_pylist(), strict=True)
    by_id = {id_: name for id_, name in rows if id_ and name}
    present = {text for text in present_stages(company) if text}
    return {folded(by_id.get(text, text)): text for text in present} | {
        folded(name): id_ for id_, name in by_id.items() if id_ in present
    }
