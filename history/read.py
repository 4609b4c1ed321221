"""The two doors: tables of a folder, or request records, to the same validated History by the same rules."""

from pathlib import Path
from typing import TYPE_CHECKING

from history.config import FunnelConfig
from history.history import History
from history.records.read import read_records
from history.times import format_time, parse_time, parse_times

if TYPE_CHECKING:
    from history.folder.data_folder import DataFolder
    from history.folder.row_filter import RejectedRow

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
    the folder's. as_of_us None is the latest created, own or recorded time of the data that is not after now_us. With
    now_us, times more than a day after it are rejected. What was set aside is counted in history.reports; each such row
    in full is appended to `rejected` where given.
    Raises InvalidInput with every fault of the configuration and of all tables.
    """
    from history.folder.read import read_history  # keeps pyarrow out of the processes that read records only

    return read_history(Path(folder), config, as_of_us, now_us, rejected)


def open_folder(folder: Path, now_us: int | None = None) -> "DataFolder":
    """A data folder read once, whose histories at any instant are read_folder's; raises InvalidInput as that does."""
    from history.folder.data_folder import DataFolder  # keeps pyarrow out of processes that read records only

    return DataFolder(Path(folder), now_us)
