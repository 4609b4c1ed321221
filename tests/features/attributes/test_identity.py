"""Identity columns: recognised by the form and the recurrence of their values, never by their name."""

from collections.abc import Callable

import numpy as np
import pytest

from features.attributes.identity import contact_form, number_form, text_form
from features.matrix import build_matrix
from tests.builders.leads.lead_histories import START_US, Lead
from tests.builders.learned_words import Learned, learned

Draw = Callable[[np.random.Generator, int], str]
LEADS = (60, 300, 2000)

IDENTITY: dict[str, Draw] = {
    "e-mails of customers": lambda rng, i: f"p{rng.integers(0, 4000)}@example.org",
    "phones in E.164": lambda rng, i: f"+49{rng.integers(10**9, 10**10)}",
    "phones in brackets": lambda rng, i: f"({rng.integers(200, 999)}) 555-{rng.integers(1000, 9999)}",
    "phones with a leading zero": lambda rng, i: f"0{rng.integers(30, 99)}/{rng.integers(10**5, 10**7)}",
    "links": lambda rng, i: f"https://www.example.com/in/{rng.integers(0, 10**9)}",
    "ids of digits": lambda rng, i: str(10_700_000_000 + 137 * i),
    "ids of letters": lambda rng, i: f"006{rng.integers(10**9, 10**10)}QAC",
    "names": lambda rng, i: f"Kim Person {rng.integers(0, 10**6)}",
    "names of deals": lambda rng, i: f"Acme {rng.integers(0, 10**5)} - {rng.integers(1, 90)} seats",
}
FEATURES: dict[str, Draw] = {
    "e-mails of owners": lambda rng, i: f"rep{rng.integers(0, 12)}@example.com",
    "landing pages": lambda rng, i: f"https://example.com/{rng.integers(0, 15)}",
    "referrers": lambda rng, i: (
        "https://example.com" if rng.random() < 0.4 else f"https://x.com/{rng.random()}"
    ),
    "cities": lambda rng, i: f"city {int(rng.zipf(1.6)) % 300}",
    "job titles": lambda rng, i: "CEO" if rng.random() < 0.3 else f"head of {int(rng.zipf(1.5)) % 500}",
    "amounts": lambda rng, i: str(int(np.exp(rng.normal(9, 1.5)))),
    "large amounts": lambda rng, i: str(int(np.exp(rng.normal(20, 1.5)))),
    "numbers below zero": lambda rng, i: str(-int(rng.integers(10**6, 10**7))),
    "local numbers": lambda rng, i: (
        f"{rng.integers(1, 99)}.{rng.integers(100, 999)}.{rng.integers(100, 999)}"
    ),
    "dates": lambda rng, i: f"2026-{rng.integers(1, 12):02d}-{rng.integers(1, 28):02d}",
    "local dates": lambda rng, i: f"{rng.integers(1, 28):02d}-{rng.integers(1, 12):02d}-2026",
    "ranges": lambda rng, i: f"{10 * rng.integers(1, 9)}000-{10 * rng.integers(10, 19)}000",
    "postcodes": lambda rng, i: f"{rng.integers(1, 40):05d}",
}


def _learned(draw: Draw, n: int, seed: int, **config: object) -> Learned:
    rng = np.random.default_rng(seed)
    return learned([Lead(START_US, {"column": draw(rng, i)}) for i in range(n)], **config)


@pytest.mark.parametrize("n", LEADS)
@pytest.mark.parametrize("name", IDENTITY)
def test_identity_is_recognised_and_never_learned(name: str, n: int) -> None:
    for seed in range(3):
        vocabulary = _learned(IDENTITY[name], n, seed).vocabulary
        assert "column" in vocabulary.identity
        assert not vocabulary.attributes


@pytest.mark.parametrize("n", LEADS)
@pytest.mark.parametrize("name", FEATURES)
def test_recurring_values_numbers_and_dates_are_no_identity(name: str, n: int) -> None:
    for seed in range(3):
        assert not _learned(FEATURES[name], n, seed).vocabulary.identity


def test_few_leads_are_no_evidence_of_identity() -> None:
    texts, counts = [f"person {i}" for i in range(15)], np.ones(15, dtype=np.int64)
    assert contact_form(texts, counts) is None
    assert number_form([str(10**10 + i) for i in range(15)], counts) is None
    assert text_form(texts, counts) is None


def test_a_configured_kind_overrules_a_guess() -> None:
    vocabulary = _learned(IDENTITY["ids of digits"], 100, 0, attribute_types={"column": "number"}).vocabulary
    assert [attribute.kind for attribute in vocabulary.attributes] == ["number"]


def test_configured_identity_is_never_learned() -> None:
    vocabulary = _learned(FEATURES["cities"], 300, 0, identity=("column",)).vocabulary
    assert not vocabulary.attributes
    assert not vocabulary.dropped


def test_digits_of_an_account_are_no_number() -> None:
    leads = [Lead(START_US, {"account_id": str(4000 + k % 20)}) for k in range(400)]
    vocabulary, snapshot = learned(leads)
    (account,) = vocabulary.attributes
    assert account.kind == "category"
    assert account.columns == ("past_leads", "win_rate")
    assert account.seen == ()
    names = [feature.name for feature in build_matrix(snapshot, vocabulary).features]
    assert {"account_id_past_leads", "account_id_win_rate"} <= set(names)
    assert "attr_account_id" not in names
