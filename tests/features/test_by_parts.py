"""Features by parts of the leads equal those of the whole, bit by bit, for any number of parts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.by_parts import matrix_on
from features.matrix import build_matrix
from features.vocabulary import learn
from history.config.declared_features import ACCOUNT_SCOPE, DeclaredFeature
from history.read import read_folder
from history.snapshot import Snapshot, all_leads
from tests.builders.engines.part_engine import COUNTS, PartEngine
from tests.builders.leads.lead_histories import CALM, CONFIG, Change, Lead, histories, history_of, instants
from tests.builders.leads.made_leads import LAST_US, made_leads
from training.rows.dataset import training_rows

ACCOUNTS = ("acme", "beta", "gamma", None)
OF_ACCOUNTS = (
    DeclaredFeature("account_calls", kind=("call",), scope=ACCOUNT_SCOPE),
    DeclaredFeature("account_value", measure="mean", window_days=30.0, scope=ACCOUNT_SCOPE),
    DeclaredFeature("account_channels", measure="distinct", scope=ACCOUNT_SCOPE),
    DeclaredFeature("own_calls", kind=("call",)),
)


def with_accounts(leads: list[Lead], seed: int) -> list[Lead]:
    """The leads with an account each, which every third lead leaves for another one."""
    rng = np.random.default_rng(seed)
    out = []
    for i, lead in enumerate(leads):
        changes = list(lead.changes)
        if i % 3 == 0:
            at = lead.created + int(rng.integers(0, 40)) * 86_400_000_000
            changes.append(Change(at, at, "account_id", ACCOUNTS[rng.integers(0, 4)]))
        account = f"{ACCOUNTS[rng.integers(0, 4)]} {rng.integers(0, max(1, len(leads) // 12))}"
        out.append(replace(lead, attributes={**lead.attributes, "account_id": account}, changes=changes))
    return out


def check_equal(snapshot: Snapshot, parts: int) -> None:
    vocabulary, tables = learn(snapshot)
    for frozen_or_timed in (None, tables):
        whole = build_matrix(snapshot, vocabulary, frozen_or_timed)
        engine = PartEngine(parts)
        by_parts = matrix_on(engine, snapshot, vocabulary, frozen_or_timed)
        assert by_parts.values.tobytes() == whole.values.tobytes()
        assert (by_parts.features, by_parts.feature_set_id) == (whole.features, whole.feature_set_id)
        assert engine.done <= parts


@pytest.mark.parametrize("parts", COUNTS)
def test_training_rows_of_a_simulated_crm(crm: Path, parts: int) -> None:
    check_equal(training_rows(read_folder(crm), 0).snapshot, parts)


@pytest.mark.parametrize("parts", COUNTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_features_that_read_the_other_leads_of_an_account(parts: int, seed: int) -> None:
    config = replace(CONFIG, features={feature.name: feature.settings() for feature in OF_ACCOUNTS})
    history = history_of(with_accounts(made_leads(150, seed), seed), LAST_US, config)
    everyone = all_leads(history, LAST_US)
    check_equal(everyone.take(np.arange(0, len(everyone), 2)), parts)


@settings(CALM, max_examples=40)
@given(histories, instants, st.sampled_from(COUNTS))
def test_random_histories(leads: list[Lead], as_of: int, parts: int) -> None:
    history = history_of(leads, as_of)
    check_equal(Snapshot(history, np.arange(len(leads)), np.full(len(leads), as_of)), parts)


def test_no_rows_give_no_features() -> None:
    history = history_of(made_leads(40, seed=1), LAST_US)
    vocabulary, _ = learn(all_leads(history, LAST_US))
    nobody = Snapshot(history, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert (
        matrix_on(PartEngine(7), nobody, vocabulary).values.shape
        == build_matrix(nobody, vocabulary).values.shape
    )
