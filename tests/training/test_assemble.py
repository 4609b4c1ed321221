"""The assembled bundle: the base rate alone without a signal, and a reference of probabilities in order."""

from dataclasses import replace

import numpy as np
import pytest

from history.history import History
from models.figures.parameters import Parameters
from tests.builders.leads.late_leads import late_history
from training.assemble import REFERENCE_LEADS, _close_time, assemble_bundle
from training.fit.additive import FitSettings
from training.fit.conversion import ConversionFit, fit_final
from training.rows.dataset import training_rows
from training.rows.training_set import PreparedData, prepare

QUICK = Parameters(rounds=10)


@pytest.fixture(scope="module")
def prepared(small_history: History) -> PreparedData:
    return prepare(small_history, training_rows(small_history, 0), 0)


@pytest.fixture(scope="module")
def conversion(prepared: PreparedData) -> ConversionFit:
    return fit_final(prepared.training_set, FitSettings(QUICK, 0), None)


def test_without_a_signal_every_score_is_the_base_rate(
    prepared: PreparedData, conversion: ConversionFit
) -> None:
    bundle = assemble_bundle(prepared, conversion, None, "none", 0)
    assert bundle.conversion is None
    assert bundle.reference.tolist() == [bundle.base_rate]
    probability = bundle.calibration.probability(np.array([bundle.base_margin]))
    assert probability[0] == pytest.approx(bundle.base_rate)


def test_the_reference_is_of_many_leads_and_sorted(prepared: PreparedData, conversion: ConversionFit) -> None:
    bundle = assemble_bundle(prepared, conversion, None, "usable", 0)
    assert len(bundle.reference) >= REFERENCE_LEADS
    assert (np.diff(bundle.reference) >= 0).all()
    assert ((bundle.reference > 0) & (bundle.reference < 1)).all()


def test_the_base_rate_is_that_of_recent_grid_rows(prepared: PreparedData, conversion: ConversionFit) -> None:
    """Rows at creations and entries are a sample at chosen moments: no rate of leads in general."""
    training_set = prepared.training_set
    no_moments = np.where(training_set.rows.origin == 0, conversion.weight, 0.0)
    expected = np.average(training_set.won, weights=no_moments)
    bundle = assemble_bundle(prepared, replace(conversion, weight=no_moments), None, "usable", 0)
    assert bundle.base_rate == pytest.approx(expected)


def test_times_to_a_win_are_those_of_rows_from_recorded_wins_on() -> None:
    """Every lead is decided 8 to 9 days after its creation; rows of before the first recorded win know of late ones."""
    history = late_history(140)
    training_set = prepare(history, training_rows(history, 0), 0).training_set
    rows = training_set.rows
    won = rows.labels.won
    timed, cut_short = (
        float(rows.labels.days[won & chosen].mean()) for chosen in (rows.is_timed, ~rows.is_timed)
    )
    assert cut_short > timed + 1
    alone = replace(training_set, rows=rows.take(rows.is_timed), values=training_set.values[rows.is_timed])
    days, expected = (_close_time(each, 0).median_days(alone.values).mean() for each in (training_set, alone))
    assert days == pytest.approx(expected, abs=0.1)
