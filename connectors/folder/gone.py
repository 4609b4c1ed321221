"""Leads that exports called deleted or merged: they stay out of later imports of older exports."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.folder.write import SCHEMAS, TIME
from connectors.reading.ids import survivors_of
from history.base.errors import InvalidInput

GONE: Final = "gone"


class GoneLeads:
    """Those of an earlier import (`gone`, None without one), and those that an export adds."""

    def __init__(self, earlier: pa.Table | None) -> None:
        self._us: dict[str, int] = {}
        self._into: dict[str, str] = {}
        self._new: set[str] = set()
        self._out: pa.Array = pa.array([], pa.string())
        if earlier is not None:
            ids, into, at = (earlier.column(name) for name in SCHEMAS[GONE].names)
            self._us = dict(zip(ids.to_pylist(), at.cast(pa.int64()).to_pylist(), strict=True))
            self._into = dict(zip(ids.to_pylist(), into.to_pylist(), strict=True))

    def add(self, into: Mapping[str, str]) -> None:
        """Leads that the export says are gone, each with the lead it was merged into, "" for a deleted one."""
        self._new.update(into)
        self._into |= {id_: survivor for id_, survivor in into.items() if survivor or id_ not in self._into}

    def table(self, exported_us: int, present: pa.ChunkedArray) -> pa.Table:
        """The rows to keep. Of the export's own leads (present), those stay out that a newer export called gone."""
        own = set(present.filter(pc.is_in(present, value_set=_texts([*self._us, *self._new]))).to_pylist())
        self._us |= {id_: max(exported_us, self._us.get(id_, exported_us)) for id_ in self._new - own}
        alive = {id_ for id_ in own if self._us.get(id_, exported_us - 1) < exported_us}
        listed = [id_ for id_ in self._us if id_ not in alive]
        self._out = _texts(listed)
        return pa.table(
            [
                _texts(listed),
                pa.array([self._into[id_] for id_ in listed], pa.string()),
                pa.array([self._us[id_] for id_ in listed], pa.int64()).cast(TIME),
            ],
            schema=SCHEMAS[GONE],
        )

    def without(self, table: pa.Table) -> pa.Table:
        """The rows of leads that are not kept out."""
        return table.filter(pc.invert(self._are_out(table))) if len(self._out) else table

    def moved(self, interactions: pa.Table) -> pa.Table:
        """Interactions of merged leads as their survivors', without those of deleted leads."""
        if not len(self._out) or not pc.any(self._are_out(interactions)).as_py():
            return interactions
        final = survivors_of((id_, survivor) for id_, survivor in self._into.items() if survivor)
        ids = [final.get(id_, id_) for id_ in interactions.column("lead_id").to_pylist()]
        place = interactions.schema.get_field_index("lead_id")
        return self.without(interactions.set_column(place, "lead_id", pa.array(ids, pa.string())))

    def _are_out(self, table: pa.Table) -> pa.ChunkedArray:
        return pc.is_in(table.column("lead_id"), value_set=self._out)


def read_gone(folder: Path) -> dict[str, str]:
    """The leads that imports into a data folder called gone, each with its survivor or ""; raises InvalidInput."""
    path = folder / f"{GONE}.parquet"
    if not path.is_file():
        return {}
    try:
        table = pq.read_table(path, schema=SCHEMAS[GONE])
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{path} of an earlier import is damaged: {error}; import again.") from error
    return dict(
        zip(table.column("lead_id").to_pylist(), table.column("merged_into").to_pylist(), strict=True)
    )


def _texts(ids: Collection[str]) -> pa.Array:
    return pa.array(list(ids), pa.string())
