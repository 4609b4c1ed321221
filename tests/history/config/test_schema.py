"""The declared records: columns of files, bounds, and words that the arrays have codes for."""

import pytest

from history.config.schema import NUMBER, OWN_ATTRIBUTES, TABLES, TEXT, TIME
from history.history import DIRECTIONS, STATES


@pytest.mark.parametrize("table", TABLES)
def test_the_own_time_of_every_table_is_a_time(table: str) -> None:
    layout = TABLES[table]
    assert layout.role(layout.own_time) == TIME


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_the_needed_and_then_the_optional_ones(table: str) -> None:
    layout = TABLES[table]
    assert set(layout.columns) == layout.fields.keys()
    assert layout.columns == layout.needed + layout.optional


def test_roles_of_a_file_are_times_numbers_and_texts() -> None:
    roles = {name: TABLES["interactions"].role(name) for name in ("recorded_at", "value", "kind", "x")}
    assert roles == {"recorded_at": TIME, "value": NUMBER, "kind": TEXT, "x": TEXT}


def test_words_of_a_field_have_a_code_each() -> None:
    assert TABLES["outcomes"].fields["outcome"].choices == tuple(STATES)
    assert TABLES["interactions"].fields["direction"].choices == tuple(DIRECTIONS)


def test_attributes_with_a_column_are_fields_of_leads() -> None:
    assert set(OWN_ATTRIBUTES) <= TABLES["leads"].fields.keys()
