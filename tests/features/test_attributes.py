"""Attributes: one reading of a text from every door, kinds inferred from the texts, values valid at as_of."""

import math
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.entries import text_at
from features.learn_attributes import LEAST_LEADS
from features.matrix import build_matrix
from features.parsing import boolean, canonical, infer_kind, instants, number
from features.vocabulary import Vocabulary, learn
from history.history import DAY_US
from history.snapshot import Snapshot
from history.times import parse_time
from tests.builders.lead_histories import CONFIG, START_US, Change, Lead, history_of
from tests.builders.made_leads import LAST_US, made_leads

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("3", "3"), ("3.0", "3"), ("3.50", "3.5"), ("-2.00", "-2"), ("-0.0", "0"), ("01", "01"), ("01.0", "01.0"),
        ("1.2.0", "1.2.0"), ("v1.0", "v1.0"), ("true", "true"), ("True", "true"), ("TRUE", "true"), ("False", "false"),
        ("yes", "yes"), ("0.10", "0.1"), ("100", "100"), ("12345678901234567890.0", "12345678901234567890"),
    ],
)  # fmt: skip
def test_a_category_has_one_text(text: str, one: str) -> None:
    assert canonical(text) == one


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(10**18), 10**18))
def test_canonical_keeps_the_number_and_settles_at_once(value: float | int) -> None:
    text = canonical(str(value))
    assert canonical(text) == text
    assert float(text) == float(value)


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "-inf", "1e999", "1_000", "1,5", "0x10"])
def test_a_text_without_a_finite_number_is_missing(text: str) -> None:
    assert math.isnan(number(text))


def test_booleans_are_read_in_any_spelling_and_case() -> None:
    assert [boolean(t) for t in ("true", "TRUE", "1", "1.0", "Yes", "t")] == [1] * 6
    assert [boolean(t) for t in ("false", "False", "0", "0.0", "NO", "n")] == [0] * 6
    assert all(math.isnan(boolean(t)) for t in ("2", "maybe", "", "01"))


def test_few_dates_and_many_are_read_equally() -> None:
    zone = ZoneInfo("Europe/Berlin")
    texts = ["2024-03-31 02:30", "2024-10-27 02:30", "2024-01-01", "2024-01-01T00:00:00Z", "soon", "2024"] * 4
    assert instants(texts, zone) == [time for text in texts for time in instants([text], zone)]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["0", "1"], "boolean"),
        (["True", "false"], "boolean"),
        (["1", "2", "3.5"], "number"),
        (["2012", "2013"], "number"),
        (["01", "02", "10"], "category"),
        (["2024-01-01", "2024-01-02T10:00:00+01:00"], "date"),
        (["a", "1"], "category"),
        (["yes", "no"], "category"),
        ([], "category"),
    ],
)
def test_the_kind_fits_the_texts(texts: list[str], kind: str) -> None:
    assert infer_kind(texts, np.ones(len(texts), dtype=np.int64), UTC) == kind


def test_one_odd_value_in_two_hundred_does_not_change_the_kind() -> None:
    assert infer_kind(["5", "7", "n/a"], np.array([100, 99, 1]), UTC) == "number"
    assert infer_kind(["5", "7", "n/a"], np.array([50, 40, 10]), UTC) == "category"


def _learned(leads: list[Lead], **changes: object) -> tuple[Vocabulary, Snapshot]:
    history = history_of(leads, LAST_US, replace(CONFIG, **changes))  # type: ignore[arg-type]
    snapshot = Snapshot(history, np.arange(len(history)), np.full(len(history), LAST_US))
    return learn(snapshot)[0], snapshot


def test_sensitive_and_ignored_attributes_are_never_features() -> None:
    vocabulary, snapshot = _learned(made_leads(200, seed=1), sensitive=("age", "city"), ignore=("plan",))
    names = {attribute.name for attribute in vocabulary.attributes}
    assert not names & {"age", "city", "plan"}
    assert not any("city" in f.name for f in build_matrix(snapshot, vocabulary).features)


def test_a_mutable_attribute_is_read_from_its_changes_only() -> None:
    change = Change(START_US + DAY_US, START_US + 2 * DAY_US, "score", "7")
    history = history_of([Lead(START_US, {"score": "5"}, changes=[change])], LAST_US)
    at = [START_US, START_US + DAY_US, START_US + 2 * DAY_US]
    seen = text_at(history, "score", np.zeros(3, dtype=np.int64), np.array(at))
    assert [seen.text(i) for i in range(3)] == [None, None, "7"]


