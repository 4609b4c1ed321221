"""The forecast made again at past instants, each with a training of its own, against what came and
against three baselines.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from funnel.forecast.forecast import Asked, Forecast, forecast, views
from funnel.forecast.hazards import Lives, lives
from funnel.forecast.periods import DEFAULT_COUNT, Period, before, periods, shift
from history.arrays import Floats
from history.errors import InvalidInput
from history.history import History
from history.snapshot import cut
from history.times import format_time
from models.bundle import Bundle
from models.calibration import Z80
from training.train import TrainOptions, train

Tell = Callable[[str, float], None]
Record = dict[str, Any]

LAST = 4  # periods of the last-periods mean
SPREAD_OF = 8  # periods that give its spread
LEVELS = (0.1, 0.5, 0.9)
OUTSIDE = 0.2  # of an 80 % interval
BASELINES = ("stage_pipeline", "stage_pipeline_and_new", "last_periods", "year_before")


@dataclass(frozen=True)
class Cell:
    """One period of one replayed forecast: what came, and by method the expectation with p10, p50 and p90
    (NaN without).
    """

    origin_us: int
    step: int
    what: str
    came: float
    said: dict[str, tuple[float, float, float, float]]


def forecast_replay(
    history: History,
    origins: Sequence[int],
    asked: Asked,
    options: TrainOptions,
    progress: Tell = lambda text, share: None,
) -> Record:
    """Trains and forecasts at each origin on what was known then; origins where training refuses are
    skipped, with the reason.

    Only periods that ended by history.as_of_us are judged. Raises InvalidInput where no origin is left.
    """
    cells: list[Cell] = []
    skipped: list[Record] = []
    for i, origin in enumerate(origins):
        progress(f"forecasting as of {format_time(origin)[:10]}", i / max(len(origins), 1))
        known = cut(history, origin)
        try:
            bundle = train(known, options).bundle
        except InvalidInput as problem:
            skipped.append({"as_of": format_time(origin), "reason": str(problem)})
            continue
        cells += judged_cells(bundle, known, history, asked)
    if not cells:
        raise InvalidInput(
            "no past date could be forecast and judged: " + "; ".join(s["reason"] for s in skipped)
        )
    return {**summary(cells), "skipped": skipped}


def judged_cells(bundle: Bundle, known: History, full: History, asked: Asked) -> list[Cell]:
    """The forecast at known.as_of_us beside the baselines and what came,
    for the periods that ended by full.as_of_us.
    """
    made = forecast(bundle, known, asked)
    final = lives(full, full.as_of_us)
    weighted = views(made)
    cells = []
    for k, span in enumerate(made.periods):
        if span.end_us > full.as_of_us + 1:
            break
        came = final.won_between(span.start_us, span.end_us)
        for j, what in enumerate(("wins", "revenue") if made.has_amounts else ("wins",)):
            open_ = float(weighted[k][f"weighted_pipeline_{what}"])
            new = float((made.expectation.new_revenue if j else made.expectation.new_wins)[k].sum())
            said = {
                "forecast": _own(made, k, what),
                "stage_pipeline": _point(open_),
                "stage_pipeline_and_new": _point(open_ + new),
                "last_periods": _last(made, j),
                "year_before": _year(made.seen, made, span, j),
            }
            cells.append(Cell(made.as_of_us, k + 1, what, float(came[j]), said))
    return cells


def _own(made: Forecast, k: int, what: str) -> tuple[float, float, float, float]:
    expected = made.wins if what == "wins" else made.revenue
    low, middle, high = (made.quantiles.wins if what == "wins" else made.quantiles.revenue)[:, k, 0].tolist()
    return float(expected[k, 0]), low, middle, high


def _point(value: float) -> tuple[float, float, float, float]:
    return value, np.nan, np.nan, np.nan


def _last(made: Forecast, j: int) -> tuple[float, float, float, float]:
    """The mean of the LAST whole periods before the first, give or take the spread of the last SPREAD_OF."""
    past = before(made.periods[0], made.asked.period, SPREAD_OF, made.zone)
    first = made.seen.first_win_us
    values = np.array(
        [
            made.seen.won_between(p.start_us, p.end_us)[j]
            for p in past
            if first is not None and p.end_us > first
        ]
    )
    if not len(values):
        return (np.nan,) * 4
    mean = float(values[-LAST:].mean())
    if len(values) < 2:
        return _point(mean)
    half = Z80 * float(values.std(ddof=1)) * np.sqrt(1 + 1 / min(len(values), LAST))
    return mean, max(mean - half, 0.0), mean, mean + half


def _year(seen: Lives, made: Forecast, span: Period, j: int) -> tuple[float, float, float, float]:
    """The same period a year before, where history begins before it."""
    kind = made.asked.period
    count = {"week": 52, "month": 12, "quarter": 4}[kind]
    start = shift(span.start, kind, -count)
    past = before(span, kind, count, made.zone)[0]
    assert past.start == start
    created = seen.created_us
    if not len(created) or int(created.min()) > past.start_us:
        return (np.nan,) * 4
    return _point(float(seen.won_between(past.start_us, past.end_us)[j]))


def summary(cells: Sequence[Cell]) -> Record:
    """By wins and revenue, and there by method: all steps, and each step alone; cells as records."""
    found: Record = {"origins": sorted({format_time(c.origin_us) for c in cells})}
    for what in dict.fromkeys(c.what for c in cells):
        mine = [c for c in cells if c.what == what]
        steps = sorted({c.step for c in mine})
        found[what] = {
            name: {
                **_measured(mine, name),
                "by_step": [{"step": s, **_measured([c for c in mine if c.step == s], name)} for s in steps],
            }
            for name in ("forecast", *BASELINES)
        }
    found["cells"] = [_cell_record(c) for c in cells]
    return found


def _measured(cells: Sequence[Cell], name: str) -> Record:
    """Figures of one method over the cells it says something of.

    bias: total said over total come, less one. pinball: mean over the three levels (Koenker and Bassett 1978);
    interval_score: of the 80 % interval (Gneiting and Raftery 2007); both None without an interval.
    """
    known = [c for c in cells if np.isfinite(c.said[name][0])]
    if not known:
        return {"cells": 0}
    came = np.array([c.came for c in known])
    said = np.array([c.said[name] for c in known])
    record: Record = {
        "cells": len(known),
        "mae": float(np.abs(said[:, 0] - came).mean()),
        "bias": float(said[:, 0].sum() / came.sum() - 1) if came.sum() > 0 else None,
        "pinball": None,
        "coverage": None,
        "interval_score": None,
        "width": None,
    }
    if np.isfinite(said).all():
        record |= _interval(came, said[:, 1:])
    return record


def _interval(came: Floats, ends: npt.NDArray[np.float64]) -> Record:
    gap = came[:, None] - ends
    loss = np.maximum(np.array(LEVELS) * gap, (np.array(LEVELS) - 1) * gap)
    low, high = ends[:, 0], ends[:, 2]
    missed = np.maximum(low - came, 0) + np.maximum(came - high, 0)
    return {
        "pinball": float(loss.mean()),
        "coverage": float(((came >= low) & (came <= high)).mean()),
        "interval_score": float((high - low + 2 / OUTSIDE * missed).mean()),
        "width": float((high - low).mean()),
    }


def _cell_record(cell: Cell) -> Record:
    said = {
        name: None if not np.isfinite(values[0]) else [v if np.isfinite(v) else None for v in values]
        for name, values in cell.said.items()
    }
    return {
        "as_of": format_time(cell.origin_us),
        "step": cell.step,
        "what": cell.what,
        "came": cell.came,
        **said,
    }


def past_origins(history: History, asked: Asked, count: int) -> list[int]:
    """The latest `count` period starts whose forecast had ended by history.as_of_us, oldest first, none
    before the first lead.

    Raises InvalidInput where history is too short for one.
    """
    zone = history.config.zone
    ahead = asked.count if asked.count is not None else DEFAULT_COUNT[asked.period]
    running = periods(history.as_of_us, asked.period, 1, zone)[0]
    past = before(running, asked.period, ahead + count - 1, zone)[:count]
    first = int(history.created_us.min()) if len(history) else history.as_of_us
    found = [p.start_us for p in past if p.start_us > first]
    if not found:
        raise InvalidInput(
            f"history is too short to replay {ahead} {asked.period}s: ask for fewer periods or add older leads"
        )
    return found
