"""Cells of a mapping file: several columns, constants, words, and several values in one cell."""

from pathlib import Path

import pyarrow as pa
import pytest

from connectors.mapping.cells import column_of, split_rows, texts_of
from connectors.mapping.read import Cell, Entry
from history.base.errors import InvalidInput
from tests.builders.exports.small import export_of


def test_first_filled_column_counts_then_the_constant() -> None:
    table = pa.table({"a": ["x", None, None], "b": ["y", "z", None]})
    assert texts_of(table, Cell(("a", "b"), "none")).to_pylist() == ["x", "z", "none"]
    assert texts_of(table, Cell(("missing",))).to_pylist() == [None, None, None]


def test_words_are_replaced_whatever_their_case() -> None:
    table = pa.table({"a": ["Anruf", "ANRUF", "fax", None]})
    assert texts_of(table, Cell(("a",), words={"anruf": "call"})).to_pylist() == ["call", "call", "fax", None]


def test_cell_of_several_values_becomes_several_rows() -> None:
    table = pa.table({"lead_id": ["1", "2", "3"], "kind": ["Anruf; mail", ";", None]})
    cells = {"lead_id": Cell(("id",)), "kind": Cell(("kinds",), words={"anruf": "call"}, split=";")}
    rows = split_rows(table, Entry("interactions", "*.csv", cells)).to_pylist()
    assert rows == [{"lead_id": "1", "kind": "call"}, {"lead_id": "1", "kind": "mail"}]


def test_column_without_a_cell_is_null_in_its_type(tmp_path: Path) -> None:
    export = export_of(tmp_path / "deals.csv", "Id,Created\n1,2026-01-01\n")
    column = column_of(export, pa.table({"a": ["1"]}), "amount", Entry("outcomes", "*.csv", {}))
    assert column.type == pa.float64()
    assert column.to_pylist() == [None]


def test_outcome_that_no_word_explains_is_refused(tmp_path: Path) -> None:
    export = export_of(tmp_path / "deals.csv", "Id,Created\n1,2026-01-01\n")
    entry = Entry("outcomes", "*.csv", {"outcome": Cell(("state",), words={"ja": "won"})})
    known = pa.table({"state": ["Ja", "lost"]})
    assert column_of(export, known, "outcome", entry).to_pylist() == ["won", "lost"]
    with pytest.raises(InvalidInput, match='1 words are neither won, lost, open nor gone: "vielleicht"'):
        column_of(export, pa.table({"state": ["vielleicht"]}), "outcome", entry)
