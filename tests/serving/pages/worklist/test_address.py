"""Addresses of the worklist: what a link changes, what it keeps, and what it never keeps."""

from urllib.parse import parse_qs

from serving.pages.worklist.address import address_of

ADDRESS = address_of(
    {"order": "change", "owner": ("Ann", "a&b=c"), "q": "", "reverse": False, "capacity": 20, "cursor": "x"}
)


def test_links_keep_all_but_the_place_in_the_list() -> None:
    assert parse_qs(ADDRESS.query()) == {"order": ["change"], "owner": ["Ann", "a&b=c"], "capacity": ["20"]}
    assert parse_qs(ADDRESS.query(cursor="y"))["cursor"] == ["y"]
    assert ADDRESS.link(order=None, owner=None, capacity=None) == "/"


def test_one_value_of_several_is_removed() -> None:
    assert parse_qs(ADDRESS.without("owner", "a&b=c").partition("?")[2])["owner"] == ["Ann"]


def test_defaults_are_not_written() -> None:
    assert address_of({"order": "expected_revenue"}).link() == "/"
    assert address_of({"reverse": True}).link() == "/?reverse=true"


def test_hidden_fields_are_those_that_a_form_does_not_set() -> None:
    assert list(ADDRESS.fields("owner")) == [("order", "change"), ("capacity", "20")]
    assert ADDRESS.is_filtered
    assert not address_of({"order": "change", "capacity": 3}).is_filtered
    assert (ADDRESS.one("order"), ADDRESS.one("grade", "-")) == ("change", "-")
