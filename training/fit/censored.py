"""Fits that also learn from rows whose horizon is not over: known wins and losses as they are, the rest in part."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from history.arrays import Floats, Ints, Mask
from history.history import DAY_US, LOST, WON
from models.additive import AdditiveModel
from models.calibration import sigmoid
from models.parameters import Parameters
from training.fit.additive import fit_conversion
from training.fit.close_time import fit_close_time
from training.rows.dataset import GRID
from training.rows.labels import Labels
from training.rows.training_set import Material

MIN_WINS = 40  # won leads below which the time of a win is not known well enough to share out open rows
LEAST = 1e-3  # parts of a row that small are left out


@dataclass(frozen=True)
class Unfinished:
    """m grid rows in the horizon before an instant, as known at it: values (m, k), leads, days seen, won, lost."""

    values: Floats
    lead: Ints
    seen_days: Floats
    won: Mask
    lost: Mask

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: npt.NDArray[np.generic]) -> "Unfinished":
        return Unfinished(
            self.values[rows], self.lead[rows], self.seen_days[rows], self.won[rows], self.lost[rows]
        )


def unfinished_at(material: Material, at_us: int) -> Unfinished:
    """The rows of the horizon before at_us, as known then, although the later of them may be matured by now."""
    now = at_us >= material.rows.snapshot.history.as_of_us
    rows, values = material.recent if now and material.recent else (material.rows, material.values)
    at = rows.snapshot.as_of_us
    chosen = np.flatnonzero((at > at_us - material.horizon_us) & (at < at_us) & (rows.origin == GRID))
    seen = (at_us - at[chosen]) / DAY_US
    decided = rows.labels.days[chosen] <= seen
    outcome = rows.labels.outcome[chosen]
    return Unfinished(
        values[chosen],
        rows.snapshot.lead[chosen],
        seen,
        (outcome == WON) & decided,
        (outcome == LOST) & decided,
    )


def fit_matured(material: Material, fit: Ints, at_us: int, fitted: tuple[Parameters, int]) -> AdditiveModel:
    """The conversion model as of at_us from matured rows `fit` (indices) alone; fitted: parameters, seed."""
    parameters, seed = fitted
    weight = material.weight(fit, at_us, parameters)
    return fit_conversion(
        material.values[fit], material.features, material.won[fit], weight, parameters, seed
    )


def fit_on_all(
    material: Material, fit: Ints, later: Unfinished, at_us: int, fitted: tuple[Parameters, int]
) -> AdditiveModel:
    """The conversion model as of at_us from matured rows `fit` (indices) and from `later`.

    One step of expectation-maximisation for wins that may still come (Dempster, Laird, Rubin 1977; Farewell 1982): a
    row open after c days is a win with chance q = p (1 - F) / (p (1 - F) + (1 - p) (1 - G)), where p is the matured
    fit's probability, F(c) the chance that a win has come by then, G(c) that a loss has. It enters the second fit as q
    of a win and 1 - q of none, with weight F: what is not known yet should not teach much.
    """
    parameters, seed = fitted
    weight = material.weight(fit, at_us, parameters)
    values, won, features = material.values[fit], material.won[fit], material.features
    model = fit_conversion(values, features, won, weight, parameters, seed)
    labels, lead = material.rows.labels, material.rows.snapshot.lead
    wins = fit[won > 0]
    if not len(later) or len(np.unique(lead[wins])) < MIN_WINS:
        return model
    clock = fit_close_time(
        material.values[wins],
        features,
        labels.days[wins],
        lead[wins],
        material.horizon_us // DAY_US,
        seed,
        folds=2,
    )
    came = clock.cdf(clock.place(later.values), later.seen_days)
    gone = lost_by(labels, fit[(won == 0) & (material.rows.origin[fit] == GRID)], later.seen_days)
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
