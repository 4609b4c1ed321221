"""The what-if form: its fields become the request of the API, its lists are the model's words."""

from pathlib import Path

import pytest

from models.home.pointer import champion
from serving.base.problems import Problem
from serving.http.form_posts import Fields
from serving.pages.lead.what_if import choices_of, filled, read_number, request_of
from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import Formats


def sent(**fields: str) -> dict[str, str]:
    return filled(Fields({name: (text,) for name, text in fields.items()}))


def test_fields_become_the_rows_of_a_request() -> None:
    body = request_of(
        sent(
            attribute="seats",
            attribute_value="50",
            kind="call",
            direction="outbound",
            value="6,5",
            stage="new",
        )
    )
    times = {body["interactions"][0].pop("occurred_at"), body["stages"][0].pop("entered_at")}
    assert len(times) == 1
    assert body == {
        "attributes": {"seats": "50"},
        "interactions": [{"kind": "call", "direction": "outbound", "value": 6.5}],
        "stages": [{"stage": "new"}],
    }
    assert request_of(sent(attribute="seats")) == {"attributes": {"seats": None}}


def test_an_empty_form_is_refused() -> None:
    with pytest.raises(Problem):
        request_of(sent(value="5", attribute_value="x"))
    with pytest.raises(Problem):
        read_number("many", "value")


def test_choices_are_the_words_of_the_model(trained_home: Path) -> None:
    bundle = champion(trained_home)
    assert bundle is not None
    choices = choices_of(bundle, Translator(Formats("de")))
    assert [stage for stage, _ in choices.stages] == list(bundle.vocabulary.stages)
    assert all(stage == words for stage, words in choices.stages)
    assert ("call", "Anruf") in choices.kinds
    assert ("seats", "Lizenzen") in choices.attributes
    assert ("email", "E-Mail") in choices.channels
