"""The home of a service as a sales team has it on some morning: a model, a store whose scores moved, past forecasts."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.folder.demo_data import complete_settings, write_folder_as_of
from funnel.archive import archived_forecast, save_report
from history.base.progress import no_progress
from history.read import read_as_stored
from history.text.times import parse_time
from models.bundle import Bundle
from models.home.pointer import load_champion, read_pointer
from serving.store.reports.build import Source, forecast_from
from serving.store.reports.queries import ForecastQuery
from serving.store.scores.rescoring.all_leads import rescore_all
from serving.store.store import Store
from serving.store.transfer.load import load_history
from simulation.simulate import simulate
from training.registry.mlflow import Run
from training.registry.registry import Registry

LEADS, MONTHS = 400, 10
SCORED = (timedelta(days=8), timedelta(days=3), timedelta(0))  # before the end
FORECASTS = (timedelta(days=62), timedelta(days=31))
SECOND = timedelta(seconds=1)


def build_home(folder: Path, trained_home: Path, end: datetime) -> None:
    """Makes `folder` a copy of the trained home with a second version, and a CRM followed up to `end` (UTC)."""
    shutil.copytree(trained_home, folder)
    _register_again(folder)
    pointer = read_pointer(folder)
    assert pointer is not None
    bundle = load_champion(pointer)
    crm, then = folder / "crm", folder / "crm-then"
    simulate(crm, leads=LEADS, months=MONTHS, end=end)
    complete_settings(crm, end)
    for ago in SCORED:
        write_folder_as_of(crm, then, end - ago)
        with _store_at(folder, end - ago) as store:
            load_history(
                store.engine, read_as_stored(then, store.now_us() + _us(SECOND)), store.now_us, no_progress
            )
            rescore_all(store, bundle, store.now_us(), no_progress)
    with _store_at(folder, end) as store:
        for ago in FORECASTS:
            _archive_forecast(store, bundle, f"{end - ago:%Y-%m-%d}")


def yesterday_evening() -> datetime:
    """The last second of yesterday (UTC): what a CRM knows on the morning on which the tests run."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - SECOND


def _register_again(home: Path) -> None:
    """Registers the bundle of version 1 as version 2, which can be promoted."""
    folder = next(path for path in home.glob("artifacts/*/artifacts") if (path / "bundle").is_dir())
    Registry(home).register(Run({}, {"lift_10": 2.0, "log_loss": 0.5}, {}, folder))


@contextmanager
def _store_at(home: Path, moment: datetime) -> Iterator[Store]:
    now_us = _us(moment - datetime(1970, 1, 1, tzinfo=UTC))
    store = Store(home, now_us=lambda: now_us)
    try:
        yield store
    finally:
        store.close()


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _archive_forecast(store: Store, bundle: Bundle, day: str) -> None:
    answer = forecast_from(Source(store), ForecastQuery(as_of=day), bundle)
    record = archived_forecast(answer, bundle.config, {"period": "month"})
    assert record is not None
    save_report(store.engine.home, record, parse_time(answer["as_of"], bundle.config.zone))
