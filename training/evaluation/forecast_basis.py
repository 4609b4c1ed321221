"""The forecast as it would have been made at past instants, from predictions that no fit had seen."""

import numpy as np
import numpy.typing as npt

from funnel.forecast.hazards import lives
from funnel.forecast.new_leads import future, recent_rate
from funnel.forecast.open_leads import OpenLeads, ages, win_chances
from funnel.forecast.rhythm import rhythm_of, worked_days
from history.arrays import Floats
from history.history import DAY_US, WON, History
from history.snapshot import current_stages, open_leads
from models.bundle import Bundle
from models.calibration import intercept_for, sigmoid
from models.forecast_basis import ForecastBasis
from training.rows.predictions import OutOfFold
from training.rows.training_set import TrainingSet

ORIGINS = 12  # replayed instants, at most
STEP_DAYS, LONGEST_DAYS = 7, 182
FEWEST_LEADS = 5


def forecast_basis(
    training_set: TrainingSet, predictions: OutOfFold | None, how: str, bundle: Bundle
) -> ForecastBasis | None:
    """Replays of the forecast at the instants of the judged rows; None where leads were held out instead of time.

    The probability of a row is that of its split's fit, which saw labels up to the split's instant only, at that fit's
    own level and the final calibration's slope; its amount is that of the wins which the fit saw. Times come from the
    final model.
    """
    if predictions is None or how != "replay" or bundle.conversion is None:
        return None
    snapshot = training_set.rows.snapshot.take(predictions.rows)
    instants = np.unique(snapshot.as_of_us)
    chosen = instants[
        np.unique(np.linspace(0, len(instants) - 1, min(ORIGINS, len(instants))).round().astype(int))
    ]
    spans = np.arange(STEP_DAYS, LONGEST_DAYS + 1, STEP_DAYS, dtype=np.float64)
    origins = []
    for at in chosen.tolist():
        rows = np.flatnonzero(snapshot.as_of_us == at)
        if len(rows) >= FEWEST_LEADS:
            open_ = _as_then(bundle, training_set, predictions, rows)
            origins.append(replayed(bundle, snapshot.history, open_, at, spans))
    return stacked(origins, spans) if origins else None


def _as_then(
    bundle: Bundle,
    training_set: TrainingSet,
    predictions: OutOfFold,
    judged: npt.NDArray[np.int64],
) -> OpenLeads:
    """The leads of some judged rows (indices into `predictions`), all of one instant."""
    rows, margin = predictions.rows[judged], predictions.margin[judged]
    snapshot = training_set.rows.snapshot.take(rows)
    slope = float(np.diff(bundle.calibration.logits)[0] / np.diff(bundle.calibration.knots)[0])
    turned = slope * (margin - margin.mean()) + margin.mean()
    turned = turned + intercept_for(turned, float(sigmoid(margin).sum()))
    return OpenLeads(
        lead=snapshot.lead,
        age_days=ages(snapshot),
        probability=sigmoid(turned),
        place=bundle.close_time.place(training_set.values[rows]),
        amount=predictions.expected_amount[judged],
        baseline=np.full(len(rows), np.nan),
        stage=current_stages(snapshot),
    )


def replayed(bundle: Bundle, history: History, open_: OpenLeads, at_us: int, spans: Floats) -> ForecastBasis:
    """One origin: what was expected within each span of days (k,) after it, and what came by history.as_of_us."""
    seen = lives(history, at_us)
    horizon, zone = bundle.config.horizon_days, bundle.config.zone
    worked = worked_days(spans, at_us, rhythm_of(seen, zone), zone)
    to_come = future(seen, horizon, int(np.ceil(max(spans[-1], worked[-1]))))
    chances = win_chances(open_, bundle.close_time, to_come.rates, worked)
    new_wins = to_come.wins_by(worked)
    share = len(open_leads(history, at_us)) / max(len(open_), 1)  # large histories train on a sample
    money = share * (open_.amount @ chances)
    wins, revenue = _came(history, at_us, spans)
    recent = recent_rate(seen)
    return ForecastBasis(
        as_of_us=np.array([at_us]),
        days=spans,
        open_wins=share * chances.sum(axis=0)[None],
        new_wins=new_wins[None],
        open_revenue=money[None],
        new_revenue=(new_wins * to_come.amount)[None],
        wins=wins[None],
        revenue=revenue[None],
        recent_wins=np.array([recent[0]]),
        recent_revenue=np.array([recent[1]]),
    )


def _came(history: History, at_us: int, spans: Floats) -> tuple[Floats, Floats]:
    final = lives(history, history.as_of_us)
    won = (final.state == WON) & (final.end_us > at_us)
    days = (final.end_us[won] - at_us) / DAY_US
    amount = np.nan_to_num(final.amount[won])
    over = at_us + spans * DAY_US <= history.as_of_us
    wins = np.array([float((days <= d).sum()) for d in spans])
    revenue = np.array([float(amount[days <= d].sum()) for d in spans])
    return np.where(over, wins, np.nan), np.where(over, revenue, np.nan)


def stacked(origins: list[ForecastBasis], spans: Floats) -> ForecastBasis:
    """The origins as one basis."""
    columns = {
        name: np.concatenate([getattr(o, name) for o in origins])
        for name in vars(origins[0])
        if name != "days"
    }
    return ForecastBasis(days=spans, **columns)
