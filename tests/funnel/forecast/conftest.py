"""One forecast of the shared CRM by its trained model, for every test of this folder."""

from pathlib import Path

import pytest

from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from history.history import History
from history.read import read_folder
from models.bundle import Bundle
from models.home.pointer import load_champion, read_pointer


@pytest.fixture(scope="session")
def bundle(trained_home: Path) -> Bundle:
    pointer = read_pointer(trained_home)
    assert pointer is not None
    return load_champion(pointer)


@pytest.fixture(scope="session")
def history(crm: Path, bundle: Bundle) -> History:
    return read_folder(crm, config=bundle.config)


@pytest.fixture(scope="session")
def monthly(bundle: Bundle, history: History) -> Forecast:
    return forecast(bundle, history, ForecastOptions("month", 4))


@pytest.fixture(scope="session")
def grouped(bundle: Bundle, history: History) -> Forecast:
    return forecast(bundle, history, ForecastOptions("month", 4, by="owner"))
