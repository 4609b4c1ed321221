"""Acts: what sellers usually do, worded by the message that waits, and yes for declared attributes."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.bundle import Bundle
from models.home.pointer import champion
from serving.store.leads.lead_rows import LeadRows
from serving.store.scores.acts import acts_of
from tests.builders.service.store_fakes import NOW_US, event
from tests.builders.service.usual_lead import inbound, rows_with


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    return bundle


def words_of(bundle: Bundle, rows: LeadRows) -> list[str]:
    acts = acts_of(bundle, rows, NOW_US)
    return [acts.suggestion(place, NOW_US).words for place in range(acts.count)]


def test_a_recent_message_is_to_be_answered(tmp_path: Path, bundle: Bundle) -> None:
    waiting = words_of(bundle, rows_with(tmp_path / "1", inbound("call", 3)))
    assert "Answer the lead's call of 3 days ago: call now" in waiting
    old = words_of(bundle, rows_with(tmp_path / "2", inbound("call", 40)))
    assert "Call from us now" in old
    assert len(old) == len(waiting) == len(bundle.usual_touches)


def test_declared_yes_or_no_attributes_are_tried(tmp_path: Path, bundle: Bundle) -> None:
    names = [a.name for a in bundle.vocabulary.attributes if a.kind == "boolean"]
    config = replace(bundle.config, mutable=(names[0],))
    declared = replace(bundle, vocabulary=replace(bundle.vocabulary, config=config), usual_touches=())
    rows = rows_with(tmp_path / "1")
    assert words_of(declared, rows) == [f"{names[0].replace('_', ' ')}: yes"]
    agreed = rows_with(tmp_path / "2", event("yes", "a", {names[0]: True}, "attributes"))
    assert words_of(declared, agreed) == []
