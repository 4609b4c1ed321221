"""The two windows of comparisons: side by side, the earlier twice as long, shortened to the data."""

import pytest

from funnel.state.leads.paths import stage_paths
from funnel.state.leads.touches import touches_of
from funnel.state.leaks.windows import WINDOW_DAYS, Windows, leak_windows
from tests.builders.leads.funnel_leads import Lead, history_of


def windows_of(as_of: float) -> Windows | None:
    history = history_of([Lead(0), Lead(as_of / 2)], as_of)
    paths = stage_paths(history)
    return leak_windows(paths, touches_of(paths, 0, history.as_of_us), history.as_of_us)


@pytest.mark.parametrize(
    ("as_of", "days"), [(3.0, 1.0), (30.0, 10.0), (270.0, WINDOW_DAYS), (900.0, WINDOW_DAYS)]
)
def test_windows_meet_and_the_earlier_is_twice_as_long(as_of: float, days: float) -> None:
    windows = windows_of(as_of)
    assert windows is not None
    assert windows.now.period.days == pytest.approx(days)
    assert windows.before.period.days == pytest.approx(2 * days)
    assert windows.before.period.to_us == windows.now.period.from_us


@pytest.mark.parametrize(("as_of", "days"), [(9.0, 2.0), (900.0, 10.0)])
def test_rates_are_compared_at_an_age_the_window_observes(as_of: float, days: float) -> None:
    """The horizon of the leads is 10 days; two thirds of a short window are less."""
    windows = windows_of(as_of)
    assert windows is not None
    assert windows.days == pytest.approx(days)


def test_less_than_three_days_are_not_compared() -> None:
    assert windows_of(2.9) is None
    history = history_of([], 30)
    paths = stage_paths(history)
    assert leak_windows(paths, touches_of(paths, 0, 1), 1) is None
