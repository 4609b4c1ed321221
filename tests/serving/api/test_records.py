"""Records of requests derive from the declared ones: no field is added, lost or described twice."""

import pytest

from history.config import schema
from serving.api.records import (
    CHANGE,
    EVENTS,
    INTERACTION,
    INTERACTION_DATA,
    LEAD,
    OUTCOME,
    OUTCOME_DATA,
    STAGE,
    STORED_LEAD,
)
from serving.http.shapes import Shape


@pytest.mark.parametrize(
    ("shape", "table"),
    [(INTERACTION, "interactions"), (STAGE, "stages"), (CHANGE, "attribute_changes"), (OUTCOME, "outcomes")],
    ids=lambda value: getattr(value, "name", value),
)
def test_row_of_a_request_has_the_declared_fields(shape: Shape, table: str) -> None:
    declared = schema.TABLES[table].fields
    in_requests = {name for name, field in declared.items() if not field.in_folders_only}
    assert set(shape.fields) == in_requests - {"lead_id"}
    for name, field in shape.fields.items():
        assert field.about == declared[name].description
        assert field.required == (declared[name].required or (table, name) == ("outcomes", "closed_at"))


def test_lead_has_its_own_attributes_and_the_rows() -> None:
    rows = {"attributes", "interactions", "stages", "attribute_changes", "outcome"}
    assert set(LEAD.fields) == {"lead_id", "created_at", *schema.OWN_ATTRIBUTES, *rows}
    assert set(STORED_LEAD.fields) == {"created_at", *schema.OWN_ATTRIBUTES, "attributes"}


def test_data_of_an_event_have_no_time_of_their_own() -> None:
    assert set(INTERACTION_DATA.fields) == set(INTERACTION.fields) - {"occurred_at", "recorded_at"}
    assert set(OUTCOME_DATA.fields) == set(OUTCOME.fields) - {"closed_at", "recorded_at"}
    for kind, shape in EVENTS.items():
        assert set(shape.fields) == {"event_id", "lead_id", "type", "occurred_at", "data"}
        assert shape.name == f"{kind.capitalize()}Event"
        assert all(field.required for field in shape.fields.values())


def test_missing_and_unknown_fields_are_told_at_once() -> None:
    errors = LEAD.problems({"lead_id": "a", "colour": "red", "stages": [{"stage": 3}]}, ("body",))
    assert {tuple(entry["loc"]) for entry in errors} == {
        ("body", "created_at"), ("body", "colour"), ("body", "stages", 0, "stage"), ("body", "stages", 0, "entered_at"),
    }  # fmt: skip
