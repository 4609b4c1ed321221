"""Learning attributes: which get columns, of which kind, and which categories get codes."""

import numpy as np
import pytest

from features.attributes.learn import LEAST_LEADS
from features.matrix import build_matrix
from features.wording import sentence
from tests.builders.leads.lead_histories import START_US, Lead
from tests.builders.leads.made_leads import made_leads
from tests.builders.learned_words import learned


def test_sensitive_and_ignored_attributes_are_never_features() -> None:
    vocabulary, snapshot = learned(made_leads(200, seed=1), sensitive=("age", "city"), ignore=("plan",))
    names = {attribute.name for attribute in vocabulary.attributes}
    assert not names & {"age", "city", "plan"}
    assert not any("city" in f.name for f in build_matrix(snapshot, vocabulary).features)


def test_constant_and_unique_columns_are_not_learned() -> None:
    vocabulary, _ = learned(made_leads(200, seed=2))
    assert vocabulary.dropped["fixed"] == "constant"
    assert list(vocabulary.identity) == ["name"]
    assert not {"fixed", "name"} & {attribute.name for attribute in vocabulary.attributes}


def test_a_mutable_attribute_without_changes_is_dropped() -> None:
    vocabulary, _ = learned([Lead(START_US, {"score": str(k)}) for k in range(60)])
    assert "mutable" in vocabulary.dropped["score"]


def test_a_configured_kind_wins_over_the_inferred_one() -> None:
    leads = [Lead(START_US, {"plan": str(k % 3)}) for k in range(60)]
    assert learned(leads)[0].attributes[0].kind == "number"
    assert learned(leads, attribute_types={"plan": "category"})[0].attributes[0].kind == "category"


def test_frequent_categories_have_codes_by_frequency() -> None:
    leads = [Lead(START_US, {"c": "often"})] * 30 + [Lead(START_US, {"c": "some"})] * LEAST_LEADS
    leads += [Lead(START_US, {"c": "rare"})] * (LEAST_LEADS - 1) + [Lead(START_US, {"c": None})]
    vocabulary, snapshot = learned(leads)
    (attribute,) = vocabulary.attributes
    assert attribute.levels == ("often", "some")
    assert attribute.seen == ("often", "some", "rare")
    matrix = build_matrix(snapshot, vocabulary)
    column = matrix.values[:, [f.name for f in matrix.features].index("attr_c")]
    assert [column[0], column[30], column[45], column[-1]] == [2, 3, 1, 0]


def test_several_picks_are_an_indicator_each_and_their_number() -> None:
    tools = ["ERP;BI", "erp ; CRM", "BI", "CRM;BI;ERP", "rare;BI"]
    leads = [Lead(START_US, {"tools": tools[k % 4]}) for k in range(80)] + [
        Lead(START_US, {"tools": tools[4]})
    ]
    vocabulary, snapshot = learned([*leads, Lead(START_US, {"tools": None})])
    (attribute,) = vocabulary.attributes
    assert (attribute.kind, attribute.form, attribute.levels) == ("set", ";", ("BI", "ERP", "CRM"))
    matrix = build_matrix(snapshot, vocabulary)
    names = ["attr_tools_count", "attr_tools_has_bi", "attr_tools_has_erp", "attr_tools_has_crm"]
    values = matrix.values[:, [[f.name for f in matrix.features].index(name) for name in names]]
    assert values[:4].tolist() == [[2, 1, 1, 0], [2, 0, 1, 1], [1, 1, 0, 0], [3, 1, 1, 1]]
    assert values[-2].tolist() == [2, 1, 0, 0]
    assert np.isnan(values[-1]).all()
    has_bi = next(feature for feature in matrix.features if feature.name == "attr_tools_has_bi")
    assert sentence(has_bi, 1.0, True, vocabulary) == 'With "BI" among tools raises the chance'
    assert sentence(has_bi, 0.0, False, vocabulary) == 'Without "BI" among tools lowers the chance'


def test_a_configured_category_is_not_split() -> None:
    leads = [Lead(START_US, {"tools": f"a;{'bcdef'[k % 5]}"}) for k in range(100)]
    assert learned(leads, attribute_types={"tools": "category"})[0].attributes[0].kind == "category"
    (declared,) = learned(leads, attribute_types={"tools": "set"})[0].attributes
    assert declared.levels == ("b", "c", "d", "e", "f")


def test_written_numbers_and_dates_give_the_features_of_plain_ones() -> None:
    amounts = [1000.25 + 37.5 * k for k in range(60)]
    days = [f"2024-{1 + k % 12:02d}-{1 + k % 28:02d}" for k in range(60)]
    plain = [Lead(START_US, {"amount": str(a), "due": d}) for a, d in zip(amounts, days, strict=True)]
    german = str.maketrans(",.", ".,")
    written = [
        Lead(START_US, {"amount": f"{a:,.2f} €".translate(german), "due": ".".join(reversed(d.split("-")))})
        for a, d in zip(amounts, days, strict=True)
    ]
    vocabulary, snapshot = learned(plain)
    other, other_snapshot = learned(written)
    assert [attribute.form for attribute in other.attributes] == [",eur", "local"]
    expected = build_matrix(snapshot, vocabulary).values
    assert build_matrix(other_snapshot, other).values.tobytes() == expected.tobytes()
    assert build_matrix(snapshot, other).values.tobytes() == expected.tobytes()


@pytest.mark.parametrize(("values", "has_past_leads"), [(2, False), (7, False), (8, True)])
def test_every_shared_category_has_a_win_rate_and_wide_ones_past_leads(
    values: int, has_past_leads: bool
) -> None:
    """Codes stand still; the rates of few categories move with time as well."""
    leads = [Lead(START_US, {"plan": f"plan {i % values}"}) for i in range(20 * values)]
    (plan,) = learned(leads)[0].attributes
    assert "win_rate" in plan.columns
    assert ("past_leads" in plan.columns) == has_past_leads
