"""The past replayed at several dates: how good scores were, with intervals, beside every baseline on the same rows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from history.arrays import Floats, Ints
from history.errors import InvalidInput
from history.history import DAY_US, WON, History
from history.times import format_time
from training.backtest.origin import Replayed, replay
from training.evaluation.bootstrap import Judged, drawn, draws_of, interval, point, ranking
from training.evaluation.evaluate import calibration_table
from training.evaluation.grouping import NO_VALUE, REST, named, selected
from training.requirements import MIN_WINS
from training.rows.dataset import grid_step_us
from training.train import TrainOptions

SHOWN = (
    "leads", "wins", "wins_expected", "wins_error", "auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "revenue",
    "revenue_expected", "revenue_error", "gini", "amount_coverage", "abstained",
)  # fmt: skip


def groups_of(replays: Sequence[Replayed], name: str, counts: Ints) -> list[dict[str, Any]]:
    """Figures of each group over all origins, the largest first: MOST_GROUPS of them, what is left as one."""
    values = named([value for r in replays for value in r.groups[name]])
    chosen = np.concatenate([selected(r.judged.probability) for r in replays])
    columns = (np.concatenate([getattr(r.judged, c) for r in replays]) for c in vars(replays[0].judged))
    judged = Judged(*columns)
    names = np.array(values, dtype=object)
    found = []
    for value in _order(values):
        rows = np.flatnonzero(names == value)
        part = judged.take(rows)
        figures, draws = point(part), drawn(part, counts)
        found.append(
            {
                "value": value,
                "selection_rate": float(chosen[rows].mean()),
                "metrics": {k: figures[k] for k in SHOWN},
                "intervals": {k: interval(draws[k]) for k in SHOWN},
            }
        )
    return found


def _order(values: Sequence[str]) -> list[str]:
    count = Counter(values)
    return sorted(count, key=lambda value: (value in (REST, NO_VALUE), -count[value], value))


Tell = Callable[[str, float], None]

ORIGINS = 12
ALWAYS_BY = ("stage", "source", "owner", "lead_age")
COMPARED = ("auc", "log_loss")
PIT_BINS = 10


@dataclass(frozen=True)
class BacktestOptions:
    """origins: how many past dates, None for all up to ORIGINS; at_us: these instead; by: columns to group by."""

    train: TrainOptions
    origins: int | None = None
    at_us: tuple[int, ...] = ()
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Backtest:
    """The replays in order of time, and everything measured of them as JSON-ready values."""

    replays: Sequence[Replayed]
    result: dict[str, Any]


def backtest(
    history: History, options: BacktestOptions, progress: Tell = lambda text, share: None
) -> Backtest:
    """Replays `history` at past origins; raises InvalidInput where there is none that training accepts."""
    by = columns_of(history, options.by)
    origins = list(options.at_us) or default_origins(history, options.origins or ORIGINS)
    _require_matured(history, origins)
    replays, skipped = [], []
    for k, origin in enumerate(origins):
        name = format_time(origin)[:10]

        def tell(text: str, share: float, name: str = name, k: int = k) -> None:
            progress(f"{name} ({k + 1} of {len(origins)}): {text}", 0.9 * (k + share) / len(origins))

        try:
            found = replay(history, origin, options.train, by, tell)
        except InvalidInput as refused:
            skipped.append({"as_of": format_time(origin), "reason": str(refused)})
            continue
        if len(found.judged):
            replays.append(found)
        else:
            skipped.append({"as_of": format_time(origin), "reason": "no lead was open then"})
    if not replays:
        raise InvalidInput([f"{s['as_of']}: {s['reason']}" for s in skipped])
    progress("drawing bootstrap samples", 0.92)
    return Backtest(replays, _result(history, replays, skipped, options))


# ---- which dates


def default_origins(history: History, most: int) -> list[int]:
    """Up to `most` midnights of the funnel's zone, oldest first, the last one horizon before the history's end.

    They lie a horizon apart where history is long, closer where it is short: never closer than a quarter of the horizon
    or a step of the training grid. None lies before MIN_WINS wins could have taught a model; with none left, the last
    matured midnight alone.
    """
    horizon_us = history.config.horizon_us
    last = midnight(history.as_of_us - horizon_us, history)
    first = first_trainable_us(history)
    least = max(horizon_us // 4, grid_step_us(horizon_us), DAY_US)
    if first is None or first > last or most <= 1:
        return [last]
    step = int(np.clip((last - first) // (most - 1), least, max(horizon_us, least)))
    days = max(-(-least // DAY_US), step // DAY_US)
    count = min(most, (last - first) // (days * DAY_US) + 1)
    return sorted({midnight(last - k * days * DAY_US + DAY_US // 2, history) for k in range(count)})


def midnight(at_us: int, history: History) -> int:
    """The start of the day that holds an instant, in the funnel's time zone."""
    local = datetime.fromtimestamp(at_us // 1_000_000, tz=history.config.zone)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return int(start.timestamp()) * 1_000_000


def first_trainable_us(history: History) -> int | None:
    """The first instant by which MIN_WINS leads had been won and seen for a whole horizon; None where there is none."""
    outcomes = history.outcomes
    lead = np.repeat(np.arange(len(history)), np.diff(outcomes.offsets))
    won = outcomes.state == WON
    if len(np.unique(lead[won])) < MIN_WINS:
        return None
    usable = np.maximum(history.created_us[lead[won]] + history.config.horizon_us, outcomes.known_us[won])
    first = np.full(len(history), np.iinfo(np.int64).max)
    np.minimum.at(first, lead[won], usable)
    return int(np.sort(first)[MIN_WINS - 1])


def _require_matured(history: History, origins: Sequence[int]) -> None:
    horizon = history.config.horizon_us
    days, end = history.config.horizon_days, format_time(history.as_of_us)
    latest = format_time(history.as_of_us - horizon)
    late = [at for at in origins if at + horizon > history.as_of_us]
    if late:
        raise InvalidInput(
            f"{format_time(at)}: its horizon of {days} days ends after {end}, where the data end; the "
            f"latest date that can be judged is {latest}"
            for at in late
        )


def columns_of(history: History, asked: Sequence[str]) -> tuple[str, ...]:
    """What leads are grouped by: ALWAYS_BY where the data have it, sensitive attributes, and what was asked for."""
    known = {"lead_age", *history.attributes} | ({"stage"} if len(history.stages.time_us) else set())
    unknown = [name for name in asked if name not in known]
    if unknown:
        there = ", ".join(sorted(known))
        raise InvalidInput(
            [f"--by {name}: there is no such column; those there are: {there}" for name in unknown]
        )
    wanted = dict.fromkeys((*ALWAYS_BY, *history.config.sensitive, *asked))
    return tuple(name for name in wanted if name in known)


# ---- figures


def _result(
    history: History,
    replays: Sequence[Replayed],
    skipped: Sequence[Mapping[str, str]],
    options: BacktestOptions,
) -> dict[str, Any]:
    counts = draws_of(len(history), options.train.seed)
    each = [Measured.of(r, counts) for r in replays]
    everything = joined([r.judged for r in replays])
    return {
        "as_of": format_time(history.as_of_us),
        "horizon_days": history.config.horizon_days,
        "currency": history.config.currency,
        "origins": [_origin(r, m) for r, m in zip(replays, each, strict=True)],
        "skipped": list(skipped),
        "overall": overall(each),
        "pooled": {"metrics": point(everything), "intervals": _intervals(drawn(everything, counts))},
        "by": {name: groups_of(replays, name, counts) for name in replays[0].groups},
        "calibration": calibration_table(everything.won, everything.probability),
        "close_time": pit(np.concatenate([r.place for r in replays])),
    }


@dataclass(frozen=True)
class Measured:
    """One origin's figures, plain and in each bootstrap sample, and every baseline's on the same rows and samples."""

    figures: Mapping[str, float]
    draws: Mapping[str, Floats]
    baselines: Mapping[str, Mapping[str, float]]
    baseline_draws: Mapping[str, Mapping[str, Floats]]

    @classmethod
    def of(cls, replayed: Replayed, counts: Ints) -> "Measured":
        judged = replayed.judged
        rivals = {name: _with_probability(judged, p) for name, p in replayed.baselines.items()}
        weight = counts[:, judged.lead].astype(np.float64)
        return cls(
            point(judged),
            drawn(judged, counts),
            {name: point(rival) for name, rival in rivals.items()},
            {name: ranking(rival, weight) for name, rival in rivals.items()},
        )

    def differences(self) -> dict[str, dict[str, Any]]:
        """Model minus each baseline, with the interval of the paired bootstrap."""
        return {name: _difference([self], name) for name in self.baselines}


def _with_probability(judged: Judged, probability: Floats) -> Judged:
    return Judged(
        **{**vars(judged), "probability": probability, "abstained": np.zeros(len(judged), dtype=np.bool_)}
    )


def _difference(each: Sequence[Measured], name: str) -> dict[str, Any]:
    out = {}
    for figure in COMPARED:
        gaps = [m.figures[figure] - m.baselines[name][figure] for m in each]
        drawn_gaps = _mean([m.draws[figure] - m.baseline_draws[name][figure] for m in each])
        out[figure] = {"difference": float(_mean(gaps)), "interval": interval(drawn_gaps)}
    return out


def _mean(values: Sequence[Any]) -> Any:
    """Mean over origins of numbers or arrays, those that have no value left out."""
    stacked = np.array(values, dtype=np.float64)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    return np.divide(total, known.sum(axis=0), out=np.full(total.shape, np.nan), where=known.sum(axis=0) > 0)


def overall(each: Sequence[Measured]) -> dict[str, Any]:
    """Means over origins, every origin counting alike; errors of totals also without their sign."""
    names = list(each[0].figures)
    metrics = {name: float(_mean([m.figures[name] for m in each])) for name in names}
    intervals = {name: interval(_mean([m.draws[name] for m in each])) for name in names}
    for name in ("wins_error", "revenue_error"):
        metrics[f"{name}_abs"] = float(_mean([abs(m.figures[name]) for m in each]))
        intervals[f"{name}_abs"] = interval(_mean([np.abs(m.draws[name]) for m in each]))
    rivals = {}
    for rival in each[0].baselines:
        rivals[rival] = {
            name: float(_mean([m.baselines[rival][name] for m in each]))
            for name in names
            if name != "abstained"
        }
    return {
        "metrics": metrics,
        "intervals": intervals,
        "baselines": rivals,
        "differences": {name: _difference(each, name) for name in each[0].baselines},
    }


def _origin(replayed: Replayed, measured: Measured) -> dict[str, Any]:
    return {
        "as_of": format_time(replayed.origin_us),
        "signal": replayed.trained.signal,
        "n_leads": replayed.trained.n_leads,
        "n_snapshots": replayed.trained.n_snapshots,
        "metrics": dict(measured.figures),
        "intervals": _intervals(measured.draws),
        "baselines": {name: dict(figures) for name, figures in measured.baselines.items()},
        "differences": measured.differences(),
    }


def _intervals(draws: Mapping[str, Floats]) -> dict[str, list[float] | None]:
    return {name: interval(values) for name, values in draws.items()}


def joined(parts: Sequence[Judged]) -> Judged:
    """The rows of several origins, one after the other."""
    return Judged(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))


def pit(place: Floats) -> dict[str, Any]:
    """How many wins fell into each tenth of their own close-time distribution: equal counts if it is right."""
    known = place[~np.isnan(place)]
    counts = np.bincount(np.minimum((known * PIT_BINS).astype(int), PIT_BINS - 1), minlength=PIT_BINS)
    return {"wins": len(known), "pit": counts.tolist()}
