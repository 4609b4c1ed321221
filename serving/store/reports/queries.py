"""The options of the funnel and the forecast, as the commands have them."""

from dataclasses import dataclass
from typing import Final

from funnel.state.attention import SHOWN_LEADS

# Whether a funnel compares owners: always for commands, over HTTP if [display] allows it and for admins alone.
ALWAYS: Final = "always"
IF_CONFIGURED: Final = "if configured"
NEVER: Final = "never"


@dataclass(frozen=True)
class FunnelQuery:
    """The options of `leadcast funnel`; times are still text, since a date depends on the configured time zone.

    owners: ALWAYS, IF_CONFIGURED or NEVER.
    """

    as_of: str | None = None
    start: str | None = None
    end: str | None = None
    by: str | None = None
    since: str | None = None
    attention: int = SHOWN_LEADS
    owners: str = ALWAYS


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
