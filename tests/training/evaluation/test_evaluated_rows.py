"""Evaluated rows: taken and joined row by row, under another model's probabilities too."""

from dataclasses import fields

import numpy as np

from tests.builders.evaluated_rows import random_rows
from training.evaluation.evaluated_rows import EvaluatedRows


def equal(first: EvaluatedRows, second: EvaluatedRows) -> bool:
    return all(
        np.array_equal(getattr(first, f.name), getattr(second, f.name), equal_nan=f.name != "abstained")
        for f in fields(EvaluatedRows)
    )


def test_parts_joined_are_the_whole() -> None:
    rows = random_rows(1)
    mask = rows.won > 0
    both = EvaluatedRows.concatenate([rows.take(mask), rows.take(~mask)])
    order = np.concatenate([np.flatnonzero(mask), np.flatnonzero(~mask)])
    assert equal(both, rows.take(order))
    assert len(both) == len(rows)


def test_another_model_never_abstains() -> None:
    rows = random_rows(2)
    assert rows.abstained.any()
    other = rows.with_probability(np.full(len(rows), 0.5))
    assert not other.abstained.any()
    assert set(other.probability.tolist()) == {0.5}
    assert other.amount.tobytes() == rows.amount.tobytes()
