"""The options of the funnel and the forecast, as the commands have them."""

from dataclasses import dataclass

from funnel.state.attention import SHOWN_LEADS


@dataclass(frozen=True)
class FunnelQuery:
    """The options of `leadcast funnel`; times are still text, since a date depends on the configured time zone.

    may_compare_owners: over HTTP for admins alone.
    """

    as_of: str | None = None
    start: str | None = None
    end: str | None = None
    by: str | None = None
    since: str | None = None
    attention: int = SHOWN_LEADS
    may_compare_owners: bool = True


@dataclass(frozen=True)
class ForecastQuery:
    """The options of `leadcast forecast`."""

    as_of: str | None = None
    period: str = "month"
    periods: int | None = None
    by: str | None = None
    explain: bool = False
    since: str | None = None


ReportQuery = FunnelQuery | ForecastQuery
