"""The data of a folder for `leadcast check`: its whole history, or part after part if it is larger than memory."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cli.options import now_us
from cli.parts import echo_at_once, parts_of, split_on_disk
from history.base.arrays import Ints
from history.base.progress import Progress, part
from history.base.warnings import Warning
from history.folder.parts.gather import Gathered, PartHistory, gather
from history.folder.parts.size import free_bytes, parts_in_memory
from history.folder.parts.split import NeedsWhole, SplitFolder
from history.folder.rules.row_filter import RejectedRow
from history.folder.validate import ReadOptions
from history.history import LOST, OPEN, WON, History
from history.joined import joined
from history.read import read_folder
from history.snapshot import state_at

STATES = {"won": WON, "lost": LOST, "open": OPEN}
SPLITTING = 0.2  # of the time that reading takes


@dataclass(frozen=True)
class Checked:
    """What is checked of a folder. states: its leads by state. warnings: about how it was read.

    history: of all leads, or of those whose columns are audited, with the reports of all.
    """

    history: History
    states: Mapping[str, int]
    warnings: tuple[Warning, ...]

    @property
    def leads(self) -> int:
        """All leads of the folder."""
        return sum(self.states.values())

    @property
    def is_sample(self) -> bool:
        """Whether columns are audited on some of the leads."""
        return len(self.history) < self.leads


def checked(data: Path, parts: int | None, rejected: list[RejectedRow] | None, report: Progress) -> Checked:
    """Reads a folder; parts: --parts. Rows that are set aside are appended to `rejected`, if they are wanted.

    Of a folder that is split, every row is read, and the leads of as many parts as fit into memory are kept. Parts are
    drawn by a hash of the leads' ids, so that those of one are like those of any other.
    """
    n_parts = parts_of(data, parts)
    if n_parts is not None:
        try:
            if rejected is not None:
                raise NeedsWhole("--rejected writes rows in the order of all")
            with split_on_disk(data, None, n_parts, part(report, 0.0, SPLITTING)) as folder:
                return _by_parts(data, folder, part(report, SPLITTING, 1.0))
        except NeedsWhole as reason:
            echo_at_once(data, reason)
    report("reading the data", 0.0)
    history = read_folder(data, now_us=now_us(), rejected=rejected)
    return Checked(history, states_of(history), history.warnings)


def states_of(history: History) -> dict[str, int]:
    """The leads of a history by their state at its T."""
    leads = np.arange(len(history))
    states = state_at(history, leads, np.full(len(history), history.as_of_us))
    return {name: int((states == state).sum()) for name, state in STATES.items()}


class _OfPart(NamedTuple):
    """The states of a part's leads, their row numbers (n,), and their history if it is kept."""

    states: dict[str, int]
    rows: Ints
    history: History | None


def _by_parts(data: Path, folder: SplitFolder, report: Progress) -> Checked:
    kept = parts_in_memory(data, folder.n_parts, free_bytes())

    def work(of_part: PartHistory) -> _OfPart:
        history = of_part.history
        return _OfPart(states_of(history), of_part.rows, history if of_part.number < kept else None)

    gathered = gather(folder, ReadOptions(folder.config, now_us()), None, work, report)
    states = {name: sum(of_part.states[name] for of_part in gathered.results) for name in STATES}
    return Checked(_history_of(gathered), states, gathered.warnings)


def _history_of(gathered: Gathered[_OfPart]) -> History:
    """The kept leads in the order of the folder, with the reports of all."""
    kept = [(part.history, part.rows) for part in gathered.results if part.history is not None]
    order = np.argsort(np.concatenate([rows for _, rows in kept]), kind="stable")
    history = joined([history for history, _ in kept], order)
    return replace(history, reports=gathered.reports, warnings=gathered.warnings)
