"""The report of a backtest has every plot and loads nothing from the network."""

import re

from training.backtest.backtest import Backtest
from training.backtest.plots import plots
from training.backtest.report import page

ALWAYS = {"Reliability", "Lift", "Capture", "Wins over time", "Revenue over time", "When wins came"}


def test_report_has_every_plot_and_baseline(result: Backtest) -> None:
    text, titles = page(result), set(plots(result))
    assert titles >= ALWAYS
    assert all(title in text for title in titles)
    assert "logistic regression" in text


def test_report_loads_nothing_from_the_network(result: Backtest) -> None:
    head = page(result).split("</head>")[0]
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", head)
