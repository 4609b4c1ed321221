"""Calendar days of a funnel's time zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

MONTH_DAYS = 365.25 / 12
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONGEST_WEEK, LONGEST_MONTH = 7, 31  # days


def local_date(instant_us: int, zone: ZoneInfo) -> date:
    """The calendar day of an instant in `zone`."""
    return datetime.fromtimestamp(instant_us // 1_000_000, zone).date()


def day_name(day: str) -> str:
    """28 Nov 2026, of a date or a time in ISO 8601."""
    of_day = date.fromisoformat(day[:10])
    return f"{of_day.day} {_month(of_day)}"


def month_name(day: str) -> str:
    """Nov 2026, of a date in it or of 2026-11."""
    return _month(date.fromisoformat(f"{day[:7]}-01"))


def period_name(start: str, end: str) -> str:
    """Nov 2026, Q4 2026, or for a week its first day; `end` is exclusive."""
    first, after = date.fromisoformat(start), date.fromisoformat(end)
    days = (after - first).days
    if days <= LONGEST_WEEK:
        return day_name(start)
    return _month(first) if days <= LONGEST_MONTH else f"Q{(first.month + 2) // 3} {first.year}"


def _month(day: date) -> str:
    # Not strftime, whose words are those of the machine's locale.
    return f"{MONTH_NAMES[day.month - 1]} {day.year}"


def shift_months(first: date, count: int) -> date:
    """The first day of the month `count` months after the month of `first`."""
    months = first.year * 12 + first.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)
