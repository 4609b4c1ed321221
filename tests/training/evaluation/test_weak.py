"""Thin evidence: log-odds nearer to the base rate, in the same order, with intervals that are no narrower."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from history.base.arrays import Floats, Ints
from history.history import History
from history.read import read_folder
from history.snapshot import Snapshot, cut, open_leads
from history.text.times import DAY_US, format_time
from models.figures.kernel import sigmoid
from models.figures.parameters import Parameters
from models.scorer import score
from training.assemble import assemble_bundle
from training.evaluation.slope import Slope
from training.evaluation.weak import weakened
from training.fit.additive import FitSettings
from training.fit.conversion import ConversionFit, fit_final
from training.rows.dataset import training_rows
from training.rows.training_set import PreparedData, prepare
from training.train import TrainOptions, train

THIN = Slope(0.3, 0.12, 80)


@pytest.fixture(scope="module")
def prepared(small_history: History) -> PreparedData:
    return prepare(small_history, training_rows(small_history, 0), 0)


@pytest.fixture(scope="module")
def conversion(prepared: PreparedData) -> ConversionFit:
    return fit_final(prepared.training_set, FitSettings(Parameters(rounds=10), 0), None)


@pytest.fixture(scope="module")
def weak(prepared: PreparedData, conversion: ConversionFit) -> ConversionFit:
    return weakened(conversion, prepared.training_set, THIN)


def test_the_order_stays_and_the_spread_shrinks(
    prepared: PreparedData, conversion: ConversionFit, weak: ConversionFit
) -> None:
    margin = np.sort(conversion.model.margin(prepared.training_set.values))
    before, after = conversion.calibration.logit(margin), weak.calibration.logit(margin)
    assert (np.diff(after) >= 0).all()
    assert weak.calibration.slope == pytest.approx(THIN.shrunk)
    share = THIN.shrunk / conversion.calibration.slope
    assert np.ptp(after) == pytest.approx(share * np.ptp(before), rel=1e-6)


def test_intervals_are_wider_in_log_odds(
    prepared: PreparedData, conversion: ConversionFit, weak: ConversionFit
) -> None:
    margin = conversion.model.margin(prepared.training_set.values)
    before, after = conversion.calibration.logit(margin), weak.calibration.logit(margin)
    old = np.interp(before, conversion.log_odds_error.logits, conversion.log_odds_error.deviations)
    new = np.interp(after, weak.log_odds_error.logits, weak.log_odds_error.deviations)
    assert (new >= old - 1e-6).all()
    assert new.mean() > old.mean()
    assert (np.diff(weak.log_odds_error.logits) > 0).all()


def test_a_slope_above_the_fitted_one_changes_nothing(
    prepared: PreparedData, conversion: ConversionFit
) -> None:
    same = weakened(conversion, prepared.training_set, Slope(0.9, 0.1, 200))
    margin = conversion.model.margin(prepared.training_set.values)
    np.testing.assert_allclose(
        same.calibration.logit(margin), conversion.calibration.logit(margin), atol=1e-9
    )


def test_a_weak_bundle_scores_leads_and_says_so(
    prepared: PreparedData, weak: ConversionFit, small_history: History
) -> None:
    bundle = assemble_bundle(prepared, weak, None, "weak", 0)
    assert bundle.signal == "weak"
    assert replace(bundle, is_weak=False).signal == "usable"
    scores = score(bundle, open_leads(small_history, small_history.as_of_us))
    assert len(np.unique(scores.probability)) > 10
    assert (scores.probability_low < scores.probability).all()


@pytest.mark.long
@pytest.mark.parametrize(
    ("strength", "seed", "expected"),
    [
        (0.0, 6, "none"),
        (0.45, 2, "weak"),  # held-out AUC 0.503
        (0.45, 8, "weak"),  # 0.543
        (0.45, 6, "usable"),  # 0.607, surely above 0.55
    ],
)
def test_two_hundred_wins_show_a_weak_signal_and_no_noise(
    strength: float, seed: int, expected: str, tmp_path: Path
) -> None:
    """Open leads of a flat table whose true AUC is 0.6: ranked above .53, and told by how sure the evidence is."""
    truth = _write_flat(tmp_path, strength, seed)
    history = read_folder(tmp_path)
    trained = train(cut(history, DAY_US * 19_980), TrainOptions(trials=0))
    assert trained.signal == expected
    later = Snapshot(history, np.arange(2_800, 4_000), history.created_us[2_800:] + DAY_US)
    probability = score(trained.bundle, later, reasons=0).probability
    assert np.abs(probability - trained.bundle.base_rate).max() < (0.03 if expected == "none" else 0.2)
    if expected != "none":
        won = np.random.default_rng(0).random(1_200) < truth[2_800:]
        assert roc_auc_score(won, probability) > 0.53


def _write_flat(folder: Path, strength: float, seed: int) -> Floats:
    """4,000 leads, four a day, of which about 14 % are won; returns their true probabilities (n,)."""
    random = np.random.default_rng(seed)
    n = 4_000
    created = DAY_US * 19_280 + np.arange(n) * (DAY_US // 4)
    size, source = random.normal(size=n), random.integers(0, 4, n)
    truth = sigmoid(-2.0 + strength * (0.7 * size + np.array([-0.6, 0.0, 0.2, 0.8])[source]))
    won = random.random(n) < truth
    # All within the horizon, so that the age of an open lead tells nothing.
    closed = created + (random.uniform(5, 58, n) * DAY_US).astype(np.int64)
    ids = [f"L{i}" for i in range(n)]
    leads = pd.DataFrame(
        {"lead_id": ids, "created_at": _texts(created), "size": size.round(3), "source": source}
    )
    leads["source"] = "s" + leads["source"].astype(str)
    leads.to_csv(folder / "leads.csv", index=False)
    outcome = np.where(won, "won", "lost")
    outcomes = pd.DataFrame({"lead_id": ids, "outcome": outcome, "closed_at": _texts(closed)})
    outcomes.to_csv(folder / "outcomes.csv", index=False)
    (folder / "funnel.toml").write_text("[funnel]\nhorizon_days = 60\n")
    return truth


def _texts(times_us: Ints) -> list[str]:
    return [format_time(int(at)) for at in times_us]
