"""Times, names and flags of event streams."""

from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from connectors.persons.rows import person_ids, slug
from connectors.persons.streams import (
    addresses,
    are_tests,
    attributes,
    host_of,
    kinds_of,
    moments,
    page_kinds,
)
from connectors.reading.values import read_times


@pytest.mark.parametrize(
    "name", ["Order Completed", "orderCompleted", "order_completed", " Order-Completed "]
)
def test_spellings_of_an_event_are_one_kind(name: str) -> None:
    assert slug(name) == "order_completed"


def test_signs_name_no_event() -> None:
    assert kinds_of(pa.array(["Cart Left", "-", "?!", "購入", None])).to_pylist() == [
        "cart_left",
        None,
        None,
        "購入",
        None,
    ]


def test_words_for_no_id_are_no_ids() -> None:
    ids = pa.array(["u1", "undefined", "NULL", "0", "x" * 300, "(not set)", None])
    assert person_ids(ids).to_pylist() == ["u1", None, None, None, None, None, None]


def test_nothing_happens_after_it_was_recorded() -> None:
    occurred = read_times(pa.array(["2026-01-02", "2026-01-05", None]), ZoneInfo("UTC"), None)
    recorded = read_times(pa.array(["2026-01-03"] * 3), ZoneInfo("UTC"), None)
    times = moments(occurred, recorded)
    assert ((times.recorded_us - times.us) // 86_400_000_000).tolist() == [1, 0, 0]
    assert times.moved.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("https://pricing.example/about", "page"), ("/Pricing?x=1", "page_pricing"), ("/de/preise", "page_pricing"),
        ("/cart", "page_cart"), ("/cartoons", "page"), ("/docs/api", "page_docs"), ("/sign-up", "page_signup"),
    ],
)  # fmt: skip
def test_pages_before_a_decision_have_kinds_of_their_own(path: str, kind: str) -> None:
    assert page_kinds("page", pa.array([path])).to_pylist() == [kind]


def test_addresses_and_hosts_are_read_from_texts() -> None:
    assert addresses(pa.array(["Ada@X.example", "ada", "a@b, c@d.e"])).to_pylist() == [
        "ada@x.example",
        None,
        None,
    ]
    urls = pa.array(["https://www.google.com/search?q=x", "google.com", None])
    assert host_of(urls).to_pylist() == ["google.com", None, None]


def test_attributes_of_two_spellings_are_one_and_reserved_names_are_none() -> None:
    table = pa.table(
        {"traits.companySize": ["5", None], "traits.company_size": ["6", "7"], "traits.createdAt": ["x", "y"]}
    )
    columns = attributes(table, ("traits.",))
    assert {name: values.to_pylist() for name, values in columns.items()} == {"company_size": ["5", "7"]}


def test_flags_of_tests_are_read_in_any_spelling() -> None:
    table = pa.table({"is_test": ["true", "1", "no", None]})
    assert np.array_equal(are_tests(table, ("is_test", "other")), [True, True, False, False])
