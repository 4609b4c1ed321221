"""Numbers, money, shares, dates and times as people of a language write them (CLDR data by Babel).

Every function gives "" for None. Spaces inside a figure do not break: "71\u00a0%".
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from babel import Locale, dates, numbers

LOCALES = {"en": "en", "de": "de"}
MONEY = {"en": "¤\u00a0#,##0", "de": "#,##0\u00a0¤"}
MILLIONS = {"en": "¤\u00a0#,##0.##\u00a0M", "de": "#,##0.##\u00a0'Mio.'\u00a0¤"}
DAYS_AS_DAYS = 90  # a longer distance is in months
MINUS = "\u2212"


class Formats:
    """The figures of one language; times in `zone`."""

    def __init__(self, language: str, zone: tzinfo = UTC) -> None:
        self.language = language
        self.zone = zone
        self.locale = Locale.parse(LOCALES[language])

    def plural_form(self, n: float) -> str:
        """`one` or `other`."""
        return str(self.locale.plural_form(n))

    def whole(self, value: float | None) -> str:
        """1,234."""
        return self._decimal(value, "#,##0")

    def percent(self, value: float | None) -> str:
        """0.1234 as 12 %; below one percent with one more digit."""
        if value is None:
            return ""
        digits = "0.0" if 0 < value < 0.01 else "#,##0"
        return _typeset(numbers.format_percent(value, f"{digits}\u00a0%", locale=self.locale))

    def money(self, value: float | None, currency: str | None = None) -> str:
        """A whole amount, with the currency's sign if one is known: € 34,200."""
        if value is None:
            return ""
        if not currency:
            return self.whole(value)
        return self._currency(value, currency, MONEY[self.language])

    def short_money(self, value: float | None, currency: str | None = None) -> str:
        """As `money`, from a million on in millions: € 1.92 M."""
        if value is None or abs(value) < 1e6:
            return self.money(value, currency)
        pattern = MILLIONS[self.language]
        if not currency:
            return self._decimal(value / 1e6, pattern.replace("¤", "").strip("\u00a0"))
        return self._currency(value / 1e6, currency, pattern)

    def number(self, value: float | None) -> str:
        """Three significant digits below a thousand, a whole number above."""
        if value is None:
            return ""
        return self._decimal(value, "#,##0" if abs(value) >= 1000 else "@##")

    def measure(self, value: float | None) -> str:
        """As `number`, but with its last noughts, so that a column of measures lines up: 0.480, 3.57."""
        if value is None:
            return ""
        return self._decimal(value, "#,##0" if abs(value) >= 1000 else "@@@")

    def tenths(self, value: float | None) -> str:
        """One digit after the point, for columns of days and of expected wins: 8.2, 57.9."""
        return self._decimal(value, "#,##0.0")

    def fixed(self, value: float, digits: int, has_sign: bool = False) -> str:
        """With this many digits after the point, as somebody wrote it: 0.4212, or +0.0010 with its sign."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return self._decimal(value, f"+{pattern};-{pattern}" if has_sign else pattern)

    def plain(self, value: float) -> str:
        """A number in at most six or so digits, as reasons have it: 1,234, 12.35, 0.00123."""
        if value == int(value):
            return self._decimal(value, "#,##0")
        return self._decimal(value, "@##" if abs(value) < 1 else "#,##0.##")

    def wins(self, value: float | None) -> str:
        """Wins: one digit after the point of an expectation below ten, else a whole number."""
        is_whole = value is not None and (value >= 9.95 or value == int(value))
        return self._decimal(value, "#,##0" if is_whole else "0.0")

    def points(self, value: float | None) -> str:
        """Percentage points with their sign and one digit after the point: +1.2."""
        return self._decimal(value, "+0.0;-0.0")

    def whole_points(self, value: float | None) -> str:
        """Percentage points with their sign, without digits after the point: +9, 0."""
        if value is None:
            return ""
        rounded = round(value)
        return self._decimal(rounded, "+0;-0") if rounded else "0"

    def day(self, moment: str | int | None) -> str:
        """28 Nov 2026, of a date or of a time in the zone."""
        return self._date(moment, "d MMM y", "d. MMM y")

    def short_day(self, moment: str | int | None) -> str:
        """28 Nov, without the year."""
        return self._date(moment, "d MMM", "d. MMM")

    def weekday(self, moment: str | int | None) -> str:
        """Saturday, 28 Nov."""
        return self._date(moment, "EEEE, d MMM", "EEEE, d. MMM")

    def weekday_name(self, moment: str | int | None) -> str:
        """Saturday."""
        return self._date(moment, "EEEE", "EEEE")

    def day_name(self, day: int) -> str:
        """Monday, of 0."""
        return str(self.locale.days["format"]["wide"][day])

    def month_name(self, month: int) -> str:
        """January, of 1."""
        return str(self.locale.months["format"]["wide"][month])

    def year(self, moment: str | int | None) -> str:
        """2026."""
        return self._date(moment, "y", "y")

    def month(self, moment: str | int | None) -> str:
        """Nov 2026."""
        return self._date(moment, "MMM y", "MMM y")

    def period(self, start: str | int | None, kind: str) -> str:
        """The name of the calendar period that starts then: Nov 2026, Q4 2026, week of 23 Nov 2026."""
        if kind == "month":
            return self.month(start)
        if kind == "quarter":
            return self._date(start, "QQQ y", "QQQ y")
        return self._date(start, "'week of' d MMM y", "'Woche ab' d. MMM y")

    def clock(self, moment: str | int | None) -> str:
        """18:07, in the zone."""
        return "" if moment is None else f"{_instant(moment).astimezone(self.zone):%H:%M}"

    def local_input(self, moment: str | int | None) -> str:
        """2026-11-28T18:07:05, in the zone: the value of a field for a date and time."""
        if moment is None:
            return ""
        return f"{_instant(moment).astimezone(self.zone):%Y-%m-%dT%H:%M:%S}"

    def moment(self, moment: str | int | None) -> str:
        """28 Nov 2026, 18:07 CET, in the zone; a date alone stays a date."""
        if moment is None:
            return ""
        if is_date(moment):
            return self.day(moment)
        return f"{self.day(moment)}, {self.clock(moment)}\u00a0{self._zone_name(_instant(moment))}"

    def days_between(self, moment: str | int, now: str | int) -> int:
        """Calendar days of the zone from `moment` to `now`; negative if it lies ahead."""
        return (self._local_date(now) - self._local_date(moment)).days

    def distance(self, days: int) -> str:
        """5 days ago; for a negative number: in 5 days."""
        if abs(days) <= DAYS_AS_DAYS:
            return self._distance(days, "day", threshold=10_000.0)
        return self._distance(days, "month", threshold=1.0)

    def _distance(self, days: int, granularity: Literal["day", "month"], threshold: float) -> str:
        """Years once the distance is `threshold` years or more, else in units of `granularity`."""
        return dates.format_timedelta(
            timedelta(days=-days),
            granularity=granularity,
            threshold=threshold,
            add_direction=True,
            locale=self.locale,
        )

    def _zone_name(self, instant: datetime) -> str:
        """CET; an offset for zones without a usual name."""
        name = instant.astimezone(self.zone).tzname() or "UTC"
        return f"UTC{name}" if name[0] in "+-" else name

    def _local_date(self, moment: str | int) -> date:
        if isinstance(moment, str) and is_date(moment):
            return date.fromisoformat(moment)
        return _instant(moment).astimezone(self.zone).date()

    def _date(self, moment: str | int | None, english: str, german: str) -> str:
        if moment is None:
            return ""
        pattern = german if self.language == "de" else english
        text: str = dates.format_date(self._local_date(moment), pattern, locale=self.locale)
        return text.replace(" ", "\u00a0")

    def _decimal(self, value: float | None, pattern: str) -> str:
        return "" if value is None else _typeset(numbers.format_decimal(value, pattern, locale=self.locale))

    def _currency(self, value: float, currency: str, pattern: str) -> str:
        text = numbers.format_currency(value, currency, pattern, self.locale, currency_digits=False)
        return _typeset(text)


def _typeset(text: str) -> str:
    return text.replace("-", MINUS)


def is_date(moment: str | int) -> bool:
    """True for a calendar day without a time: 2026-11-28."""
    if not isinstance(moment, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", moment):
        return False
    try:
        date.fromisoformat(moment)
    except ValueError:
        return False
    return True


def _instant(moment: str | int) -> datetime:
    """A time in RFC 3339 or in microseconds UTC."""
    if isinstance(moment, int):
        return datetime.fromtimestamp(moment // 1_000_000, UTC)
    instant = datetime.fromisoformat(moment)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
