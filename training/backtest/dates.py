"""Past dates of a backtest: as many as the history allows, each with a matured horizon."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from history.base.errors import InvalidInput
from history.history import WON, History
from history.text.times import DAY_US, format_time
from training.requirements import MIN_WINS
from training.rows.dataset import grid_step_us

MAX_DATES = 12  # each one costs a whole training


def default_dates(history: History, count: int = MAX_DATES) -> list[int]:
    """Up to `count` midnights of the funnel's zone, oldest first; the last is one horizon before the history's end.

    They are a horizon apart if the history is long enough, so that no outcome counts at two dates; else closer, but
    never closer than a quarter of the horizon or a step of the training grid. All lie after `first_trainable_us`; if no
    such date has matured, the last matured midnight is the only one.
    """
    horizon_us = history.config.horizon_us
    last = midnight(history.as_of_us - horizon_us, history)
    first = first_trainable_us(history)
    if first is None or first > last or count <= 1:
        return [last]

    least_us = max(horizon_us // 4, grid_step_us(horizon_us), DAY_US)
    most_us = max(horizon_us, least_us)
    even_us = (last - first) // (count - 1)
    least_days = -(-least_us // DAY_US)  # rounded up
    step_days = max(least_days, int(np.clip(even_us, least_us, most_us)) // DAY_US)
    step_us = step_days * DAY_US
    fitting = (last - first) // step_us + 1
    dates = set()
    for k in range(min(count, fitting)):
        # Noon before rounding down: days of 23 and 25 hours still give the intended midnight.
        noon_us = last - k * step_us + DAY_US // 2
        dates.add(midnight(noon_us, history))
    return sorted(dates)


def midnight(at_us: int, history: History) -> int:
    """The start, in microseconds UTC, of the local day that contains an instant, in the funnel's time zone."""
    local = datetime.fromtimestamp(at_us // 1_000_000, tz=history.config.zone)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return int(start.timestamp()) * 1_000_000


def first_trainable_us(history: History) -> int | None:
    """The first instant by which MIN_WINS leads were won and their first horizon was over; None if never."""
    outcomes = history.outcomes
    lead = outcomes.lead
    won = outcomes.state == WON
    if len(np.unique(lead[won])) < MIN_WINS:
        return None
    usable = np.maximum(history.created_us[lead[won]] + history.config.horizon_us, outcomes.known_us[won])
    first = np.full(len(history), np.iinfo(np.int64).max)
    np.minimum.at(first, lead[won], usable)
    return int(np.sort(first)[MIN_WINS - 1])


def require_matured(history: History, dates: Sequence[int]) -> None:
    """Raises InvalidInput, one message a date, for dates whose horizon is not over at the history's end."""
    horizon_us, days = history.config.horizon_us, history.config.horizon_days
    end, latest = format_time(history.as_of_us), format_time(history.as_of_us - horizon_us)
    late = [at for at in dates if at + horizon_us > history.as_of_us]
    if late:
        raise InvalidInput(
            f"{format_time(at)}: its horizon of {days} days ends after the data do ({end}), so outcomes are not "
            f"known yet; choose a date up to {latest}"
            for at in late
        )
