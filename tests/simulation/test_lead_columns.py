"""Columns of leads.csv: one text a lead, missing where the traits are, equal names for equal companies."""

import re
from datetime import UTC, datetime

import numpy as np
import pytest

from simulation.lead_columns import lead_ids, times
from simulation.traits import INDUSTRIES, ROLES, draw_traits
from tests.builders.worlds.small_world import LEADS, simulated_batch, simulated_world

WORLD = simulated_world()
BATCH = simulated_batch(WORLD)
COLUMNS = BATCH.columns
TRAITS = draw_traits(WORLD, BATCH.index, BATCH.starts.day)


def test_every_column_has_a_text_for_each_lead() -> None:
    assert {len(values) for values in COLUMNS.values()} == {LEADS}
    assert len(set(COLUMNS["lead_id"])) == LEADS
    assert {type(value) for values in COLUMNS.values() for value in values} == {str, type(None)}


@pytest.mark.parametrize(
    ("column", "codes", "values"),
    [("industry", TRAITS.industry, INDUSTRIES), ("contact_role", TRAITS.role, ROLES)],
    ids=["industry", "role"],
)
def test_category_is_missing_where_the_trait_is(
    column: str, codes: np.ndarray, values: tuple[str, ...]
) -> None:
    assert COLUMNS[column] == [None if code < 0 else values[code] for code in codes.tolist()]


def test_number_is_missing_where_the_trait_is() -> None:
    for column, trait in (("seats", TRAITS.seats), ("employees", TRAITS.employees)):
        assert [value is None for value in COLUMNS[column]] == np.isnan(trait).tolist()


def test_leads_of_one_account_share_company_and_city() -> None:
    by_account: dict[str | None, set[tuple[str | None, str | None]]] = {}
    for account, company, city in zip(*(COLUMNS[c] for c in ("account_id", "company", "city")), strict=True):
        by_account.setdefault(account, set()).add((company, city))
    private = by_account.pop(None)
    assert {company for company, _ in private} == {None}
    assert max(map(len, by_account.values())) == 1
    assert len(by_account) < 0.9 * LEADS


def test_planned_date_lies_after_the_creation() -> None:
    for created, planned in zip(COLUMNS["created_at"], COLUMNS["planned_close_on"], strict=True):
        assert created is not None
        assert planned is None or planned > created[:10]


def test_times_are_iso_texts_to_the_second() -> None:
    (text,) = times(np.array([1_700_000_000_123_456]))
    assert text == "2023-11-14T22:13:20Z"
    assert datetime.fromisoformat(text) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert re.fullmatch(r"L\d{7}", lead_ids(np.array([0]))[0])
