"""Fits that also learn from rows whose horizon is not over: known wins and losses as they are, the rest in part."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from history.arrays import Floats, Ints, Mask
from history.history import DAY_US, LOST, WON
from models.additive import AdditiveModel
from models.calibration import sigmoid
from training.fit.additive import FitSettings, fit_conversion
from training.fit.close_time import fit_close_time
from training.rows.dataset import GRID
from training.rows.labels import Labels
from training.rows.training_set import TrainingSet

MIN_WINS = 40  # won leads below which the time of a win is not known well enough to share out open rows
LEAST = 1e-3  # parts of a row that small are left out


@dataclass(frozen=True)
class CensoredRows:
    """m grid rows in the horizon before an instant, as known at it: values (m, k), leads, days seen, won, lost."""

    values: Floats
    lead: Ints
    seen_days: Floats
    won: Mask
    lost: Mask

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: npt.NDArray[np.generic]) -> "CensoredRows":
        return CensoredRows(
            self.values[rows], self.lead[rows], self.seen_days[rows], self.won[rows], self.lost[rows]
        )


def censored_at(training_set: TrainingSet, at_us: int) -> CensoredRows:
    """The rows of the horizon before at_us, as known then, although the later of them may be matured by now."""
    now = at_us >= training_set.rows.snapshot.history.as_of_us
    rows, values = (
        training_set.recent if now and training_set.recent else (training_set.rows, training_set.values)
    )
    at = rows.snapshot.as_of_us
    chosen = np.flatnonzero((at > at_us - training_set.horizon_us) & (at < at_us) & (rows.origin == GRID))
    seen = (at_us - at[chosen]) / DAY_US
    decided = rows.labels.days[chosen] <= seen
    outcome = rows.labels.outcome[chosen]
    return CensoredRows(
        values[chosen],
        rows.snapshot.lead[chosen],
        seen,
        (outcome == WON) & decided,
        (outcome == LOST) & decided,
    )


def fit_matured(training_set: TrainingSet, fit: Ints, at_us: int, settings: FitSettings) -> AdditiveModel:
    """The conversion model as of at_us from matured rows `fit` (indices) alone."""
    parameters, seed = settings.parameters, settings.seed
    weight = training_set.weight(fit, at_us, parameters)
    return fit_conversion(
        training_set.values[fit], training_set.features, training_set.won[fit], weight, parameters, seed
    )


def fit_with_censored(
    training_set: TrainingSet, fit: Ints, later: CensoredRows, at_us: int, settings: FitSettings
) -> AdditiveModel:
    """The conversion model as of at_us from matured rows `fit` (indices) and from `later`.

    One step of expectation-maximisation for wins that may still come (Dempster, Laird, Rubin 1977; Farewell 1982): a
    row open after c days is a win with chance q = p (1 - F) / (p (1 - F) + (1 - p) (1 - G)), where p is the matured
    fit's probability, F(c) the chance that a win has come by then, G(c) that a loss has. It enters the second fit as q
    of a win and 1 - q of none, with weight F: what is not known yet should not teach much.
    """
    parameters, seed = settings.parameters, settings.seed
    weight = training_set.weight(fit, at_us, parameters)
    values, won, features = training_set.values[fit], training_set.won[fit], training_set.features
    model = fit_conversion(values, features, won, weight, parameters, seed)
    labels, lead = training_set.rows.labels, training_set.rows.snapshot.lead
    wins = fit[won > 0]
    if not len(later) or len(np.unique(lead[wins])) < MIN_WINS:
        return model
    clock = fit_close_time(
        training_set.values[wins],
        features,
        labels.days[wins],
        lead[wins],
        training_set.horizon_us // DAY_US,
        seed,
        folds=2,
    )
    came = clock.cdf(clock.place(later.values), later.seen_days)
    gone = lost_by(labels, fit[(won == 0) & (training_set.rows.origin[fit] == GRID)], later.seen_days)
    share = win_share(sigmoid(model.margin(later.values)), came, gone)
    share = np.where(later.won, 1.0, np.where(later.lost, 0.0, share))
    parts = [(came * share, 1.0), (came * (1 - share), 0.0)]
    kept = [part > LEAST for part, _ in parts]
    return fit_conversion(
        np.vstack([values, *(later.values[keep] for keep in kept)]),
        features,
        np.concatenate(
            [won, *(np.full(int(k.sum()), side) for k, (_, side) in zip(kept, parts, strict=True))]
        ),
        np.concatenate([weight, *(part[keep] for keep, (part, _) in zip(kept, parts, strict=True))]),
        parameters,
        seed,
    )


def win_share(chance: Floats, came: Floats, gone: Floats) -> Floats:
    """P(won by the horizon | undecided so far), (n,): chance at first, shares of wins and of losses past by now."""
    still_win, still_not = chance * (1 - came), (1 - chance) * (1 - gone)
    return np.asarray(still_win / np.maximum(still_win + still_not, 1e-12), dtype=np.float64)


def lost_by(labels: Labels, rows: Ints, days: Floats) -> Floats:
    """The share of not won rows that were lost within each of `days`."""
    lost = np.sort(np.where(labels.outcome[rows] == LOST, labels.days[rows], np.inf))
    return np.asarray(np.searchsorted(lost, days, side="right") / max(len(lost), 1), dtype=np.float64)
