"""Warnings about stages and kinds that the model does not know."""

from types import SimpleNamespace
from typing import Any

import pytest

from features.interactions.interactions import InteractionVocabulary
from history.config.config import FunnelConfig
from models.doubts.lead_values import value_check
from serving.api.event_warnings import event_warnings
from serving.base.event import RejectedEvent
from tests.builders.service.store_fakes import event, read_events


def bundle() -> Any:
    config = FunnelConfig(stages=("New", "Proposal"), won_stages=("Signed",))
    interactions = InteractionVocabulary(kinds=("call", "email_open"))
    return SimpleNamespace(
        config=config,
        vocabulary=SimpleNamespace(interactions=interactions),
        values=value_check([], [], ["plan", "owner"]),
    )


def warned(*events: dict[str, Any]) -> list[tuple[int, str, str]]:
    warnings = event_warnings(bundle(), read_events({"events": list(events)}), [])
    return [(warning["index"], warning["code"], warning["subject"]) for warning in warnings]


@pytest.mark.parametrize("stage", ["Proposal", "proposal ", "Signed", "Closed Won"])
def test_known_and_closing_stages_have_no_warning(stage: str) -> None:
    assert warned(event("1", "a", {"stage": stage}, "stage")) == []


def test_unknown_words_are_named_with_their_place() -> None:
    events = (
        event("1", "a", {"kind": "call"}),
        event("2", "a", {"stage": "Propsal"}, "stage"),
        event("3", "a", {"kind": "fax"}),
    )
    assert warned(*events) == [(1, "unknown_stage", "Propsal"), (2, "unknown_kind", "fax")]


def test_near_word_is_suggested() -> None:
    (warning,) = event_warnings(
        bundle(), read_events({"events": [event("2", "a", {"stage": "Propsal"}, "stage")]}), []
    )
    assert "did you mean 'Proposal'?" in warning["detail"]


def test_near_names_of_attributes_are_suggested() -> None:
    """`Owner` was stored as a second attribute beside the owner, without a word."""
    changed = event("1", "a", {"Owner": "Bo", "plan": "pro", "owner": "Bo", "remark": "x"}, "attributes")
    assert warned(changed) == [(0, "unknown_attribute", "Owner")]


def test_rejected_events_and_a_missing_model_give_no_warning() -> None:
    events = read_events({"events": [event("1", "a", {"kind": "fax"})]})
    assert event_warnings(bundle(), events, [RejectedEvent(0, [])]) == []
    assert event_warnings(None, events, []) == []
