"""Filters of the templates: short for people, empty for missing values, harmless for any text."""

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.pages.rendering import lead_link, moment, money, number, percent, points, schema_link


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.0, "0 %"), (0.1234, "12 %"), (0.0034, "0.3 %"), (0.01, "1 %"), (1.0, "100 %")],
)
def test_share_is_a_percentage(value: float | None, text: str) -> None:
    assert percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.12345, "0.123"), (999.4, "999"), (1234.5, "1,234"), (-5000, "-5,000")]
)
def test_number_has_three_digits_or_is_whole(value: float | None, text: str) -> None:
    assert number(value) == text


def test_missing_values_are_empty() -> None:
    assert money(None) == moment(None) == ""
    assert money(1234567.8) == "1,234,568"
    assert moment("2026-01-31T09:30:00.123456Z") == "2026-01-31 09:30:00 UTC"
    assert (points(1.25), points(-0.04)) == ("+1.2 points", "-0.0 points")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_link_of_a_lead_is_one_part_of_a_path(lead_id: str) -> None:
    link = lead_link(lead_id)
    assert link.count("/") == 2
    assert unquote(link.removeprefix("/leads/")) == lead_id


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"$ref": "#/components/schemas/Lead"}, '<a href="#schema-Lead">Lead</a>'),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"enum": ["a", "<b>"]}, "a, &lt;b&gt;"),
        ({"const": "won"}, "won"),
        ({}, "anything"),
    ],
    ids=str,
)
def test_schema_is_a_few_words(schema: dict[str, Any], text: str) -> None:
    assert str(schema_link(schema)) == text
