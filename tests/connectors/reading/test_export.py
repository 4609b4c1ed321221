"""An export as tables of declared fields: missing ones are null, rows have one account, settings all their faults."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from connectors.reading.export import booleans, column
from tests.builders.exports.small import export_of


def test_field_that_the_file_lacks_is_null(tmp_path: Path) -> None:
    table = export_of(tmp_path / "deals.csv", "id,created,note\n1,2026-01-01,x\n").table("Deal")
    assert column(table, "Amount").to_pylist() == [None]
    assert column(table, "note").to_pylist() == ["x"]
    assert column(table, "absent").to_pylist() == [None]


def test_rows_are_used_or_left_once(tmp_path: Path) -> None:
    export = export_of(tmp_path / "deals.csv", "id,created\n1,2026-01-01\n2,2026-01-01\n3,2026-01-01\n")
    table = export.leave(export.table("Deal"), "odd", np.array([False, True, False]))
    export.use(table)
    (account,) = export.accounts
    assert account.is_balanced
    assert (account.rows_used, account.set_aside["odd"].first) == (2, "deals.csv, row 3: odd")


def test_kind_without_a_table_has_no_rows(tmp_path: Path) -> None:
    export = export_of(tmp_path / "deals.csv", "id,created\n1,2026-01-01\n")
    assert len(export.table("Contact")) == 0
    assert not export.has("Contact")
    assert export.has_field("Deal", "Created")


def test_words_are_true_false_or_neither() -> None:
    true, false = booleans(pa.array(["Ja", "0", None, "maybe"]))
    assert true.tolist() == [True, False, False, False]
    assert false.tolist() == [False, True, False, False]
