"""Columns and tables that a model was trained on and the data to score lack are named, however few the leads are."""

from dataclasses import replace

import numpy as np

from history.base.warnings import Warning
from history.history import History, no_interactions, no_stages
from history.snapshot import open_leads
from models.bundle import Bundle
from models.inputs import InputCheck, input_warnings
from tests.builders.leads.lead_histories import factor


def codes(warnings: list[Warning]) -> dict[str, str]:
    return {warning.subject: warning.code for warning in warnings}


def without(history: History, *names: str) -> History:
    attributes = {name: column for name, column in history.attributes.items() if name not in names}
    return replace(history, attributes=attributes)


def test_training_data_lack_nothing(bundle: Bundle, history: History) -> None:
    assert input_warnings(bundle, history) == []


def test_absent_column_is_named_and_its_new_name_suggested(bundle: Bundle, history: History) -> None:
    renamed = without(history, "seats", "product")
    renamed.attributes["Number of Seats"] = history.attributes["seats"]
    renamed.attributes["Produkt (neu)"] = history.attributes["product"]
    warnings = input_warnings(bundle, renamed)
    assert codes(warnings) == {"seats": "missing_input", "product": "missing_input"}
    details = {warning.subject: warning.detail for warning in warnings}
    assert 'seats = "Number of Seats" under [columns.leads]' in details["seats"]
    assert 'product = "Produkt (neu)"' in details["product"]


def test_empty_column_of_few_leads_may_be_chance(bundle: Bundle, history: History) -> None:
    """Of one lead without a budget nothing follows, of all open leads it does; pages of a store add up."""
    empty = factor([None] * len(history))
    bare = replace(history, attributes={**history.attributes, "annual_budget": empty})
    leads = open_leads(bare, bare.as_of_us).lead
    check = InputCheck(bundle)
    check.add(bare, leads[:1])
    assert check.warnings() == []
    check.add(bare, leads[1:])
    assert codes(check.warnings()) == {"annual_budget": "missing_input"}


def test_unreadable_column_is_named_with_a_value(bundle: Bundle, history: History) -> None:
    seats = history.attributes["seats"]
    people = replace(seats, values=[f"team of {text}" for text in seats.values])
    warnings = input_warnings(bundle, replace(history, attributes={**history.attributes, "seats": people}))
    assert codes(warnings) == {"seats": "unreadable_input"}
    assert "are no number, such as" in warnings[0].detail


def test_renamed_kinds_are_named_with_the_likely_one(bundle: Bundle, history: History) -> None:
    kinds = history.interactions.kind
    for renamed, subjects in (
        ([text.upper() for text in kinds.values], []),
        ([f"{text} (new)" for text in kinds.values], ["unknown_kind"]),
        ([f"{text} (new)" if not place else text for place, text in enumerate(kinds.values)], []),
    ):
        touches = replace(history.interactions, kind=replace(kinds, values=renamed))
        warnings = input_warnings(bundle, replace(history, interactions=touches))
        assert [warning.code for warning in warnings] == subjects
        assert all("kinds that the model did not learn" in warning.detail for warning in warnings)


def test_absent_tables_and_fields_are_named(bundle: Bundle, history: History) -> None:
    touches = history.interactions
    bare = replace(touches, direction=np.zeros_like(touches.direction))
    assert codes(input_warnings(bundle, replace(history, interactions=bare))) == {
        "direction": "missing_input"
    }
    bare_history = replace(history, stages=no_stages(len(history)))
    assert codes(input_warnings(bundle, bare_history))["stages"] == "missing_input"


def test_loss_of_most_inputs_comes_first(bundle: Bundle, history: History) -> None:
    n, columns = len(history), tuple(history.attributes)
    bare = replace(without(history, *columns), interactions=no_interactions(n), stages=no_stages(n))
    first, *others = input_warnings(bundle, bare)
    assert first.code == "most_inputs_missing"
    assert "of what moves this model's probabilities is missing" in first.detail
    assert {"interactions", "stages"} <= {warning.subject for warning in others}
