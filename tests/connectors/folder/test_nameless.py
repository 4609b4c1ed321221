"""Columns that nobody named, and second copies, are no attributes; a second column with values of its own is one."""

import pyarrow as pa

from connectors.folder.nameless import without_nameless, without_nameless_changes


def test_columns_without_a_name_and_copies_are_left_out_and_noted() -> None:
    leads = pa.table(
        {
            "lead_id": ["1", "2"], "column 3": ["0", "1"], "Plan": ["a", "b"], "Plan (2)": ["a", "b"],
            "Seats": ["3", "4"], "Seats (2)": ["5", "6"], "Deal ID (2)": ["1", "2"], "Level (2)": ["x", "y"],
        }
    )  # fmt: skip
    left, notes = without_nameless(leads)
    assert left.column_names == ["lead_id", "Plan", "Seats", "Seats (2)", "Level (2)"]
    assert [note.partition(",")[0] for note in notes] == [
        "column 3 has no name in its header",
        "Plan stands twice with the same values: the second column is left out.",
        "Deal ID stands twice with the same values: the second column is left out.",
    ]


def test_traits_of_streams_without_a_name_have_no_changes() -> None:
    leads, notes = without_nameless(
        pa.table({"lead_id": ["1"], "column_3": ["0"], "id_2": ["1"], "plan_2": ["a"]})
    )
    assert (leads.column_names, len(notes)) == (["lead_id", "plan_2"], 2)
    changes = pa.table({"attribute": ["column_3", "plan", None], "value": ["1", "b", "c"]})
    assert without_nameless_changes(changes).column("value").to_pylist() == ["b", "c"]
