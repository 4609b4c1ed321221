"""Calendar days of a funnel's time zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

MONTH_DAYS = 365.25 / 12


def local_date(instant_us: int, zone: ZoneInfo) -> date:
    """The calendar day of an instant in `zone`."""
    return datetime.fromtimestamp(instant_us // 1_000_000, zone).date()


def shift_months(first: date, count: int) -> date:
    """The first day of the month `count` months after the month of `first`."""
    months = first.year * 12 + first.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)
