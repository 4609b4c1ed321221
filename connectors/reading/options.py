"""How an export is read: what the command is given, and the settings of a --mapping file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from connectors.reading.values import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from history.base.errors import InvalidInput

SETTINGS: Final = {"formats": ("datetime", "decimal"), "funnel": ("timezone",)}  # of a --mapping file
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class ReadOptions:
    """How an export is read; the clock is passed in.

    date_order: DAY_FIRST or MONTH_FIRST where the export itself leaves it open; decimal: "." or ",". currency: the one
    whose amounts are kept. won, lost: stages or events that mean a win or a loss. lead: events that make a person a
    lead; stages: events that are stages, in order. pipeline: the one whose deals are kept.
    """

    now_us: int
    zone: ZoneInfo
    date_order: str | None = None
    decimal: str | None = None
    currency: str | None = None
    object: str | None = None
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    pipeline: str | None = None
    lead: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()


def with_settings(
    options: ReadOptions, document: Mapping[str, object], path: Path, own_tables: bool = False
) -> ReadOptions:
    """The options with those of a --mapping file; raises InvalidInput with all faults."""
    problems = [] if own_tables else _unknown_settings(document, path)
    formats, funnel = (table if isinstance(table, Mapping) else {} for table in map(document.get, SETTINGS))
    order, decimal, zone = options.date_order, options.decimal, options.zone
    if "datetime" in formats:
        text = str(formats["datetime"])
        day, month = text.find("%d"), text.find("%m")
        order = DAY_FIRST if day < month else MONTH_FIRST
        if day < 0 or month < 0:
            problems.append(
                f'{path.name}: formats.datetime {text!r} needs %d and %m, such as "%d/%m/%Y %H:%M".'
            )
    if "decimal" in formats:
        decimal = str(formats["decimal"])
        if decimal not in (POINT, COMMA):
            problems.append(f'{path.name}: formats.decimal must be "." or ",", got {decimal!r}.')
    if "timezone" in funnel:
        try:
            zone = ZoneInfo(str(funnel["timezone"]))
        except (OSError, ValueError, KeyError):
            problems.append(f"{path.name}: funnel.timezone must be an IANA name such as Europe/Berlin.")
    if problems:
        raise InvalidInput(problems)
    return replace(options, date_order=order, decimal=decimal, zone=zone)


def _unknown_settings(document: Mapping[str, object], path: Path) -> list[str]:
    problems = []
    for section, table in document.items():
        known = SETTINGS.get(section)
        if known is None or not isinstance(table, Mapping):
            problems.append(f"{path.name}: {section} is not known; known tables: {', '.join(SETTINGS)}.")
            continue
        problems += [
            f"{path.name}: {section}.{key} is not known; known: {', '.join(known)}."
            for key in table
            if key not in known
        ]
    return problems
