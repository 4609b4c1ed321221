"""What sellers do: outbound kinds that the model knows, never the lead's own acts."""

from dataclasses import replace

import numpy as np
import pytest

from history.history import INBOUND, NO_DIRECTION, OUTBOUND, History
from training.fit.reasons.usual_touches import LEAST_ROWS, MOST_TOUCHES, learn_usual_touches
from training.rows.dataset import training_rows
from training.rows.training_set import PreparedData, prepare


@pytest.fixture(scope="module")
def prepared(small_history: History) -> PreparedData:
    return prepare(small_history, training_rows(small_history, 0), 0)


def test_touches_are_the_frequent_outbound_kinds(prepared: PreparedData) -> None:
    history = prepared.training_set.rows.snapshot.history
    touches = learn_usual_touches(history, prepared.vocabulary)
    log = history.interactions
    kinds = [log.kind.text(i) for i in range(len(log.time_us))]
    assert 0 < len(touches) <= MOST_TOUCHES
    for touch in touches:
        directions = [log.direction[i] for i, kind in enumerate(kinds) if kind == touch.kind]
        assert directions.count(OUTBOUND) >= max(LEAST_ROWS, directions.count(INBOUND))
        values = [log.value[i] for i, kind in enumerate(kinds) if kind == touch.kind]
        ours = [v for v, d in zip(values, directions, strict=True) if d == OUTBOUND and v == v]
        assert touch.value == (float(np.median(ours)) if ours else None)


def test_without_directions_nothing_is_known_to_be_ours(prepared: PreparedData) -> None:
    history = prepared.training_set.rows.snapshot.history
    unknown = np.full(len(history.interactions.time_us), NO_DIRECTION, dtype=np.int8)
    blind = replace(history, interactions=replace(history.interactions, direction=unknown))
    assert learn_usual_touches(blind, prepared.vocabulary) == ()
