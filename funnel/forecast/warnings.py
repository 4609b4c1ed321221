"""What to know before reading a forecast: no leads, no amounts, an interval that nothing measured."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from funnel.forecast.forecast import Forecast
from funnel.forecast.periods import DAYS
from history.history import OPEN, WON
from models.bundle import Bundle

Note = tuple[str, str, str]


def notes(made: Forecast, bundle: Bundle) -> list[dict[str, Any]]:
    """Warnings {code, subject, detail}, the same from the command and from the service."""
    found = (*_of_leads(made, bundle), *_of_amounts(made), *_of_interval(made, bundle))
    return [{"code": code, "subject": subject, "detail": detail} for code, subject, detail in found]


def _of_leads(made: Forecast, bundle: Bundle) -> Iterator[Note]:
    if not len(made.seen):
        yield "no_leads", "leads", "no lead is known at T: nothing can be expected of what was never seen"
        return
    if not len(made.leads):
        yield "no_open_leads", "leads", "no lead is open at T: only leads yet to come can be won"
    if not (made.seen.state != OPEN).any():
        yield "no_outcomes", "outcomes", "nothing is decided at T: every lead counts as open, however old"
    if bundle.config.stages and len(made.leads) and not any(made.leads.stage):
        text = "no open lead is in a stage, though the model knows stages: the chances are those of leads without one"
        yield "no_stages", "stages", text


def _of_amounts(made: Forecast) -> Iterator[Note]:
    if not made.has_amounts:
        yield "no_amounts", "amount", "no win has an amount: wins are forecast, revenue is left empty"
        return
    seen, spans = made.seen, made.periods
    won = (seen.state == WON) & (seen.end_us >= spans[0].start_us) & (seen.end_us < spans[-1].end_us)
    unknown = int(np.isnan(seen.amount[won]).sum())
    if unknown:
        text = f"{unknown:,} of {int(won.sum()):,} deals won already have no amount: they count in wins, not in revenue"
        yield "unknown_amounts", "amount", text


def _of_interval(made: Forecast, bundle: Bundle) -> Iterator[Note]:
    kind, horizon = made.asked.period, bundle.config.horizon_days
    if horizon < DAYS[kind]:
        text = (
            f"the model looks {horizon} days ahead, a {kind} is longer: after them open leads follow the "
            "win and loss rates of their age"
        )
        yield "short_horizon", "horizon_days", text
    if not made.level.measured:
        text = "too little history to replay: the intervals come from the model's own uncertainty"
        yield "unmeasured_interval", "forecast", text
