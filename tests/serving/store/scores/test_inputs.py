"""Inputs of a model that stored leads lack: of open leads alone, at the instant asked for."""

from pathlib import Path

import pytest

from history.text.times import DAY_US
from models.bundle import Bundle
from models.home.pointer import champion
from serving.store.scores.inputs import stored_input_warnings
from serving.store.store import Store
from tests.builders.service.scored_store import CREATED_US, post, put
from tests.builders.service.store_fakes import NOW_US, event

pytest_plugins = ["tests.builders.service.store_fixtures"]
LEADS = 40


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    return bundle


def lacking(store: Store, bundle: Bundle, as_of_us: int = NOW_US) -> set[str]:
    return {warning.subject for warning in stored_input_warnings(store, bundle, as_of_us)}


def test_store_without_an_open_lead_lacks_nothing(store: Store, bundle: Bundle) -> None:
    assert lacking(store, bundle) == set()
    put(store, "a", seats=3)
    assert lacking(store, bundle, CREATED_US - 1) == set()
    post(store, event("1", "a", {"outcome": "won"}, "outcome"))
    assert lacking(store, bundle) == set()


def test_attribute_that_no_open_lead_has_is_named(store: Store, bundle: Bundle) -> None:
    for i in range(LEADS):
        put(store, f"L{i}", CREATED_US, seats=i, product="team" if i % 2 else "starter")
    missing = lacking(store, bundle)
    assert "country" in missing
    assert not missing & {"seats", "product"}
    assert "country" not in lacking(store, bundle, CREATED_US - DAY_US)
