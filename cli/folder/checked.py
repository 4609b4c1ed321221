"""The data of a folder for `leadcast check`: its whole history, or part after part if it is larger than memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cli.folder.parts import SPLITTING, Split, in_parts
from cli.options import now_us
from history.base.free_memory import free_bytes
from history.base.progress import Progress, part
from history.base.warnings import Warning
from history.folder.parts.gather import PartHistory, gather
from history.folder.parts.kept import KeptLeads, kept_history
from history.folder.parts.size import parts_in_memory
from history.folder.parts.split import SplitFolder
from history.folder.rules.row_filter import RejectedRow
from history.folder.validate import ReadOptions
from history.history import LOST, OPEN, WON, History
from history.read import read_folder
from history.snapshot import state_at

STATES = {"won": WON, "lost": LOST, "open": OPEN}


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


def checked(data: Path, n_parts: int | None, rejected: list[RejectedRow] | None, report: Progress) -> Checked:
    """Reads a folder; n_parts: into which it is split, None if it is read at once. Rows that are set aside are appended
    to `rejected`, if they are wanted.

    Of a folder that is split, every row is read, and the leads of as many parts as fit into memory are kept. Parts are
    drawn by a hash of the leads' ids, so that those of one are like those of any other.
    """
    needs_whole = None if rejected is None else "--rejected writes rows in the order of all"
    result = in_parts(
        Split(data, None, n_parts, needs_whole),
        part(report, 0.0, SPLITTING),
        lambda folder: _by_parts(data, folder, part(report, SPLITTING, 1.0)),
    )
    if result is not None:
        return result
    report("reading the data", 0.0)
    history = read_folder(data, now_us=now_us(), rejected=rejected)
    return Checked(history, states_of(history), history.warnings)


def states_of(history: History) -> dict[str, int]:
    """The leads of a history by their state at its T."""
    leads = np.arange(len(history))
    states = state_at(history, leads, np.full(len(history), history.as_of_us))
    return {name: int((states == state).sum()) for name, state in STATES.items()}


class _OfPart(NamedTuple):
    """The states of a part's leads, and the leads themselves if they are kept."""

    states: dict[str, int]
    kept: KeptLeads | None


def _by_parts(data: Path, folder: SplitFolder, report: Progress) -> Checked:
    kept = parts_in_memory(data, folder.n_parts, free_bytes())

    def work(of_part: PartHistory) -> _OfPart:
        history = of_part.history
        leads = KeptLeads.of(history, of_part.rows) if of_part.number < kept else None
        return _OfPart(states_of(history), leads)

    gathered = gather(folder, ReadOptions(folder.config, now_us()), None, work, report)
    states = {name: sum(of_part.states[name] for of_part in gathered.results) for name in STATES}
    leads = [of_part.kept for of_part in gathered.results if of_part.kept is not None]
    return Checked(kept_history(leads, gathered), states, gathered.warnings)
