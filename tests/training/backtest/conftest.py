"""One backtest of two dates, shared by the tests of this cupboard; the earlier date has too few wins to train."""

from pathlib import Path

import pytest

from history.history import History
from history.read import read_folder
from history.text.times import DAY_US
from training.backtest.backtest import Backtest, backtest
from training.backtest.dates import default_dates
from training.train import TrainOptions


@pytest.fixture(scope="package")
def options() -> TrainOptions:
    return TrainOptions(trials=0)


@pytest.fixture(scope="package")
def history(crm: Path) -> History:
    return read_folder(crm)


@pytest.fixture(scope="package")
def result(history: History, options: TrainOptions) -> Backtest:
    last = default_dates(history, 1)[0]
    return backtest(history, at_us=(last - 200 * DAY_US, last), by=("industry",), train=options)
