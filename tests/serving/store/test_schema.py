"""Tables of the store: the columns of facts are the fields of the declared records."""

import pytest

from history.config.schema import TABLES
from serving.store.schema import (
    BESIDE,
    CODE_COLUMNS,
    COUNTS,
    DERIVED,
    FACT_COLUMNS,
    FACTS,
    KEY_COLUMNS,
    leads,
    metadata,
)


@pytest.mark.parametrize("table", FACTS, ids=lambda table: table.name)
def test_fact_table_has_a_column_for_every_field(table: object) -> None:
    name = table.name  # type: ignore[attr-defined]
    layout = TABLES[name]
    content = {
        CODE_COLUMNS.get(name, name) for name, field in layout.fields.items() if not field.in_folders_only
    }
    content -= {"lead_id", layout.own_time, "recorded_at"}
    assert set(FACT_COLUMNS[name]) == {"time_us", "known_us", *content}
    assert list(FACT_COLUMNS[name][:2]) == ["time_us", "known_us"]


def test_facts_are_clustered_by_lead_and_arrival() -> None:
    for table in FACTS:
        assert tuple(column.name for column in table.primary_key) == KEY_COLUMNS
        assert [key.column.table.name for key in table.foreign_keys] == ["leads"]


def test_every_table_hangs_on_a_lead_or_is_known() -> None:
    own = {"leads", "event_ids", "corrections", "costs", "settings", "reports", "search_changes"} | {
        table.name for table in COUNTS
    }
    of_leads = {table.name for table in (*FACTS, *DERIVED, *BESIDE)}
    assert set(metadata.tables) == own | of_leads
    assert leads.c.lead_id.unique
