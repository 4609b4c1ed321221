"""The text of a typed value, the same for files, requests and the store."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

LARGEST_NUMBER: Final = 1e30  # bound of amounts, and of the size of interactions' values


def number_text(number: int | float | Decimal) -> str:
    """The shortest decimal text that reads back as the number: 3.0 and 3 are '3', 1e-7 is '0.0000001'."""
    if isinstance(number, int):
        return str(number)
    if isinstance(number, float):
        # From 1e16 on, int() would show digits that the float does not have.
        if number.is_integer() and abs(number) < 1e16:
            return str(int(number))
        text = repr(number)
        if "e" not in text:
            return text
        number = Decimal(text)
    if not number.is_finite():
        return str(number)
    plain = format(number, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain


def value_text(value: object) -> str | None:
    """The text of a value of a typed column or a request; None for a missing one (None, NaN or a blank text).

    Raises TypeError for another type, such as a list.
    """
    if isinstance(value, str):
        return None if not value or value.isspace() else value
    if value is None or value != value:  # NaN differs from itself
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return number_text(value)
    if isinstance(value, datetime):
        text = value.isoformat()
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not a number, text, boolean, date or time")
