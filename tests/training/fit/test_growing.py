"""Growing trees are at every stage the trees of a fit with so many rounds."""

from dataclasses import replace

import numpy as np
import pytest

from models.figures.parameters import Parameters
from tests.builders.small_models import COLUMNS, QUICK, made_outcomes, made_values
from training.fit.additive import FitSettings, WeightedRows, fit_conversion
from training.fit.growing import GrowingTrees, boosted_rows


@pytest.mark.parametrize("parameters", [QUICK, replace(QUICK, leaves=31, max_depth=7, linear_share=0.6)])
def test_each_stage_equals_a_fit_of_its_own(parameters: Parameters) -> None:
    rows = WeightedRows(made_values(1, 500), COLUMNS, made_outcomes(made_values(1, 500), 1), np.ones(500))
    fresh = made_values(2, 200)
    growing = GrowingTrees(boosted_rows(rows, fresh, FitSettings(parameters, 3)), FitSettings(parameters, 3))
    for rounds in (5, 12, 30):
        model = fit_conversion(rows, FitSettings(replace(parameters, rounds=rounds), 3))
        np.testing.assert_allclose(growing.grow_to(rounds), model.margin(fresh), rtol=0, atol=1e-12)
        assert growing.rounds == rounds


def test_kinds_of_trees_share_rows_without_harm() -> None:
    rows = WeightedRows(made_values(1, 500), COLUMNS, made_outcomes(made_values(1, 500), 1), np.ones(500))
    small, large = FitSettings(QUICK, 3), FitSettings(replace(QUICK, leaves=31, l2=1.0), 3)
    fitted = boosted_rows(rows, made_values(2, 200), small)
    together = [GrowingTrees(fitted, settings) for settings in (small, large)]
    shared = [trees.grow_to(20) for trees in together]
    alone = GrowingTrees(boosted_rows(rows, made_values(2, 200), large), large).grow_to(20)
    assert shared[1].tobytes() == alone.tobytes()
    assert shared[0].tobytes() != shared[1].tobytes()
