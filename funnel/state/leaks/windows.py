"""The recent window and the one before it, which all comparisons share."""

from dataclasses import dataclass

from funnel.state.leads.paths import StagePaths
from funnel.state.leads.touches import Touches
from funnel.state.period import Period, View, view_of
from history.odd_creations import first_creation_us
from history.text.times import DAY_US

WINDOW_DAYS = 90.0  # the recent window; the one before it is twice as long, so that its rates vary less
LEAST_WINDOW_DAYS = 1


@dataclass(frozen=True)
class Windows:
    """The leads in the recent window and in the one before it."""

    now: View
    before: View

    @property
    def views(self) -> tuple[View, View]:
        return self.now, self.before

    @property
    def days(self) -> float:
        """The age at which rates are compared: the horizon, or two thirds of the window if that is shorter."""
        horizon_days = self.now.paths.history.config.horizon_days
        # Leads of the window's first third are observed up to this age.
        return min(float(horizon_days), self.now.period.days * 2 / 3)


def leak_windows(paths: StagePaths, touches: Touches, to_us: int) -> Windows | None:
    """Both windows, shortened to the data; None if the data spans less than three days."""
    if not len(paths):
        return None
    history_days = (to_us - first_creation_us(paths.created_us)) / DAY_US
    days = min(WINDOW_DAYS, history_days / 3)
    if days < LEAST_WINDOW_DAYS:
        return None
    middle_us = to_us - round(days * DAY_US)
    start_us = middle_us - round(2 * days * DAY_US)
    return Windows(
        now=view_of(paths, Period(middle_us, to_us), touches),
        before=view_of(paths, Period(start_us, middle_us), touches),
    )
