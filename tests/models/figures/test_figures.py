"""All figures together are those of the single models, to the last bit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from history.base.arrays import Floats
from history.text.times import DAY_US
from models.figures.additive import AdditiveModel, additive_stack
from models.figures.amount import AmountModel
from models.figures.calibration import Calibration
from models.figures.close_time import CloseTime
from models.figures.figures import ScoreModels, figure_models
from models.figures.intervals import LogOddsError
from models.figures.kernel import midrank, sigmoid
from tests.builders.small_models import COLUMNS, made_model, made_values, odd_values

AS_OF_US = 1_750_000_000_000_000
LEVELS = np.linspace(0.0, 1.0, 11)
AMOUNT = AmountModel(made_model(2), 5.0, made_model(3), 0.8, 1.1, LEVELS, np.linspace(-1, 1, 11), True)
CLOSE = CloseTime(
    made_model(4), 0.3, LEVELS, np.array([-1.0, 0.5, 2.0]), np.linspace(-2, 2, 33).reshape(3, 11), 90
)
MODELS = ScoreModels(
    conversion=made_model(1),
    calibration=Calibration(np.array([-4.0, -1.0, 0.5, 3.0]), np.array([-5.0, -1.5, 0.2, 2.0])),
    error=LogOddsError(np.array([-3.0, 0.0, 2.0]), np.array([0.9, 0.3, 0.6])),
    amount=AMOUNT,
    close_time=CLOSE,
    reference=np.sort(np.random.default_rng(5).random(200)),
    columns=len(COLUMNS),
)


def values() -> Floats:
    return np.vstack([made_values(7, 60), odd_values()])


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"amount": None, "reference": np.zeros(0)},
        {"amount": replace(AMOUNT, size=None)},
        {"amount": replace(AMOUNT, positive=None), "close_time": replace(CLOSE, location=None)},
        {"conversion": replace(MODELS.conversion, trees=None)},
    ],
)
def test_figures_are_those_of_the_single_models(changed: dict[str, Any]) -> None:
    models = MODELS._replace(**changed)
    rows, as_of_us = values(), AS_OF_US + np.arange(65)
    figures = figure_models(models).of(rows, as_of_us)

    logit = models.calibration.logit(models.conversion.margin(rows))
    low, high = models.error.interval(logit)
    assert figures.probability.tobytes() == sigmoid(logit).tobytes()
    assert figures.probability_low.tobytes() == low.tobytes()
    assert figures.probability_high.tobytes() == high.tobytes()
    assert figures.rank.tobytes() == midrank(models.reference, figures.probability).tobytes()
    if models.amount is None:
        assert np.isnan([figures.amount, figures.amount_low, figures.amount_high]).all()
    else:
        amount, amount_low, amount_high = models.amount.predict(rows)
        assert figures.amount.tobytes() == amount.tobytes()
        assert figures.amount_low.tobytes() == amount_low.tobytes()
        assert figures.amount_high.tobytes() == amount_high.tobytes()
    days = models.close_time.median_days(rows)
    assert figures.closes_us.tolist() == (as_of_us + (days * DAY_US).astype(np.int64)).tolist()


def test_a_row_alone_has_the_figures_it_has_among_others() -> None:
    models, rows, as_of_us = figure_models(MODELS), values(), np.full(65, AS_OF_US)
    together = np.array(models.of(rows, as_of_us))
    alone = [np.array(models.of(rows[i : i + 1], as_of_us[:1])) for i in range(len(rows))]
    assert np.hstack(alone).tobytes() == together.tobytes()


@pytest.mark.parametrize("n", [1, 65])
def test_stacked_margins_are_those_of_each_model(n: int) -> None:
    several: list[AdditiveModel | float] = [
        made_model(1), 1.25, replace(made_model(2), trees=None), replace(made_model(3), share=0.6),
    ]  # fmt: skip
    margins = additive_stack(several, len(COLUMNS)).margins(values()[:n])
    for model, margin in zip(several, margins, strict=True):
        expected = model.margin(values()[:n]) if isinstance(model, AdditiveModel) else np.full(n, model)
        assert margin.tobytes() == expected.tobytes()
