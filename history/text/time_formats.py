"""Formats of times in funnel.toml, such as %d/%m/%Y %H:%M: the directives of Python's strptime that are read.

Without numpy, since every command reads the configuration.
"""

import re
from functools import cache
from typing import Final

DAY_FIRST: Final = "day first"
MONTH_FIRST: Final = "month first"
# What each directive matches; names of months are English.
DIRECTIVES: Final = {
    "Y": "(?P<year>[0-9]{4})",
    "y": "(?P<year>[0-9]{2})",
    "m": "(?P<month>[0-9]{1,2})",
    "b": r"(?P<name>[A-Za-z]{3,9})\.?",
    "B": r"(?P<name>[A-Za-z]{3,9})\.?",
    "d": "(?P<day>[0-9]{1,2})",
    "H": "(?P<hour>[0-9]{1,2})",
    "I": "(?P<hour>[0-9]{1,2})",
    "M": "(?P<minute>[0-9]{2})",
    "S": "(?P<second>[0-9]{2})",
    "f": "(?P<fraction>[0-9]{1,6})",
    "p": r"(?P<half>[AaPp])\.?[Mm]\.?",
    "z": "(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})",
    "%": "%",
}


@cache
def format_pattern(time_format: str) -> str:
    """The regular expression of a format; raises ValueError for an unknown directive or a missing part of the date."""
    pattern, names = "", []
    for piece in re.findall(r"%.?|\s+|[^%\s]+", time_format):
        if piece.startswith("%"):
            if piece[1:] not in DIRECTIVES:
                raise ValueError(
                    f"{piece} is unknown; known are {' '.join('%' + name for name in DIRECTIVES)}"
                )
            directive = DIRECTIVES[piece[1:]]
            names += re.findall(r"\?P<(\w+)>", directive)
            pattern += directive
        else:
            pattern += r"\s+" if piece.isspace() else re.escape(piece)
    if len(names) != len(set(names)):
        raise ValueError("it names a part of the time twice")
    if not {"year", "day"} <= set(names) or not {"month", "name"} & set(names):
        raise ValueError("it needs year, month and day, as in %d/%m/%Y")
    return f"^{pattern}$"


def order_of_format(time_format: str) -> str:
    """DAY_FIRST if a format has the day before the month."""
    month = min(time_format.find(name) % (len(time_format) + 1) for name in ("%m", "%b", "%B"))
    return DAY_FIRST if time_format.find("%d") < month else MONTH_FIRST


def format_problem(time_format: object) -> str | None:
    """What is wrong with a format, None if it can be read."""
    if not isinstance(time_format, str):
        return "it is no text"
    try:
        format_pattern(time_format)
    except ValueError as error:
        return str(error)
    return None
