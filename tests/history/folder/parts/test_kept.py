"""Leads that are kept of parts are those of the folder read at once, in its order, with the reports of all."""

from pathlib import Path

import numpy as np

from history.base.progress import no_progress
from history.folder.parts.gather import PartHistory, gather
from history.folder.parts.kept import KeptLeads, kept_history
from history.folder.parts.split import split_folder
from history.folder.validate import ReadOptions
from history.read import read_folder


def test_kept_leads_are_in_the_order_of_the_folder(crm: Path, tmp_path: Path) -> None:
    whole = read_folder(crm)
    folder = split_folder(crm, None, 3, tmp_path, no_progress)

    def work(of_part: PartHistory) -> KeptLeads:
        first = np.arange(len(of_part.history) // 2)
        return KeptLeads.of(of_part.history, of_part.rows, first)

    gathered = gather(folder, ReadOptions(folder.config), None, work, no_progress)
    kept = kept_history(gathered.results, gathered)
    assert whole.interactions.ids is not None
    assert all(part.history.interactions.ids is None for part in gathered.results)
    wanted = set(kept.lead_ids)
    assert kept.lead_ids == [lead_id for lead_id in whole.lead_ids if lead_id in wanted]
    assert len(kept) == sum(len(part.rows) for part in gathered.results)
    assert (kept.reports, kept.warnings) == (whole.reports, whole.warnings)
