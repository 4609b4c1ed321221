"""The inputs of the product: a data folder or request records become the same validated History by the same rules.

A module of its own, not history/__init__.py: every `import history.X` runs that file, and commands such as
`leadcast --help` must not load numpy.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from history.config.config import FunnelConfig
from history.history import History
from history.records.read import read_records
from history.text.times import format_time, parse_time, parse_times

if TYPE_CHECKING:
    from history.folder.data_folder import DataFolder
    from history.folder.rules.row_filter import RejectedRow

__all__ = ["format_time", "open_folder", "parse_time", "parse_times", "read_folder", "read_records"]


def read_folder(
    folder: Path,
    *,
    config: FunnelConfig | None = None,
    as_of_us: int | None = None,
    now_us: int | None = None,
    rejected: "list[RejectedRow] | None" = None,
) -> History:
    """The history of a data folder as visible at as_of_us, rows ordered by lead, time and file order.

    config None is the folder's own funnel.toml; a given one (a model's) replaces it but for the column names, which are
    the folder's. as_of_us None is the end of the data: the latest created, own or recorded time that is not after
    now_us, without a few rows far after all others (history/data_end.py). With
    now_us, times more than a day after it are rejected. Rejected rows are counted in history.reports; each such row
    in full is appended to `rejected`, if given.
    Raises InvalidInput with every fault of the configuration and of all tables.
    """
    from history.folder.read import read_history  # keeps pyarrow out of the processes that read records only

    return read_history(Path(folder), config, as_of_us, now_us, rejected)


def read_as_stored(folder: Path, now_us: int | None = None) -> History:
    """The whole history of a data folder as the service's store keeps it, from which it reads what is visible at a T.

    It has the leads that are gone, with the outcome GONE, and closing words among the stages. Raises as read_folder.
    """
    from history.folder.read import read_as_stored  # keeps pyarrow out of processes that read records only

    return read_as_stored(Path(folder), now_us)


def open_folder(folder: Path, now_us: int | None = None) -> "DataFolder":
    """A data folder read once, whose histories at any instant are read_folder's; raises InvalidInput as that does."""
    from history.folder.data_folder import DataFolder  # keeps pyarrow out of processes that read records only

    return DataFolder(Path(folder), now_us)
