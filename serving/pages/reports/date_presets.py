"""Usual periods and starts of changes as links: this month, the last 90 days, since Monday and so on."""

from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from funnel.dates import shift_months
from funnel.forecast.periods import period_start

LAST_DAYS = 90


class Preset(NamedTuple):
    """A period by its name in the catalogue; is_current if the page shows it."""

    name: str
    href: str
    is_current: bool


def presets(path: str, fields: dict[str, str], today: date) -> list[Preset]:
    """The periods around `today`, with the form's other fields kept; `to` is exclusive, as in the API."""
    month, quarter = period_start(today, "month"), period_start(today, "quarter")
    tomorrow = today + timedelta(days=1)
    spans: dict[str, tuple[date, date] | None] = {
        "this_month": (month, shift_months(month, 1)),
        "last_month": (shift_months(month, -1), month),
        "this_quarter": (quarter, shift_months(quarter, 3)),
        "last_90_days": (tomorrow - timedelta(days=LAST_DAYS), tomorrow),
        "this_year": (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        "everything": None,
    }
    others = {name: value for name, value in fields.items() if name not in ("from", "to")}
    chosen = fields.get("from"), fields.get("to")
    links = []
    for name, span in spans.items():
        dates = {} if span is None else {"from": span[0].isoformat(), "to": span[1].isoformat()}
        query = urlencode({**others, **dates})
        is_current = chosen == (dates.get("from"), dates.get("to"))
        links.append(Preset(name, f"{path}?{query}" if query else path, is_current))
    return links


def since_presets(path: str, fields: dict[str, str], today: date) -> list[Preset]:
    """Usual starts of what changed, with the form's other fields kept: the last Monday before today, and so on."""
    starts = {
        "since_monday": today - timedelta(days=today.weekday() or 7),
        "since_week": None,
        "since_month": today - timedelta(days=30),
    }
    others = {name: value for name, value in fields.items() if name != "since"}
    links = []
    for name, start in starts.items():
        query = urlencode(others if start is None else {**others, "since": start.isoformat()})
        is_current = fields.get("since") == (start and start.isoformat())
        links.append(Preset(name, f"{path}?{query}#changes", is_current))
    return links
