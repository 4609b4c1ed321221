"""What to know before reading a forecast: no leads, no amounts, an interval that nothing measured."""

from collections.abc import Iterator
from typing import Any

from funnel.forecast import Forecast


def notes(made: Forecast) -> list[dict[str, Any]]:
    """Warnings {code, subject, detail}, the same from the command and from the service."""
    return [{"code": code, "subject": subject, "detail": detail} for code, subject, detail in _found(made)]


def _found(made: Forecast) -> Iterator[tuple[str, str, str]]:
    if not len(made.seen.lead):
        yield "no_leads", "leads", "no lead is known at T: nothing can be expected of what was never seen"
    elif not len(made.leads):
        yield "no_open_leads", "leads", "no lead is open at T: only leads yet to come can be won"
    if not made.has_amounts:
        yield "no_amounts", "amount", "no win has an amount: wins are forecast, revenue is left empty"
    if not made.level.measured:
        text = "too little history to replay: the intervals come from the model's own uncertainty"
        yield "unmeasured_interval", "forecast", text
