"""Whether a history can teach anything: outcomes of both kinds, enough wins, horizons seen to their end."""

import numpy as np

from history.errors import InvalidInput
from history.history import WON, History
from history.times import format_time
from training.rows.dataset import Rows

MIN_WINS = 10


def require_outcomes(history: History) -> None:
    """Refuses a history that shows fewer than MIN_WINS wins or only one outcome, naming all that is wrong."""
    state, lead = (
        history.outcomes.state,
        np.repeat(np.arange(len(history)), np.diff(history.outcomes.offsets)),
    )
    wins = len(np.unique(lead[state == WON]))
    problems = []
    if not len(state):
        problems.append(_none_visible(history))
    elif wins < MIN_WINS:
        problems.append(
            f"{wins} leads were won by {format_time(history.as_of_us)}, training needs at least {MIN_WINS}: "
            "add older leads or wait"
        )
    if len(history) and wins == len(history):
        problems.append(
            "every lead was won: there is nothing to tell winners from; add the leads that were lost or are open"
        )
    if problems:
        raise InvalidInput(problems)


def _none_visible(history: History) -> str:
    said = "no outcomes are visible at T: training needs the table outcomes with won and lost leads"
    days = history.config.horizon_days
    if not len(history) or history.created_us.min() + history.config.horizon_us <= history.as_of_us:
        return said
    return (
        f"{said}; no lead is {days} days old at T, and an outcome without closed_at and recorded_at counts from "
        f"{days} days after its lead's creation: give closed_at, a later T or a shorter horizon_days"
    )


def require_rows(history: History, rows: Rows) -> None:
    """Refuses where no snapshot has a fully observed horizon, or all of them ended the same way."""
    horizon = history.config.horizon_days
    won = rows.labels.won
    if not len(rows):
        raise InvalidInput(
            f"no lead was open {horizon} days before {format_time(history.as_of_us)}, so no horizon of {horizon} days "
            "has been seen to its end: add older leads, or set a shorter horizon_days in funnel.toml"
        )
    winners = len(np.unique(rows.snapshot.lead[won]))
    if winners < MIN_WINS or won.all():
        raise InvalidInput(
            f"{winners} leads were won within {horizon} days of an instant whose horizon has ended, of "
            f"{len(np.unique(rows.snapshot.lead))}; training needs at least {MIN_WINS} that were and some that were "
            "not: add older leads, or set another horizon_days in funnel.toml"
        )
