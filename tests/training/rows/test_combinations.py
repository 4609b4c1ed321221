"""Columns of combinations: what a plain count finds, as known at each row's instant, and as of T in the bundle."""

import json
from dataclasses import replace

import numpy as np
import pytest

from features import vocabulary as vocabularies
from features.attributes.combinations import SHRINKAGE
from features.attributes.entries import text_at
from features.by_parts import matrix_on
from history.history import WON, History
from history.lead_order import by_creation
from history.snapshot import Snapshot, all_leads, cut
from tests.builders.leads.paired_leads import paired_history
from training.rows.combinations import combined_rows, with_combinations
from training.rows.dataset import GRID, training_rows
from training.rows.training_set import PreparedData, prepare

NAMES = (("agent", "product"), ("product", "region"))


@pytest.fixture(scope="module")
def plain() -> PreparedData:
    history = by_creation(paired_history(1.0, 500))
    return prepare(history, training_rows(history, 0), 0)


@pytest.fixture(scope="module")
def prepared(plain: PreparedData) -> PreparedData:
    return with_combinations(plain, NAMES)


def _texts(snapshot: Snapshot, name: str) -> list[str | None]:
    factor = text_at(snapshot.history, name, snapshot.lead, snapshot.as_of_us)
    return [None if code < 0 else factor.values[code] for code in factor.codes]


def _won_by(history: History, lead: int, after_us: int, known_by_us: int) -> bool:
    log = history.outcomes
    rows = range(log.offsets[lead], log.offsets[lead + 1])
    first = next((r for r in rows if after_us < log.time_us[r] <= after_us + history.config.horizon_us), None)
    return first is not None and log.state[first] == WON and log.known_us[first] <= known_by_us


def _log_odds(rate: float) -> float:
    return float(np.log(rate / (1 - rate)))


def _by_counting(prepared: PreparedData, names: tuple[str, str], row: Snapshot) -> float:
    """The column of one row, from the definition."""
    rows, history = prepared.training_set.rows, row.history
    now, lead = int(row.as_of_us[0]), int(row.lead[0])
    assert 0 <= lead < len(history)
    own = [_texts(row, name)[0] for name in names]
    if None in own:
        return float("nan")
    over = (rows.origin == GRID) & (rows.snapshot.as_of_us + history.config.horizon_us <= now)
    past = rows.snapshot.take(np.flatnonzero(over))
    won = np.array(
        [
            _won_by(history, i, at, now)
            for i, at in zip(past.lead.tolist(), past.as_of_us.tolist(), strict=True)
        ],
        dtype=float,
    )
    if not len(won):
        return float("nan")
    has = [
        np.array([text == value for text in _texts(past, name)])
        for name, value in zip(names, own, strict=True)
    ]
    base = won.mean()
    rates = [(won[mask].sum() + SHRINKAGE * base) / (mask.sum() + SHRINKAGE) for mask in has]
    if base == 0:
        return float("nan")
    expected = _log_odds(rates[0]) + _log_odds(rates[1]) - _log_odds(base)
    prior = 1 / (1 + np.exp(-expected))
    both = has[0] & has[1]
    rate = (won[both].sum() + SHRINKAGE * prior) / (both.sum() + SHRINKAGE)
    return float(np.exp(_log_odds(rate) - expected))


def test_columns_are_what_was_known_at_each_row(prepared: PreparedData) -> None:
    training_set = prepared.training_set
    assert [feature.name for feature in training_set.features[-2:]] == [
        "attr_agent_with_product",
        "attr_product_with_region",
    ]
    snapshot = training_set.rows.snapshot
    random = np.random.default_rng(3)
    compared = 0
    for i in random.choice(len(snapshot), 60, replace=False):
        row = snapshot.take(np.array([i]))
        for column, names in zip(training_set.values[i, -2:], NAMES, strict=True):
            expected = _by_counting(prepared, names, row)
            if np.isnan(expected):
                continue
            assert column == pytest.approx(expected, rel=1e-9)
            compared += 1
    assert compared > 60
    assert np.isnan(training_set.values[:, -2:]).any(axis=0).all(), "late products are missing before"


def test_a_later_cut_changes_no_earlier_row(prepared: PreparedData) -> None:
    training_set = prepared.training_set
    rows, middle = training_set.rows, int(np.median(training_set.rows.snapshot.as_of_us))
    early = np.flatnonzero(rows.snapshot.as_of_us <= middle)
    past = cut(rows.snapshot.history, middle)
    seen = rows.take(early)
    seen = replace(seen, snapshot=Snapshot(past, seen.snapshot.lead, seen.snapshot.as_of_us))
    assert past.lead_ids == rows.snapshot.history.lead_ids[: len(past)], "leads are in order of creation"
    attributes = [a for a in prepared.vocabulary.attributes if a.name in ("agent", "product", "region")]
    then = combined_rows(replace(training_set, rows=seen, recent=None), attributes)
    for column, names in zip((-2, -1), NAMES, strict=True):
        found = then.column(*map(then.position, names))
        np.testing.assert_array_equal(found, training_set.values[early, column])


def test_the_bundle_has_the_figures_as_of_t(plain: PreparedData, prepared: PreparedData) -> None:
    training_set, vocabulary = prepared.training_set, prepared.vocabulary
    history = training_set.rows.snapshot.history
    everyone = all_leads(history, history.as_of_us)
    of_bundle = matrix_on(None, everyone, vocabulary).values[:, -2:]

    recent = plain.training_set.recent
    assert recent is not None
    as_of_t = replace(recent, rows=replace(recent.rows, snapshot=everyone))
    attributes = [a for a in vocabulary.attributes if a.name in ("agent", "product", "region")]
    rows = combined_rows(replace(plain.training_set, recent=as_of_t), attributes)
    by_training = np.column_stack([rows.column(*map(rows.position, names)) for names in NAMES])
    np.testing.assert_array_equal(of_bundle, by_training[len(plain.training_set.rows) :])

    restored = vocabularies.from_dict(json.loads(json.dumps(vocabularies.to_dict(vocabulary))))
    np.testing.assert_array_equal(matrix_on(None, everyone, restored).values[:, -2:], of_bundle)
    for i in range(0, len(everyone), 50):
        alone = matrix_on(None, everyone.take(np.array([i])), vocabulary).values[:, -2:]
        np.testing.assert_array_equal(alone[0], of_bundle[i])


def test_unknown_categories_are_what_is_expected(prepared: PreparedData) -> None:
    history = paired_history(1.0, 30, seed=9)
    agent = history.attributes["agent"]
    renamed = replace(agent, values=["someone new" for _ in agent.values])
    other = replace(history, attributes={**history.attributes, "agent": renamed})
    columns = matrix_on(None, all_leads(other, other.as_of_us), prepared.vocabulary).values[:, -2]
    np.testing.assert_allclose(columns[~np.isnan(columns)], 1.0, rtol=1e-12)


def test_no_combination_changes_nothing(plain: PreparedData) -> None:
    assert with_combinations(plain, ()) is plain
