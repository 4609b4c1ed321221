"""Names of columns and data names in sentences."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.feature import LONGEST_SHOWN, LONGEST_SLUG, Block, quoted, slug, slugs, spoken


def test_slugs_keep_plain_names_and_distinguish_others() -> None:
    assert slugs(["call", "Demo call", "new"]) == ["call", "demo_call", "new"]
    first, second, third = slugs(["a b", "a_b", "A-B"])
    assert second == "a_b"
    assert len({first, second, third}) == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("profile_fit", "profile fit"),
        ("Profile Fit", "Profile Fit"),
        ("Profile_Fit__c", "profile fit"),
        ("crm__ERP_System_2__c", "ERP system 2"),
        ("Person_Title__pc", "person title"),
        ("NumberOfEmployees", "NumberOfEmployees"),
        ("a__c d", "a  c d"),
        ("__c", "  c"),
    ],
)
def test_names_of_columns_are_spoken_as_words(name: str, words: str) -> None:
    """Custom fields of Salesforce were "Profile Fit  c"."""
    assert spoken(name) == words


def test_long_data_names_are_cut_in_sentences() -> None:
    assert quoted("a" * 60) == "a" * 60
    assert quoted("a" * 61) == "a" * 57 + "..."
    assert quoted("{x}  y") == "{{x}} y"


@given(st.lists(st.text(max_size=50), unique=True, max_size=8))
def test_slugs_are_distinct_lower_case_ascii(texts: list[str]) -> None:
    names = slugs(texts)
    assert len(set(names)) == len(texts)
    assert all(re.fullmatch("[a-z0-9_]+", name) for name in names)
    assert all(len(slug(text)) <= LONGEST_SLUG for text in texts)


@given(st.text(max_size=100))
def test_quoted_name_stays_literal_in_a_template(text: str) -> None:
    shown = quoted(text).format(value="x")
    assert len(shown) <= LONGEST_SHOWN
    assert len(text) > LONGEST_SHOWN or shown == " ".join(text.split())


def test_figures_of_past_leads_are_those_of_attributes_and_combinations() -> None:
    attributes, stages = Block("attributes"), Block("stages")
    assert attributes.number("attr_owner_past_leads", "leads", "").of_past_leads
    assert attributes.number("attr_owner_win_rate", "share", "").of_past_leads
    assert not attributes.number("attr_owner_share", "share", "").of_past_leads
    assert Block("combinations").number("attr_owner_with_product", "times", "").of_past_leads
    assert not stages.number("stage_win_rate", "share", "").of_past_leads
