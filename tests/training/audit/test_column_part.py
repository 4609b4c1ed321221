"""A column apart from the others claims what it claims among them."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np

from history.history import Factor
from history.read import read_folder
from tests.builders.leads.lead_histories import START_US, Change, Lead, history_of
from training.audit.checks.changes import holds_last_value
from training.audit.column_part import column_part
from training.audit.columns import claimed_at_creation, column_of


def test_column_of_a_part_is_the_column_of_the_whole(crm: Path) -> None:
    history = read_folder(crm)
    names = sorted({*history.attributes, *history.changes.attribute.values})
    assert set(history.changes.attribute.values) & set(history.attributes)
    for name in names:
        part = pickle.loads(pickle.dumps(column_part(history, name))).history
        assert texts(claimed_at_creation(part, name)) == texts(claimed_at_creation(history, name))
        assert holds_last_value(part, name) == holds_last_value(history, name)
        own, other = column_of(part, name), column_of(history, name)
        assert (own.kind, own.names, own.form) == (other.kind, other.names, other.form)
        assert own.group.tobytes() == other.group.tobytes()


def test_part_has_the_rows_of_its_own_changes_by_lead() -> None:
    changes = [Change(START_US + i, START_US + i, ("a", "b")[i % 2], f"text {i}") for i in range(5)]
    history = history_of([Lead(START_US, {"a": "x"}), Lead(START_US, changes=changes)], START_US + 9)
    part = column_part(history, "b").history
    assert len(part) == 2
    assert part.changes.offsets.tolist() == [0, 0, 2]
    assert texts(part.changes.value) == ["text 1", "text 3"]
    assert not part.attributes
    assert column_part(replace(history, changes=part.changes), "a").history.changes.time_us.tolist() == []


def texts(factor: Factor) -> list[str | None]:
    return [factor.text(row) for row in np.arange(len(factor)).tolist()]
