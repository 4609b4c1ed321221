"""Leadcast in Python: read a data folder, train, score, forecast, and look at the funnel and at past dates.

>>> import leadcast
>>> history = leadcast.read_folder("crm")
>>> model = leadcast.load_model()
>>> scores = leadcast.score(model, history)
>>> scores.columns[:5].tolist()
['lead_id', 'status', 'stage', 'as_of', 'probability']

The functions do what the commands of the same names do, with equal results. `as_of` is a date or time, as text or as
a datetime, in the funnel's time zone if it has no offset; None is the end of the data. `home` is the folder of models
and runs; None is LEADCAST_HOME, else .leadcast. `progress` is called with the current step in words and the share of
the work done, 0 to 1. Errors are InvalidInput or DamagedArtifact; their `problems` is the list of all problems found.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

ROOMS = ("history", "features", "models", "funnel", "training")


def _refuse_shadowed_rooms() -> None:
    """Raises ImportError if a project's own `models`, `training` ... would be imported in place of Leadcast's."""
    root = Path(__file__).resolve().parents[1]
    for room in ROOMS:
        location = _location(room)
        if location != root / room:
            raise ImportError(
                f"{location or 'another module'} shadows the package {room!r} of Leadcast in {root}: "
                "start Python in another folder, or rename yours."
            )
        import_module(room)  # later changes of sys.path cannot shadow it any more


def _location(package: str) -> Path | None:
    """The folder of a package, or the file of a module, that `import` gives or has given."""
    spec = sys.modules[package].__spec__ if package in sys.modules else find_spec(package)
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or ())
    return Path(folders[0] if folders else spec.origin or "").resolve()


_refuse_shadowed_rooms()

from history.base.errors import DamagedArtifact, InvalidInput  # noqa: E402  the rooms are checked first
from history.base.extras import explained_imports  # noqa: E402
from history.base.progress import Progress, no_progress  # noqa: E402

if TYPE_CHECKING:
    import pandas

    from history.folder.data_folder import DataFolder
    from models.bundle import Bundle
    from training.backtest.result import BacktestResult
    from training.pipeline import TrainingResult

Period = Literal["week", "month", "quarter"]

__all__ = [
    "DamagedArtifact",
    "InvalidInput",
    "backtest",
    "forecast",
    "funnel",
    "load_model",
    "read_folder",
    "score",
    "train",
]


def read_folder(path: str | Path, *, accept_rejected: bool = False) -> "DataFolder":
    """Reads a data folder once; any `as_of` of the other functions then needs no file.

    `set_aside` of the result lists the rules that set rows aside. Raises InvalidInput with every problem of
    funnel.toml and of all tables, and if more than a fifth of a table's rows is set aside, unless accept_rejected.

    >>> history = leadcast.read_folder("crm")
    >>> history
    <DataFolder 'crm': 400 leads, as of 2026-06-30T18:50:40Z>
    >>> history.set_aside
    []
    """
    from history.folder.rules.acceptance import require_acceptable
    from history.read import open_folder

    folder = open_folder(Path(path), time.time_ns() // 1000)
    reports = folder.reports  # validates the rows, so that problems are raised here
    if not accept_rejected:
        require_acceptable(reports, "accept_rejected=True")
    return folder


def train(
    history: "DataFolder",
    as_of: str | date | None = None,
    home: str | Path | None = None,
    trials: int = 12,
    seed: int = 0,
    promote: Literal["auto", "always", "never"] = "auto",
    progress: Progress | None = None,
    *,
    keep: Sequence[str] = (),
) -> "TrainingResult":
    """Trains a model on what was known at `as_of`, evaluates it and registers a version in the home.

    trials: settings of the trees to compare, at most. seed: of every random choice. promote: make the version the
    champion if the promotion gate passes ("auto"), "always" or "never". keep: columns to use although they are
    leakage_suspected.
    The fields of the result are the keys of `leadcast train --json`.

    >>> result = leadcast.train(history, trials=0, promote="never", home="trial")
    >>> result.model_version, result.promoted, sorted(result.metrics)[:3]
    ('1', False, ['auc', 'brier', 'ece'])
    """
    with explained_imports():
        from models.home.home import home_folder
        from training.pipeline import train_and_register
        from training.train import TrainOptions

    return train_and_register(
        history.at(_instant_us(as_of, history.config.zone)),
        TrainOptions(trials, seed, tuple(keep)),
        home=home_folder(home),
        promote=promote,
        progress=progress or no_progress,
    )


def load_model(version: str | int = "champion", home: str | Path | None = None) -> "Bundle":
    """The verified model of a version, or of the alias champion or challenger.

    Raises InvalidInput if the home has no such version, DamagedArtifact if its files have changed.

    >>> model = leadcast.load_model()
    >>> model
    <Bundle version '1', signal usable, trained through 2026-06-30T18:50:40Z>
    """
    from models.home.home import home_folder
    from training.registry.choice import load_version

    return load_version(home_folder(home), str(version))


def score(
    model: "Bundle",
    history: "DataFolder",
    as_of: str | date | None = None,
    reasons: int | Literal["all"] = 5,
) -> "pandas.DataFrame":
    """A row for each lead open at `as_of`, best first, with the columns of the score file.

    as_of is a datetime in UTC, expected_close_date a datetime, reasons a list of dicts (the strongest, or "all").
    `attrs["warnings"]` holds the warnings of `leadcast score --json`.

    >>> scores = leadcast.score(model, history, as_of="2026-06-01", reasons=2)
    >>> best = scores.nlargest(3, "expected_revenue")
    >>> best["reasons"].str.len().tolist()
    [2, 2, 2]
    """
    from history.base.warnings import json_of
    from history.snapshot import open_leads
    from models.inputs import input_warnings
    from models.scorer import score as score_leads
    from models.scores.presentation import present
    from models.scores.scores import COLUMN_KINDS, counted_warnings
    from training.drift import drift_warnings

    rows = history.at(_instant_us(as_of, model.config.zone), model.config)
    snapshot = open_leads(rows, rows.as_of_us)
    scores = present(score_leads(model, snapshot, None if reasons == "all" else reasons), snapshot).scores
    warnings = [
        *input_warnings(model, rows),
        *history.differences(model.config),
        *rows.warnings,
        *drift_warnings(model, rows),
        *counted_warnings(scores.warnings),
    ]
    return _frame(scores.columns(reasons_as_text=False), COLUMN_KINDS, json_of(warnings))


def forecast(
    model: "Bundle",
    history: "DataFolder",
    as_of: str | date | None = None,
    period: Period = "month",
    periods: int | None = 3,
    *,
    by: str | None = None,
) -> "pandas.DataFrame":
    """Wins and revenue of calendar periods, the first of which contains `as_of`, with the columns of the forecast file.

    periods: how many; None for three months of them. by: a row for each period and value of this column. period_start
    and period_end are datetimes; `attrs["warnings"]` holds the warnings of `leadcast forecast --json`.

    >>> months = leadcast.forecast(model, history, as_of="2026-06-01", periods=2)
    >>> months["period_start"].dt.strftime("%Y-%m").tolist()
    ['2026-06', '2026-07']
    """
    from funnel.forecast.forecast import ForecastOptions
    from funnel.forecast.forecast import forecast as make_forecast
    from funnel.forecast.report.table import COLUMNS, columns
    from funnel.forecast.report.warnings import forecast_warnings
    from history.base.warnings import json_of
    from models.inputs import input_warnings

    rows = history.at(_instant_us(as_of, model.config.zone), model.config)
    result = make_forecast(model, rows, ForecastOptions(period, periods, by))
    warnings = [
        *input_warnings(model, rows),
        *history.differences(model.config),
        *rows.warnings,
        *forecast_warnings(result, model),
    ]
    return _frame(columns(result), COLUMNS, json_of(warnings))


def funnel(
    history: "DataFolder",
    as_of: str | date | None = None,
    by: str | None = None,
    *,
    home: str | Path | None = None,
) -> dict[str, Any]:
    """The state and flow of the funnel: the dict that `leadcast funnel --json` prints.

    by: report each value of this column too. The champion of the home, if one is promoted, adds the chances of open
    leads and the expected wins of owners.

    >>> state = leadcast.funnel(history, as_of="2026-06-01", by="source")
    >>> [stage["stage"] for stage in state["total"]["stages"]]
    ['new', 'qualified', 'proposal', 'negotiation']
    """
    from funnel.state.report.report import funnel_report
    from funnel.state.state import FunnelOptions
    from models.home.home import home_folder
    from models.home.pointer import champion_if_sound

    champion = champion_if_sound(home_folder(home))
    rows = history.at(_instant_us(as_of, history.config.zone))
    return funnel_report(rows, FunnelOptions(by=by), champion.bundle, champion.warnings)


def backtest(
    history: "DataFolder",
    origins: int | Sequence[str | date] | None = None,
    progress: Progress | None = None,
    *,
    by: Sequence[str] = (),
    trials: int = 12,
    seed: int = 0,
) -> "BacktestResult":
    """Trains and scores at past dates on what was known then, and compares with the baselines and what happened.

    origins: the dates, or how many; None for as many as have a matured horizon, up to 12. by: columns to report by.
    trials, seed: of every training. The fields of the result are the keys of `leadcast backtest --json`; no run is
    logged.

    >>> result = leadcast.backtest(history, origins=["2026-03-01"], trials=0)
    >>> [origin["as_of"] for origin in result.origins]
    ['2026-03-01T00:00:00Z']
    """
    with explained_imports():
        from training.backtest.backtest import backtest as replay_dates
        from training.backtest.result import BacktestResult
        from training.train import TrainOptions

    dates = () if origins is None or isinstance(origins, int) else origins
    instants_us = {_instant_us(date, history.config.zone) for date in dates}
    replayed = replay_dates(
        history.at(),
        origins=origins if isinstance(origins, int) else None,
        at_us=sorted(us for us in instants_us if us is not None),
        by=by,
        train=TrainOptions(trials, seed),
        progress=progress or no_progress,
    )
    return BacktestResult(**replayed.result)


def _instant_us(instant: str | date | None, zone: Any) -> int | None:
    from history.text.times import read_as_of

    return None if instant is None else read_as_of(str(instant), zone)


def _frame(
    columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, str], warnings: Sequence[Mapping[str, Any]]
) -> "pandas.DataFrame":
    import pandas

    from history.base.table_file import COUNT, DATE, JSON, NUMBER, TEXT, TIME

    types = {TEXT: "str", COUNT: "int64", NUMBER: "float64", JSON: "object"}
    frame = pandas.DataFrame(index=range(len(next(iter(columns.values())))))
    for name, values in columns.items():
        kind = kinds[name]
        if kind in (TIME, DATE):
            times = pandas.to_datetime(list(values), format="ISO8601", utc=kind == TIME)
            frame[name] = times.as_unit("us")
        else:
            frame[name] = pandas.Series(values, dtype=types[kind])
    frame.attrs["warnings"] = [dict(warning) for warning in warnings]
    return frame