def test_the_latest_visible_change_holds_and_an_empty_one_clears() -> None:
    day = [START_US + k * DAY_US for k in range(6)]
    changes = [
        Change(day[3], day[3], "plan", None),
        Change(day[1], day[5], "plan", "known late"),
        Change(day[2], day[2], "plan", "first of the day"),
        Change(day[2], day[2], "plan", "last of the day"),
    ]
    history = history_of([Lead(day[0], {"plan": "base"}, changes=changes)], LAST_US)
    seen = text_at(history, "plan", np.zeros(6, dtype=np.int64), np.array(day))
    assert [seen.text(i) for i in range(6)] == ["base", "base", "last of the day", None, None, None]


def test_equal_texts_of_changes_and_creation_share_a_code() -> None:
    """Groups by owner are made of codes: two codes for one text would show one owner twice."""
    change = Change(START_US + DAY_US, START_US + DAY_US, "owner", "Bob")
    leads = [Lead(START_US, {"owner": "Ann"}, changes=[change]), Lead(START_US, {"owner": "Bob"})]
    seen = text_at(history_of(leads, LAST_US), "owner", np.arange(2), np.full(2, LAST_US))
    assert [seen.text(i) for i in range(2)] == ["Bob", "Bob"]
    assert seen.codes[0] == seen.codes[1]
    assert len(set(seen.values)) == len(seen.values)


def test_constant_and_unique_columns_are_dropped() -> None:
    vocabulary, _ = _learned(made_leads(200, seed=2))
    assert vocabulary.dropped["fixed"] == "constant"
    assert "name" in vocabulary.dropped


def test_frequent_categories_have_codes_by_frequency() -> None:
    leads = [Lead(START_US, {"c": "often"})] * 30 + [Lead(START_US, {"c": "some"})] * LEAST_LEADS
    leads += [Lead(START_US, {"c": "rare"})] * (LEAST_LEADS - 1) + [Lead(START_US, {"c": None})]
    vocabulary, snapshot = _learned(leads)
    (attribute,) = vocabulary.attributes
    assert attribute.levels == ("often", "some")
    assert attribute.seen == ("often", "some", "rare")
    matrix = build_matrix(snapshot, vocabulary)
    column = matrix.values[:, [f.name for f in matrix.features].index("attr_c")]
    assert [column[0], column[30], column[45], column[-1]] == [2, 3, 1, 0]


def test_a_mutable_attribute_without_changes_is_dropped() -> None:
    vocabulary, _ = _learned([Lead(START_US, {"score": str(k)}) for k in range(60)])
    assert "mutable" in vocabulary.dropped["score"]


def test_a_configured_kind_wins_over_the_inferred_one() -> None:
    leads = [Lead(START_US, {"plan": str(k % 3)}) for k in range(60)]
    assert _learned(leads)[0].attributes[0].kind == "number"
    assert _learned(leads, attribute_types={"plan": "category"})[0].attributes[0].kind == "category"


def test_dates_may_lie_ahead_and_are_in_the_funnels_zone() -> None:
    leads = [Lead(START_US, {"due": f"2024-05-{d:02d}"}) for d in range(1, 29)]
    vocabulary, snapshot = _learned(leads, timezone="Asia/Tokyo")
    matrix = build_matrix(snapshot, vocabulary)
    names = [f.name for f in matrix.features]
    ahead = matrix.values[:, names.index("attr_due_days_ahead")]
    midnight = parse_time("2024-05-01", ZoneInfo("Asia/Tokyo"))
    assert ahead[0] == (midnight - LAST_US) / DAY_US
    assert matrix.values[:, names.index("attr_due_weekday")].tolist() == [(2 + d) % 7 for d in range(28)]


def test_an_attribute_absent_from_a_request_is_missing() -> None:
    vocabulary, _ = _learned(made_leads(200, seed=4))
    bare = history_of([Lead(START_US)], LAST_US)
    row = build_matrix(Snapshot(bare, np.array([0]), np.array([LAST_US])), vocabulary)
    for column, value in zip(row.features, row.values[0], strict=True):
        if column.block == "attributes" and column.unit not in ("changes",):
            assert math.isnan(value) or value == 0, column.name
