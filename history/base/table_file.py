"""Tables that Leadcast writes for others to read: named columns of one kind each, as CSV or Parquet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from history.base.atomic_file import write_table

if TYPE_CHECKING:
    import pyarrow as pa

TEXT: Final = "text"
COUNT: Final = "count"  # int64
NUMBER: Final = "number"  # float64
TIME: Final = "time"  # an instant, in files ISO 8601 text in UTC
DATE: Final = "date"  # a calendar day, in files ISO 8601 text
JSON: Final = "json"  # lists and objects, in files JSON text


def write_columns(columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, str], output: Path) -> None:
    """Parquet if the name ends so, CSV otherwise; columns in their order, numbers that read back to the last bit."""
    write_table(arrow_table(columns, kinds), output)


def arrow_table(columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, str]) -> "pa.Table":
    """The columns as `write_columns` writes them."""
    import pyarrow as pa  # slow to load

    types = {COUNT: pa.int64(), NUMBER: pa.float64()}
    return pa.table(
        {name: pa.array(values, types.get(kinds[name], pa.string())) for name, values in columns.items()}
    )
