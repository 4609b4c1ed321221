"""Labels and API names of one column are one attribute; names that fit several columns, or none, stay as they are."""

import pytest

from history.folder.attribute_names import attribute_names

COLUMNS = ("lead_id", "created_at", "owner", "CloseDate", "Region", "region", "Plan__c")
MAPPING = {"owner": "Owner Full Name"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("owner", "owner"),
        ("Owner", "owner"),
        ("Owner Full Name", "owner"),
        ("OwnerId", "owner"),
        ("Opportunity Owner", "owner"),
        ("Close Date", "CloseDate"),
        ("close_date", "CloseDate"),
        ("Plan", "Plan__c"),
        ("Lead Source", "source"),
        ("Account ID", "account_id"),
        ("Region", "Region"),
        ("Budget", "Budget"),
    ],
)
def test_attribute_is_matched(text: str, name: str) -> None:
    names = attribute_names([text], COLUMNS, MAPPING)
    assert names.names == [name]
    assert names.near == {}


def test_nearly_known_name_is_pointed_out_and_kept() -> None:
    texts = ["Onwer", "ClosedDate", "REGION"]
    names = attribute_names(texts, COLUMNS, MAPPING)
    assert names.names == texts
    assert names.near == {"Onwer": "owner", "ClosedDate": "CloseDate", "REGION": "Region"}
    assert names.renamed == {}


def test_names_of_funnel_toml_are_known() -> None:
    assert attribute_names(["Internal Note"], ["internal_note"], {}).names == ["internal_note"]
