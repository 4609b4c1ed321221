"""How people see a lead: templates, guesses by column names, and missing values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.config.display import display_of, filled, leads_per_owner


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"contact": "Ann", "city": "Bonn"}, "Ann, Bonn"),
        ({"contact": "Ann", "city": None}, "Ann"),
        ({"contact": None, "city": "Bonn"}, "Bonn"),
        ({"contact": "", "city": None}, None),
    ],
)
def test_separators_stand_only_between_values(values: dict[str, str | None], text: str | None) -> None:
    assert filled("{contact}, {city}", values.get) == text


def test_text_around_a_column_goes_with_it() -> None:
    assert filled("Deal {n} (open)", {"n": "7"}.get) == "Deal 7 (open)"
    assert filled("Deal {n} (open)", {"m": "7"}.get) is None


@pytest.mark.parametrize(
    ("columns", "name", "detail"),
    [
        (("Company", "Contact Name", "City"), "Acme", "Ann, Bonn"),
        (("firmenname", "ort"), "Acme", "Bonn"),
        (("deal_name", "company"), "50 seats", "Acme"),
        (("first_name", "last_name"), "Ann Lee", None),
        (("industry", "employees"), None, None),
    ],
)
def test_usual_columns_are_guessed(columns: tuple[str, ...], name: str | None, detail: str | None) -> None:
    values = {
        "Company": "Acme",
        "company": "Acme",
        "firmenname": "Acme",
        "Contact Name": "Ann",
        "City": "Bonn",
        "ort": "Bonn",
        "deal_name": "50 seats",
        "first_name": "Ann",
        "last_name": "Lee",
        "industry": "software",
    }
    seen = display_of({}, columns).seen(values.get)
    assert (seen.name, seen.detail) == (name, detail)


def test_settings_come_before_guesses() -> None:
    display = display_of({"name": "{x} ({lead_id})", "email": "mail_2"}, ("company", "email", "x", "mail_2"))
    seen = display.seen({"x": "X", "lead_id": "7", "company": "Acme", "mail_2": "a@b.c"}.get)
    assert (seen.name, seen.email) == ("X (7)", "a@b.c")
    assert "name" not in display.guessed


def test_values_in_a_link_are_encoded() -> None:
    seen = display_of({"url": "https://crm.example/{lead_id}"}, ()).seen({"lead_id": "a/b?c=<d>"}.get)
    assert seen.url == "https://crm.example/a%2Fb%3Fc%3D%3Cd%3E"


COLUMNS = ("deal", "company", "account_name", "contact", "name", "city", "email", "phone", "mobile")


@given(st.dictionaries(st.sampled_from(COLUMNS), st.sampled_from(["a", "b", ""])))
def test_missing_columns_and_missing_values_are_alike(values: dict[str, str]) -> None:
    """A folder knows all columns, the store only those of the lead: people see the same."""
    own = tuple(name for name in COLUMNS if values.get(name))
    assert display_of({}, own).seen(values.get) == display_of({}, COLUMNS).seen(values.get)


def test_attention_of_an_owner_is_bounded_by_the_setting() -> None:
    assert leads_per_owner({}) == 20
    assert leads_per_owner({"attention_per_owner": 3}) == 3
