"""The forecast basis: forecasts as of past instants from out-of-fold predictions, beside what happened."""

from dataclasses import fields, replace

import numpy as np

from funnel.forecast.components.new_leads import forecast_new_leads, recent_rate
from funnel.forecast.components.open_leads import OpenLeads, ages, win_probabilities
from funnel.forecast.components.rhythm import fit_rhythm, working_days
from funnel.recording import known_leads
from history.base.arrays import Floats, Ints
from history.history import WON, History
from history.snapshot import current_stages, open_leads
from history.text.times import DAY_US
from models.bundle import Bundle
from models.figures.calibration import intercept_for
from models.figures.kernel import sigmoid
from models.forecast_basis import ForecastBasis
from training.evaluation.out_of_fold import BY_DATE
from training.rows.predictions import OutOfFold
from training.rows.training_set import TrainingSet

MAX_ORIGINS = 12
STEP_DAYS, LONGEST_DAYS = 7, 182
MIN_LEADS = 5  # open at an origin


def forecast_basis(
    training_set: TrainingSet, predictions: OutOfFold | None, method: str, bundle: Bundle
) -> ForecastBasis | None:
    """Forecasts at up to MAX_ORIGINS instants of the evaluated rows; None unless rows were evaluated by date.

    The probability of a row comes from its split's fit, which saw labels up to the split's instant only, at that fit's
    own level and the final calibration's slope. Its amount comes from the wins that the fit saw, times to the win from
    the final model.
    """
    if predictions is None or method != BY_DATE or bundle.conversion is None:
        return None
    snapshot = training_set.rows.snapshot.take(predictions.rows)
    spans = np.arange(STEP_DAYS, LONGEST_DAYS + 1, STEP_DAYS, dtype=np.float64)
    origins = []
    for at_us in _spread(np.unique(snapshot.as_of_us)).tolist():
        rows = np.flatnonzero(snapshot.as_of_us == at_us)
        if len(rows) >= MIN_LEADS:
            leads = _leads_then(bundle, training_set, predictions.take(rows))
            origins.append(basis_at(bundle, snapshot.history, leads, at_us, spans))
    return concatenated(origins, spans) if origins else None


def _spread(instants: Ints) -> Ints:
    """At most MAX_ORIGINS of the instants, evenly spaced, the first and last among them."""
    count = min(MAX_ORIGINS, len(instants))
    chosen = np.unique(np.linspace(0, len(instants) - 1, count).round().astype(int))
    spread: Ints = instants[chosen]
    return spread


def _leads_then(bundle: Bundle, training_set: TrainingSet, predictions: OutOfFold) -> OpenLeads:
    """The leads of predictions of a single instant."""
    rows, margin = predictions.rows, predictions.margin
    snapshot = training_set.rows.snapshot.take(rows)
    logit = bundle.calibration.slope * (margin - margin.mean()) + margin.mean()
    predicted_wins = float(sigmoid(margin).sum())
    return OpenLeads(
        lead=snapshot.lead,
        age_days=ages(snapshot),
        probability=sigmoid(logit + intercept_for(logit, predicted_wins)),
        place=bundle.close_time.place(training_set.values[rows]),
        amount=predictions.expected_amount,
        baseline=np.full(len(rows), np.nan),
        stage=current_stages(snapshot),
    )


def basis_at(bundle: Bundle, history: History, leads: OpenLeads, at_us: int, spans: Floats) -> ForecastBasis:
    """The basis of one origin: expected and actual wins and revenue within each span (k,) of days after it.

    history: with everything up to its as_of_us; spans that end later have no actual values.
    """
    known = known_leads(history, at_us)
    horizon_days, zone = bundle.config.horizon_days, bundle.config.zone
    worked = working_days(spans, at_us, fit_rhythm(known, zone), zone)
    new_leads = forecast_new_leads(known, horizon_days, int(np.ceil(max(spans[-1], worked[-1]))))
    new_wins = new_leads.wins_by(worked)
    probabilities = win_probabilities(leads, bundle.close_time, new_leads.rates, worked)
    # Training samples the leads of a large history: the sample stands for all leads open then.
    leads_per_row = len(open_leads(history, at_us)) / max(len(leads), 1)
    actual_wins, actual_revenue = _actual(history, at_us, spans)
    recent_wins, recent_revenue = recent_rate(known)
    return ForecastBasis(
        as_of_us=np.array([at_us]),
        days=spans,
        open_wins=leads_per_row * probabilities.sum(axis=0)[None],
        new_wins=new_wins[None],
        open_revenue=(leads_per_row * (leads.amount @ probabilities))[None],
        new_revenue=(new_wins * new_leads.amount)[None],
        wins=actual_wins[None],
        revenue=actual_revenue[None],
        recent_wins=np.array([recent_wins]),
        recent_revenue=np.array([recent_revenue]),
    )


def _actual(history: History, at_us: int, spans: Floats) -> tuple[Floats, Floats]:
    """Wins and revenue (k,) within each span after at_us; NaN for spans not over by history.as_of_us."""
    later = known_leads(replace(history, settled=None), history.as_of_us)
    won = (later.state == WON) & (later.end_us > at_us)
    days = (later.end_us[won] - at_us) / DAY_US
    amount = np.nan_to_num(later.amount[won])
    wins = np.array([float((days <= span).sum()) for span in spans])
    revenue = np.array([float(amount[days <= span].sum()) for span in spans])
    is_over = at_us + spans * DAY_US <= history.as_of_us
    return np.where(is_over, wins, np.nan), np.where(is_over, revenue, np.nan)


def concatenated(origins: list[ForecastBasis], spans: Floats) -> ForecastBasis:
    """One basis of several origins with the same spans."""
    columns = {
        field.name: np.concatenate([getattr(origin, field.name) for origin in origins])
        for field in fields(ForecastBasis)
        if field.name != "days"
    }
    return ForecastBasis(days=spans, **columns)
