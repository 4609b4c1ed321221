"""Fits with censored rows: observed outcomes as they are, open rows as their expected outcome (one EM step)."""

from dataclasses import dataclass, replace

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.history import LOST, WON
from history.text.times import DAY_US
from models.figures.additive import AdditiveModel
from models.figures.kernel import sigmoid
from models.figures.parameters import Parameters
from training.fit.additive import FitSettings, WeightedRows, fit_conversion
from training.fit.close_time import WonRows, fit_close_time
from training.rows.dataset import GRID
from training.rows.labels import Labels
from training.rows.training_set import TrainingSet

MIN_WINS = 40  # leads won; fewer do not show when wins come, so open rows cannot be shared out
MIN_WEIGHT = 1e-3  # rows of a smaller weight are left out: they would only slow the fit
# The first of two fits only shares out the open rows: a quarter of the trees at four times the rate do for that.
FIRST_ROUNDS, FIRST_RATE = 20, 0.16


@dataclass(frozen=True)
class CensoredRows:
    """m grid rows of the horizon before an instant, as known at that instant.

    values (m, k), lead (m,), observed_days (m,) from the row's as_of to the instant, won and lost (m,) by then.
    place (m,): positions in the training set's bins. margin (m,): log-odds by a fit of matured rows; None if there is
    none yet.
    """

    values: Floats
    lead: Ints
    observed_days: Floats
    won: Mask
    lost: Mask
    place: Ints
    margin: Floats | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, index: Mask | Ints) -> "CensoredRows":
        """The rows at `index`."""
        return CensoredRows(
            self.values[index],
            self.lead[index],
            self.observed_days[index],
            self.won[index],
            self.lost[index],
            self.place[index],
            None if self.margin is None else self.margin[index],
        )


def censored_at(training_set: TrainingSet, at_us: int) -> CensoredRows:
    """The grid rows of the horizon before at_us, as known then, although the later of them may have matured since."""
    rows, values = training_set.rows, training_set.values
    recent, first = training_set.recent, 0
    if recent is not None and at_us >= training_set.as_of_us:
        rows, values, first = recent.rows, recent.values, len(rows)

    as_of_us = rows.snapshot.as_of_us
    in_horizon = (as_of_us > at_us - training_set.horizon_us) & (as_of_us < at_us)
    chosen = np.flatnonzero(in_horizon & (rows.origin == GRID))
    observed_days = (at_us - as_of_us[chosen]) / DAY_US
    decided = rows.labels.days[chosen] <= observed_days
    outcome = rows.labels.outcome[chosen]
    return CensoredRows(
        values=values[chosen],
        lead=rows.snapshot.lead[chosen],
        observed_days=observed_days,
        won=(outcome == WON) & decided,
        lost=(outcome == LOST) & decided,
        place=first + chosen,
    )


def fit_matured(training_set: TrainingSet, index: Ints, at_us: int, settings: FitSettings) -> AdditiveModel:
    """The conversion model as of at_us from the matured rows at `index` alone."""
    return fit_conversion(matured_rows(training_set, index, at_us, settings.parameters), settings)


def fit_with_censored(
    training_set: TrainingSet, index: Ints, censored: CensoredRows, at_us: int, settings: FitSettings
) -> AdditiveModel:
    """The conversion model as of at_us from the matured rows at `index` and from censored rows.

    One step of expectation-maximisation (Dempster, Laird, Rubin 1977; Farewell 1982). A row open after c days is a win
    with probability q = p (1 - F) / (p (1 - F) + (1 - p) (1 - G)): p is the matured fit's probability, F the share of
    wins that have come by day c, G the share of losses. The second fit reads the row as q of a win and 1 - q of a
    loss, weighted by F: a row whose outcome is still unknown should carry little weight.

    Two steps, or full weight, gained nothing and lost accuracy of totals (docs/decisions/0009). Fewer than MIN_WINS
    leads won, or no censored rows, give the matured fit. A small matured fit is made unless the censored rows have
    their margins from another (docs/decisions/0074).
    """
    matured = matured_rows(training_set, index, at_us, settings.parameters)
    wins = index[matured.target > 0]
    leads_won = len(np.unique(training_set.rows.snapshot.lead[wins]))
    if not len(censored) or leads_won < MIN_WINS:
        return fit_conversion(matured, settings)

    margin = censored.margin
    if margin is None:
        margin = fit_conversion(matured, _first_fit(settings)).margin(censored.values)
    came = _share_of_wins_by(training_set, wins, censored, settings.seed)
    is_loss = (matured.target == 0) & (training_set.rows.origin[index] == GRID)
    lost = lost_by(training_set.rows.labels, index[is_loss], censored.observed_days)
    open_share = win_share(sigmoid(margin), came, lost)
    share = np.where(censored.won, 1.0, np.where(censored.lost, 0.0, open_share))
    return fit_conversion(_with_censored(matured, censored, share, came), settings)


