"""Warnings of a forecast: missing leads, outcomes or amounts, and intervals without measurement."""

from collections.abc import Iterator

import numpy as np

from funnel.forecast.components.growth import growth_warnings
from funnel.forecast.forecast import Forecast
from funnel.forecast.periods import DAYS
from funnel.recording import recording_warnings
from history.base.warnings import Warning
from history.history import OPEN
from models.bundle import Bundle


def forecast_warnings(result: Forecast, bundle: Bundle) -> list[Warning]:
    """The forecast's warnings, the same from the command and from the service."""
    return [
        *_lead_warnings(result, bundle),
        *_timing_warnings(result, bundle),
        *recording_warnings(result.known),
        *_amount_warnings(result),
        *_interval_warnings(result, bundle),
    ]


def _lead_warnings(result: Forecast, bundle: Bundle) -> Iterator[Warning]:
    if not len(result.known):
        yield Warning("no_leads", "leads", "no leads exist by this date, so no wins are expected")
        return
    if not len(result.leads):
        yield Warning(
            "no_open_leads", "leads", "no leads are open; only leads created later can still be won"
        )
    if not (result.known.state != OPEN).any():
        yield Warning(
            "no_outcomes",
            "outcomes",
            "no wins or losses are recorded; every lead counts as open, even old ones",
        )
    if bundle.config.stages and len(result.leads) and not any(result.leads.stage):
        text = "no open lead has a stage, although the model uses stages; probabilities are those of leads without one"
        yield Warning("no_stages", "stages", text)


def _timing_warnings(result: Forecast, bundle: Bundle) -> Iterator[Warning]:
    known, horizon = result.known, bundle.config.horizon_days
    if known.has_timing:
        return
    text = (
        f"when leads are won is unknown, because {known.undated_share}: the figures of periods stay empty, wins so far "
        f"included; the {len(result.leads):,} open leads have {result.leads.probability.sum():.1f} expected wins "
        f"within {horizon} days; export closed_at"
    )
    yield Warning("unknown_timing", "closed_at", text)


def _amount_warnings(result: Forecast) -> Iterator[Warning]:
    if not result.has_amounts:
        yield Warning("no_amounts", "amount", "no win has an amount; wins are forecast, revenue stays empty")
        return
    known, spans = result.known, result.periods
    won = known.is_won_between(spans[0].start_us, spans[-1].end_us)
    unknown = int(np.isnan(known.amount[won]).sum())
    if unknown:
        text = (
            f"{unknown:,} of {int(won.sum()):,} deals already won have no amount; "
            "they count in wins but not in revenue"
        )
        yield Warning("unknown_amounts", "amount", text)
    yield from growth_warnings(known)


def _interval_warnings(result: Forecast, bundle: Bundle) -> Iterator[Warning]:
    kind, horizon = result.options.period, bundle.config.horizon_days
    if horizon < DAYS[kind]:
        text = (
            f"the model predicts {horizon} days ahead, which is shorter than a {kind}; "
            "after that, open leads follow the average win and loss rates of leads of their age"
        )
        yield Warning("short_horizon", "horizon_days", text)
    if not result.level.is_measured:
        text = "too little history to test past forecasts; intervals rest on the model's own uncertainty"
        yield Warning("unmeasured_interval", "forecast", text)
