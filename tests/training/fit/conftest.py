"""A fit of the conversion model, made once a run for the tests of this room."""

import pytest

from models.figures.parameters import Parameters
from training.fit.additive import FitSettings
from training.fit.conversion import ConversionFit, fit_final
from training.rows.training_set import TrainingSet


@pytest.fixture(scope="session")
def fit(training_set: TrainingSet) -> ConversionFit:
    return fit_final(training_set, FitSettings(Parameters(rounds=10), 0), None)