def win_share(probability: Floats, came: Floats, lost: Floats) -> Floats:
    """P(won within the horizon | undecided so far), (n,).

    probability: at the row's as_of; came, lost: shares of all wins and of all losses that come sooner.
    """
    still_win, still_not = probability * (1 - came), (1 - probability) * (1 - lost)
    return np.asarray(still_win / np.maximum(still_win + still_not, 1e-12), dtype=np.float64)


def lost_by(labels: Labels, rows: Ints, days: Floats) -> Floats:
    """The share of the rows, none of them won, that were lost within each of `days` (m,)."""
    lost = np.sort(np.where(labels.outcome[rows] == LOST, labels.days[rows], np.inf))
    return np.asarray(np.searchsorted(lost, days, side="right") / max(len(lost), 1), dtype=np.float64)


def _first_fit(settings: FitSettings) -> FitSettings:
    """Settings of the first of two fits: few trees of the default's size (docs/decisions/0056)."""
    parameters = settings.parameters
    few = replace(
        parameters,
        rounds=min(parameters.rounds, FIRST_ROUNDS),
        learning_rate=FIRST_RATE,
        leaves=min(parameters.leaves, Parameters().leaves),
    )
    return replace(settings, parameters=few, members=())


def matured_rows(training_set: TrainingSet, index: Ints, at_us: int, parameters: Parameters) -> WeightedRows:
    """The matured rows at `index` with their weights as of at_us."""
    return WeightedRows(
        values=training_set.values[index],
        features=training_set.features,
        target=training_set.won[index],
        weight=training_set.weight(index, at_us, parameters),
        binned=training_set.binned.take(index),
        lead=training_set.rows.snapshot.lead[index],
    )


def _share_of_wins_by(training_set: TrainingSet, wins: Ints, censored: CensoredRows, seed: int) -> Floats:
    """F of `fit_with_censored` (m,): the probability that a win of each censored row has come by its observed days."""
    rows = training_set.rows
    wins = wins[rows.is_timed[wins]]
    won = WonRows(
        values=training_set.values[wins],
        features=training_set.features,
        days=rows.labels.days[wins],
        lead=rows.snapshot.lead[wins],
        binned=training_set.binned.take(wins),
    )
    horizon_days = training_set.horizon_us // DAY_US
    close_time = fit_close_time(won, horizon_days, seed, is_quick=True)
    return close_time.cdf(close_time.place(censored.values), censored.observed_days)


def _with_censored(
    matured: WeightedRows, censored: CensoredRows, share: Floats, weight: Floats
) -> WeightedRows:
    """Matured rows, then each censored row twice: as a win of weight `share`, as a loss of the rest."""
    win_weight, loss_weight = weight * share, weight * (1 - share)
    as_win, as_loss = win_weight > MIN_WEIGHT, loss_weight > MIN_WEIGHT
    won, lost = np.ones(int(as_win.sum())), np.zeros(int(as_loss.sum()))
    place = np.concatenate([censored.place[as_win], censored.place[as_loss]])
    more_leads = [censored.lead[as_win], censored.lead[as_loss]]
    return WeightedRows(
        values=np.vstack([matured.values, censored.values[as_win], censored.values[as_loss]]),
        features=matured.features,
        target=np.concatenate([matured.target, won, lost]),
        weight=np.concatenate([matured.weight, win_weight[as_win], loss_weight[as_loss]]),
        binned=matured.binned and matured.binned.with_more(place),
        lead=None if matured.lead is None else np.concatenate([matured.lead, *more_leads]),
    )
