"""The options of the funnel and the forecast, as the commands have them."""

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import Any

import msgspec

from funnel.state.attention.attention import SHOWN_LEADS


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

    @property
    def prepared(self) -> "FunnelQuery":
        """The query whose report holds this one's."""
        return replace(self, may_compare_owners=True)

    def shown(self, record: dict[str, Any]) -> dict[str, Any]:
        """This query's part of the prepared record."""
        return record if self.may_compare_owners else {**record, "owners": []}


@dataclass(frozen=True)
class ForecastQuery:
    """The options of `leadcast forecast`."""

    as_of: str | None = None
    period: str = "month"
    periods: int | None = None
    by: str | None = None
    explain: bool = False
    since: str | None = None

    @property
    def prepared(self) -> "ForecastQuery":
        """The query whose report holds this one's."""
        return self if self.since is not None else replace(self, explain=True)

    def shown(self, record: dict[str, Any]) -> dict[str, Any]:
        """This query's part of the prepared record."""
        return record if self.explain else {key: value for key, value in record.items() if key != "explain"}


ReportQuery = FunnelQuery | ForecastQuery
# What people open first: prepared before anyone asks.
FIRST_SHOWN: tuple[ReportQuery, ...] = (FunnelQuery().prepared, ForecastQuery().prepared)


def query_text(query: ReportQuery) -> str:
    """A query as JSON; equal queries have equal texts."""
    return msgspec.json.encode({type(query).__name__: asdict(query)}).decode()


def query_key(text: str) -> str:
    """The key under which the report of a query is kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def query_of(text: str) -> ReportQuery | None:
    """The query of a text; None for that of another version of Leadcast."""
    ((name, options),) = msgspec.json.decode(text, type=dict[str, dict[str, Any]]).items()
    kinds: dict[str, type[ReportQuery]] = {kind.__name__: kind for kind in (FunnelQuery, ForecastQuery)}
    try:
        return kinds[name](**options)
    except (KeyError, TypeError):
        return None
