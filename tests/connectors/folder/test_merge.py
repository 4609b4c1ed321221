"""An export over an earlier import: rows of merged leads move to the survivor."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.folder.merge import FolderTables
from connectors.folder.write import SCHEMAS, TIME, new_folder


def interactions(rows: list[tuple[str, str]]) -> pa.Table:
    table = {"lead_id": [lead for lead, _ in rows], "interaction_id": [id_ for _, id_ in rows]}
    names = SCHEMAS["interactions"].names
    table |= {name: [None] * len(rows) for name in names if name not in table}
    table |= {"occurred_at": pa.array([0] * len(rows), TIME), "kind": ["call"] * len(rows)}
    return pa.table({name: table[name] for name in names}).cast(SCHEMAS["interactions"])


def leads(*ids: str) -> pa.Table:
    return pa.table({"lead_id": pa.array(ids, pa.string()), "created_at": pa.array([0] * len(ids), TIME)})


def test_interactions_of_a_merged_lead_move_to_the_survivor(tmp_path: Path) -> None:
    earlier = {
        "leads": leads("A", "B"),
        "interactions": interactions([("A", "1"), ("B", "1"), ("B", "2")]),
    }
    with new_folder(tmp_path / "crm") as folder:
        tables = FolderTables(folder, earlier)
        tables.merge({"B": "A"})
        tables.leads(leads("A"), 0, ())
        tables.finish()
    rows = pq.read_table(tmp_path / "crm" / "interactions.parquet").to_pylist()
    assert [(row["lead_id"], row["interaction_id"]) for row in rows] == [("A", "1"), ("A", "2")]
    assert pq.read_table(tmp_path / "crm" / "leads.parquet").column("lead_id").to_pylist() == ["A"]


def test_lead_without_its_interactions_was_absorbed(tmp_path: Path) -> None:
    """B is gone and A has its interaction; C has another of A's ids but is still there; D left no trace."""
    earlier = {
        "leads": leads("A", "B", "C", "D"),
        "interactions": interactions([("A", "1"), ("B", "2"), ("C", "3"), ("D", "4")]),
    }
    with new_folder(tmp_path / "crm") as folder:
        tables = FolderTables(folder, earlier)
        now = interactions([("A", "1"), ("A", "2"), ("A", "3")])
        assert tables.absorbed(now, ("A", "C")) == {"B": "A"}
        assert FolderTables(folder, {}).absorbed(now, ("A",)) == {}


def outcomes(*rows: tuple[str, str, int | None]) -> pa.Table:
    """Rows of (lead, outcome, closed_at)."""
    lead, outcome, closed = zip(*rows, strict=True)
    table = {"lead_id": lead, "outcome": outcome, "closed_at": pa.array(closed, TIME)}
    names = SCHEMAS["outcomes"].names
    table |= {name: [None] * len(rows) for name in names if name not in table}
    return pa.table({name: table[name] for name in names}).cast(SCHEMAS["outcomes"])


def test_undated_decision_since_the_earlier_export_is_known_by_this_one(tmp_path: Path) -> None:
    """A was open, B decided already; C is new, so nothing tells when it was decided; D has a date."""
    earlier = {"leads": leads("A", "B", "D"), "outcomes": outcomes(("B", "lost", None), ("D", "open", 5))}
    with new_folder(tmp_path / "crm") as folder:
        tables = FolderTables(folder, earlier, newest_us=50)
        tables.leads(leads("A", "B", "C", "D"), 100, ())
        now = outcomes(("A", "won", None), ("B", "won", None), ("C", "lost", None), ("D", "won", 70))
        tables.add("outcomes", now)
        tables.finish()
    rows = (
        pq.read_table(tmp_path / "crm" / "outcomes.parquet").filter(pc.field("outcome") != "open").to_pylist()
    )
    recorded = {(row["lead_id"], row["outcome"]): row["recorded_at"] is not None for row in rows}
    assert recorded == {
        ("B", "lost"): False, ("A", "won"): True, ("B", "won"): False, ("C", "lost"): False, ("D", "won"): False
    }  # fmt: skip
