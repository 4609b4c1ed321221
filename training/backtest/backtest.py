"""Backtest: replays past dates and measures the scores, with intervals, beside every baseline on the same leads.

Example::

    result = backtest(history, origins=6, by=("country",)).result
    result["overall"]["metrics"]["auc"], result["overall"]["intervals"]["auc"]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from history.base.errors import InvalidInput
from history.base.progress import Progress, no_progress, part
from history.history import History
from history.text.times import format_time
from training.backtest.dates import MAX_DATES, default_dates, require_matured
from training.backtest.groups import grouping_columns
from training.backtest.origin import Replay, replay
from training.backtest.summary import Skipped, summarize
from training.train import TrainOptions

__all__ = ["Backtest", "backtest"]


@dataclass(frozen=True)
class Backtest:
    """The replays in order of time, the options of their trainings, and all figures as JSON-ready values."""

    replays: Sequence[Replay]
    train: TrainOptions
    result: dict[str, Any]


def backtest(
    history: History,
    *,
    origins: int | None = None,
    at_us: Sequence[int] = (),
    by: Sequence[str] = (),
    train: TrainOptions | None = None,
    progress: Progress = no_progress,
) -> Backtest:
    """Trains and scores at past dates on what was known then, and compares with what happened by history.as_of_us.

    origins: how many dates, spread over the history; None for as many as have a matured horizon, up to 12.
    at_us: these dates instead, in microseconds UTC. by: columns to report by, beside stage, source, owner, lead age and
    sensitive attributes. train: options of every training; None for the defaults. progress: see
    `history.base.progress`.

    Dates at which the history was too short to train are skipped, with the reason. Raises InvalidInput if a date has
    no matured horizon, if `by` names an unknown column, or if no date is left.
    """
    options = TrainOptions() if train is None else train
    columns = grouping_columns(history, by)
    dates = list(at_us) or default_dates(history, origins or MAX_DATES)
    require_matured(history, dates)

    replays: list[Replay] = []
    skipped: list[Skipped] = []
    for k, date in enumerate(dates):
        step = part(progress, 0.9 * k / len(dates), 0.9 * (k + 1) / len(dates))
        try:
            replayed = replay(history, date, options, columns, _titled(step, date, k, len(dates)))
        except InvalidInput as error:
            skipped.append(Skipped(date, str(error)))
            continue
        if len(replayed.rows):
            replays.append(replayed)
        else:
            skipped.append(Skipped(date, "no lead was open at this date"))
    if not replays:
        raise InvalidInput(f"{format_time(date.as_of_us)}: {date.reason}" for date in skipped)

    progress("drawing bootstrap samples", 0.92)
    return Backtest(replays, options, summarize(history, replays, skipped, options.seed))


def _titled(progress: Progress, date: int, index: int, count: int) -> Progress:
    """Progress whose texts begin with the date."""
    title = f"{format_time(date)[:10]} ({index + 1} of {count})"
    return lambda text, share: progress(f"{title}: {text}", share)
