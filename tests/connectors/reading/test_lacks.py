"""What an export says nothing of, and where its system has it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from connectors.folder.write import SCHEMAS, TIME
from connectors.reading.lacks import (
    ACTIVITIES,
    OWNER_HISTORY,
    STAGE_HISTORY,
    activity_lack,
    column_lack,
    owner_of_today,
    stage_lack,
)
from connectors.run import PERSON, SYSTEMS

EXPORTED = datetime(2026, 6, 1, tzinfo=UTC)


def stages(recorded: Sequence[datetime | None]) -> pa.Table:
    rows = len(recorded)
    columns = {
        "lead_id": pa.array(map(str, range(rows)), pa.string()),
        "entered_at": pa.array([EXPORTED] * rows, TIME),
        "stage": pa.array(["offer"] * rows, pa.string()),
        "recorded_at": pa.array(recorded, TIME),
    }
    return pa.table(columns).cast(SCHEMAS["stages"])


@pytest.mark.parametrize("system", STAGE_HISTORY)
def test_present_stages_name_the_export_that_has_their_history(system: str) -> None:
    lack = stage_lack(system, stages([EXPORTED, EXPORTED, None]))
    assert lack is not None
    assert lack.startswith("no note of when stages changed (2 of 3 stages are known only since the export)")
    assert STAGE_HISTORY[system] in lack


def test_history_of_half_of_the_entries_is_a_history() -> None:
    assert stage_lack("odoo", stages([None, EXPORTED])) is None
    assert stage_lack("odoo", stages([])) is not None


def test_import_without_interactions_names_their_export() -> None:
    assert activity_lack("odoo", {"leads": 3, "interactions": 1}) is None
    lack = activity_lack("odoo", {"leads": 3})
    assert lack is not None
    assert ACTIVITIES["odoo"] in lack


def test_owner_without_a_history_is_of_today() -> None:
    assert owner_of_today("pardot", ["owner"], ["newsletter"]) is not None
    assert owner_of_today("pardot", ["owner"], ["owner"]) is None
    assert owner_of_today("pardot", ["source"], []) is None
    assert owner_of_today("segment", ["owner"], []) is None
    assert "OpportunityFieldHistory" in str(owner_of_today("salesforce", ["owner"], []))


def test_list_with_few_fields_asks_for_all() -> None:
    columns = ["lead_id", "created_at", "account_id", "owner", "source", "Name", "Seats"]
    assert "only 1 of your own fields (Seats)" in str(column_lack("salesforce", columns, ["Name"]))
    assert "none of your own fields" in str(column_lack("odoo", columns[:6], ["Name"]))
    assert column_lack("salesforce", [*columns, "Country", "Product"], ["Name"]) is None
    assert column_lack("segment", columns, ["Name"]) is None


def test_every_system_with_deals_says_where_its_history_is() -> None:
    from importlib import import_module

    deals = {name for name, module in SYSTEMS.items() if import_module(module).OBJECTS[0] != PERSON}
    assert set(STAGE_HISTORY) == deals
    assert set(ACTIVITIES) >= deals
    assert set(OWNER_HISTORY) >= deals
