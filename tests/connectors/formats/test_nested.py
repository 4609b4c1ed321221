"""Nested columns of typed tables as texts: structs, pairs and lists as row by row reading gives them."""

from typing import Any

import pyarrow as pa
import pytest

from connectors.formats.nested import IrregularError, Names, are_pairs, flat_columns, record_lists, text_of
from history.text.values import value_text


def flat(rows: list[dict[str, Any]], wanted: Any = lambda _name: True) -> dict[str, list[str | None]]:
    columns = flat_columns(pa.Table.from_pylist(rows), wanted)
    return {name: values.to_pylist() for name, values in columns.items()}


def test_structs_are_dotted_columns() -> None:
    rows: list[dict[str, Any]] = [{"a": {"b": {"c": 1}, "d": "x"}}, {"a": None}]
    assert flat(rows) == {"a.b.c": ["1", None], "a.d": ["x", None]}


def test_pairs_are_a_column_for_each_name() -> None:
    pairs = [
        [{"key": "size", "value": "10"}, {"key": "city", "value": "Ulm"}],
        [{"key": "city", "value": None}],
        [],
    ]
    assert flat([{"p": entry} for entry in pairs]) == {
        "p.size": ["10", None, None],
        "p.city": ["Ulm", None, None],
    }


def test_name_twice_among_the_pairs_of_a_row_is_irregular() -> None:
    with pytest.raises(IrregularError):
        flat([{"p": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}])


def test_values_of_a_list_are_one_text() -> None:
    assert flat([{"t": ["x", None, "y"]}, {"t": []}, {"t": None}]) == {"t": ["x;y", None, None]}


def test_records_of_a_list_are_a_table_of_their_own() -> None:
    table = pa.Table.from_pylist([{"id": "1", "moves": [{"at": "x", "to": {"stage": "y"}}]}])
    assert flat_columns(table, lambda _name: True).keys() == {"id"}
    assert record_lists(table.schema) == {"moves": ("at", "to.stage", "parent.Id")}


def test_only_wanted_columns_are_read_and_all_named() -> None:
    rows = [{"a": {"b": 1, "c": 2}}]
    assert set(flat(rows, lambda name: name == "a.c")) == {"a.c"}
    names = Names()
    assert flat(rows, names) == {}
    assert list(names.seen) == ["a.b", "a.c"]


@pytest.mark.parametrize(
    "values",
    [[1.0, 2.5, 1e-7, 1e22, -0.0, float("nan"), None], [True, False, None], [" x ", "", None], [3, None]],
    ids=str,
)
def test_text_of_a_value_is_that_of_every_door(values: list[Any]) -> None:
    expected = [value_text(value.strip() if isinstance(value, str) else value) for value in values]
    assert text_of(pa.array(values)).to_pylist() == expected


def test_list_of_values_is_no_list_of_pairs() -> None:
    pair = pa.struct([("key", pa.string()), ("value", pa.string())])
    assert are_pairs(pa.list_(pair))
    assert not are_pairs(pa.list_(pa.string()))
    assert not are_pairs(pa.list_(pa.struct([("key", pa.string())])))
