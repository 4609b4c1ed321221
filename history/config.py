"""funnel.toml -> one frozen configuration; all faults of the file are reported together."""

import difflib
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from history.declared_features import read_declared
from history.display import DISPLAY_KEYS, TEMPLATES, fields_of
from history.errors import InvalidInput
from history.outcome_words import match_key
from history.schema import OUTCOMES, TABLES
from history.time_formats import format_problem

CONFIG_FILE: Final = "funnel.toml"
ATTRIBUTE_KINDS: Final = ("number", "date", "boolean", "category", "set")
GROUPS: Final = ("top", "middle", "bottom")
GRADES: Final[Mapping[str, float]] = {"A": 0.10, "B": 0.20, "C": 0.30, "D": 0.40}
LONGEST_HORIZON_DAYS: Final = 3650
LARGEST: Final = sys.float_info.max  # TOML's integers are unbounded
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "funnel": (
        "name",
        "currency",
        "timezone",
        "horizon_days",
        "stages",
        "won_stages",
        "lost_stages",
        "groups",
    ),
    "attributes": ("ignore", "identity", "mutable", "sensitive", "types"),
    "targets": (
        "win_rate",
        "cycle_time_days",
        "revenue_per_month",
        "response_time_hours",
        "stage_conversion",
    ),
    "grades": tuple(GRADES),
    "values": ("outcomes",),
    "display": DISPLAY_KEYS,
    "features": (),
}
KNOWN: Final = (*SECTIONS, "columns", "formats")  # the last two are by table
FORMATS: Final = ("datetime", "decimal")
DECIMAL_MARKS: Final = (".", ",")
ALL_TABLES: Final = ""  # the key of formats that hold for every table without its own


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@dataclass(frozen=True)
class FunnelConfig:
    """How one funnel is read and scored. A model carries the one it was trained with.

    stages are the open stages in order; empty until given or inferred. Entering one of won_stages or lost_stages is an
    outcome, beside the usual words (history/closing_stages.py). columns maps table -> canonical name -> the file's;
    outcome_words maps a state -> the file's words for it; formats a table or ALL_TABLES -> datetime and decimal.
    attribute_types maps an attribute to its kind; attributes of identity are shown, never learned. display is as set;
    history/display.py guesses the rest. features maps a name to its settings (history/declared_features.py). inferred
    lists the keys that funnel.toml does not set.
    """

    name: str = "funnel"
    currency: str | None = None
    timezone: str = "UTC"
    horizon_days: int = 90
    stages: tuple[str, ...] = ()
    won_stages: tuple[str, ...] = ()
    lost_stages: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    outcome_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    formats: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    attribute_types: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    mutable: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    display: Mapping[str, Any] = field(default_factory=dict)
    features: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    targets: Mapping[str, Any] = field(default_factory=dict)
    grades: Mapping[str, float] = field(default_factory=lambda: dict(GRADES))
    inferred: tuple[str, ...] = ()

    @property
    def horizon_us(self) -> int:
        return self.horizon_days * 86_400_000_000

    def format_of(self, table: str, name: str) -> str | None:
        """The format of a table's times ("datetime") or numbers ("decimal"), None for ISO 8601 and 1234.5."""
        own = self.formats.get(table, {})
        return own.get(name, self.formats.get(ALL_TABLES, {}).get(name))

    @property
    def zone(self) -> ZoneInfo:
        """The zone of times without an offset, and of calendar periods."""
        return _zone(self.timezone)


def to_dict(config: FunnelConfig) -> dict[str, Any]:
    """The configuration as JSON-ready values; from_dict turns it back into an equal one."""
    return {key: _plain(value) for key, value in asdict(config).items()}


def from_dict(values: Mapping[str, Any]) -> FunnelConfig:
    """The configuration that to_dict wrote; raises InvalidInput for an unknown key."""
    known = {f.name for f in fields(FunnelConfig)}
    if unknown := sorted(set(values) - known):
        raise InvalidInput(f"the configuration has unknown keys: {', '.join(unknown)}")
    settings: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    if "groups" in settings:
        settings["groups"] = {name: tuple(stages) for name, stages in settings["groups"].items()}
    if "outcome_words" in settings:
        settings["outcome_words"] = {
            state: tuple(words) for state, words in settings["outcome_words"].items()
        }
    return FunnelConfig(**settings)


@dataclass(frozen=True)
class ConfigFile:
    """A funnel.toml that is read: its configuration, with defaults for faulty settings, and the faults.

    has_columns: no fault may hide names of columns, without which every table would seem to lack some.
    """

    config: FunnelConfig
    problems: tuple[str, ...] = ()
    has_columns: bool = True


def load_config(folder: Path) -> FunnelConfig:
    """The folder's funnel.toml, or the defaults without one; raises InvalidInput with all its faults."""
    file = read_config(folder)
    if file.problems:
        raise InvalidInput(file.problems)
    return file.config


def read_config(folder: Path) -> ConfigFile:
    """The folder's funnel.toml with its faults; raises InvalidInput if it cannot be read at all."""
    path = Path(folder) / CONFIG_FILE
    if not os.path.lexists(path):
        return ConfigFile(_config({}, _Faults()))
    if not path.is_file():
        raise InvalidInput(
            f"{CONFIG_FILE} is not a regular file (a folder, a device or a broken link); make it a file."
        )
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{CONFIG_FILE} cannot be read: {error}. Write it as TOML in UTF-8.") from error
    faults = _Faults()
    config = _config(document, faults)
    of_columns = _Faults()
    of_columns.unknown("", document, KNOWN)
    _columns(of_columns.table(document, "columns"), of_columns)
    return ConfigFile(config, tuple(faults.messages), has_columns=not of_columns.messages)


class _Faults:
    """The faults found so far, and readers that add one and return a default when a value has the wrong form."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, key: str, fault: str) -> None:
        self.messages.append(f"{CONFIG_FILE}: {key} {fault}")

    def unknown(self, prefix: str, keys: Iterable[str], known: Iterable[str]) -> None:
        for key in sorted(set(keys) - set(known)):
            near = difflib.get_close_matches(key, list(known), 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            self.add(f"{prefix}{key}", f"is not a known key{hint}")

    def table(self, source: Mapping[str, Any], key: str, prefix: str = "") -> dict[str, Any]:
        value = source.get(key, {})
        if isinstance(value, dict):
            return value
        self.add(f"[{prefix}{key}]", f"must be a table, got {value!r}")
        return {}

    def text(self, source: Mapping[str, Any], key: str, default: str | None) -> str | None:
        value = source.get(key, default)
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self.add(key, f"must be a non-empty text, got {value!r}")
        return default

    def texts(self, source: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = source.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.add(key, f"must be a list of non-empty texts, got {value!r}")
            return ()
        if repeated := sorted({item for item in value if value.count(item) > 1}):
            self.add(key, f"names {', '.join(repeated)} more than once")
        return tuple(dict.fromkeys(value))

    def number(self, key: str, value: object, highest: float = float("inf")) -> float | None:
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and 0 <= value <= min(highest, LARGEST)
        ):
            return float(value)
        expected = "a number of at least 0" if highest == float("inf") else f"a number from 0 to {highest:g}"
        self.add(key, f"must be {expected}, got {value!r}")
        return None


def _config(document: Mapping[str, Any], faults: _Faults) -> FunnelConfig:
    faults.unknown("", document, KNOWN)
    sections = {name: faults.table(document, name) for name in KNOWN}
    for name, known in SECTIONS.items():
        if name == "features":  # its keys are names of the user's own
            continue
        faults.unknown(f"{name}.", sections[name], known)
    funnel, attributes = sections["funnel"], sections["attributes"]
    stages = faults.texts(funnel, "stages")
    config = FunnelConfig(
        name=faults.text(funnel, "name", "funnel") or "funnel",
        currency=faults.text(funnel, "currency", None),
        timezone=_timezone(funnel, faults),
        horizon_days=_horizon(funnel, faults),
        stages=stages,
        won_stages=faults.texts(funnel, "won_stages"),
        lost_stages=faults.texts(funnel, "lost_stages"),
        groups=_groups(faults.table(funnel, "groups", "funnel."), stages, faults),
        columns=_columns(sections["columns"], faults),
        outcome_words=_outcome_words(faults.table(sections["values"], "outcomes", "values."), faults),
        formats=_formats(sections["formats"], faults),
        attribute_types=_types(faults.table(attributes, "types", "attributes."), faults),
        ignore=faults.texts(attributes, "ignore"),
        identity=faults.texts(attributes, "identity"),
        mutable=faults.texts(attributes, "mutable"),
        sensitive=faults.texts(attributes, "sensitive"),
        display=_display(sections["display"], faults),
        features=read_declared(sections["features"], faults.add),
        targets=_targets(sections["targets"], stages, faults),
        grades=_grades(sections["grades"], faults),
        inferred=_inferred_keys(sections),
    )
    _check_attributes(config, faults)
    _check_closing_stages(config, faults)
    return config


def _inferred_keys(sections: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    optional = ("won_stages", "lost_stages")  # without them, the usual words count
    absent = [key for key in SECTIONS["funnel"] if key not in (*sections["funnel"], *optional)]
    return (*absent, *(key for key in ("grades",) if not sections[key]))


def _timezone(funnel: Mapping[str, Any], faults: _Faults) -> str:
    name = faults.text(funnel, "timezone", "UTC") or "UTC"
    try:
        _zone(name)
    except (OSError, ValueError, KeyError):
        faults.add("timezone", f"must be an IANA name such as Europe/Berlin, got {name!r}")
        return "UTC"
    return name


def _horizon(funnel: Mapping[str, Any], faults: _Faults) -> int:
    days = funnel.get("horizon_days", 90)
    if isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= LONGEST_HORIZON_DAYS:
        return days
    faults.add("horizon_days", f"must be a whole number from 1 to {LONGEST_HORIZON_DAYS}, got {days!r}")
    return 90


def _groups(
    section: Mapping[str, Any], stages: tuple[str, ...], faults: _Faults
) -> dict[str, tuple[str, ...]]:
    faults.unknown("funnel.groups.", section, GROUPS)
    groups = {name: faults.texts(section, name) for name in GROUPS if name in section}
    members = [stage for names in groups.values() for stage in names]
    if repeated := sorted({stage for stage in members if members.count(stage) > 1}):
        faults.add("funnel.groups", f"puts {', '.join(repeated)} into more than one group")
    if section and not stages:
        faults.add("funnel.groups", "needs funnel.stages: name the stages in their order")
    elif unknown := sorted(set(members) - set(stages)):
        faults.add(
            "funnel.groups",
            f"names {', '.join(unknown)}, missing from funnel.stages: add it there or remove it here",
        )
    return groups


def _columns(section: Mapping[str, Any], faults: _Faults) -> dict[str, dict[str, str]]:
    faults.unknown("columns.", section, tuple(TABLES))
    columns: dict[str, dict[str, str]] = {}
    for table in (name for name in TABLES if name in section):
        mapping = faults.table(section, table, "columns.")
        layout = TABLES[table]
        if not layout.has_attributes:
            faults.unknown(f"columns.{table}.", mapping, layout.columns)
        for name in sorted(mapping):
            faults.text(mapping, name, None)
        columns[table] = {name: column for name, column in mapping.items() if isinstance(column, str)}
    return columns


def _formats(section: Mapping[str, Any], faults: _Faults) -> dict[str, dict[str, str]]:
    """The formats of each table that has its own, and those of all others under ALL_TABLES."""
    faults.unknown("formats.", section, (*FORMATS, *TABLES))
    general = {name: section[name] for name in FORMATS if name in section}
    formats = {ALL_TABLES: _format_values("formats.", general, faults)} if general else {}
    for table in (name for name in TABLES if name in section):
        own = faults.table(section, table, "formats.")
        faults.unknown(f"formats.{table}.", own, FORMATS)
        formats[table] = _format_values(f"formats.{table}.", own, faults)
    return formats


def _format_values(prefix: str, section: Mapping[str, Any], faults: _Faults) -> dict[str, str]:
    values = {name: section[name] for name in FORMATS if name in section}
    if "decimal" in values and values["decimal"] not in DECIMAL_MARKS:
        faults.add(f"{prefix}decimal", f'must be "." or ",", got {values.pop("decimal")!r}')
    if "datetime" in values:
        problem = format_problem(values["datetime"])
        if problem is not None:
            got = values.pop("datetime")
            faults.add(
                f"{prefix}datetime", f"must be a format such as %d/%m/%Y %H:%M, got {got!r}: {problem}"
            )
    return values


def _outcome_words(section: Mapping[str, Any], faults: _Faults) -> dict[str, tuple[str, ...]]:
    faults.unknown("values.outcomes.", section, OUTCOMES)
    words = {state: faults.texts(section, state) for state in OUTCOMES if state in section}
    distinct = [word for of_state in words.values() for word in {match_key(text) for text in of_state}]
    if repeated := sorted({word for word in distinct if distinct.count(word) > 1}):
        faults.add("values.outcomes", f"gives {', '.join(repeated)} more than one meaning")
    return words


def _display(section: Mapping[str, Any], faults: _Faults) -> dict[str, Any]:
    display: dict[str, Any] = {}
    for key in (name for name in DISPLAY_KEYS if name in section):
        value = section[key]
        if key == "compare_owners":
            if not isinstance(value, bool):
                faults.add("display.compare_owners", f"must be true or false, got {value!r}")
        elif not isinstance(value, str) or not value.strip():
            faults.add(f"display.{key}", f"must be a non-empty text, got {value!r}")
        elif key in TEMPLATES and not fields_of(value):
            faults.add(f"display.{key}", f'needs a column in braces, such as "{{company}}", got {value!r}')
        elif key == "url" and not value.startswith(("https://", "http://")):
            faults.add("display.url", f"must begin with https:// or http://, got {value!r}")
        display[key] = value
    return display


def _types(section: Mapping[str, Any], faults: _Faults) -> dict[str, str]:
    for name, kind in section.items():
        if kind not in ATTRIBUTE_KINDS:
            faults.add(
                f"attributes.types.{name}", f"must be one of {', '.join(ATTRIBUTE_KINDS)}, got {kind!r}"
            )
    return {name: kind for name, kind in section.items() if kind in ATTRIBUTE_KINDS}


def _check_attributes(config: FunnelConfig, faults: _Faults) -> None:
    ignored = set(config.ignore)
    if fixed := sorted(ignored & {"lead_id", "created_at"}):
        faults.add("attributes.ignore", f"names {', '.join(fixed)}, which every lead needs")
    if learned := sorted(set(config.identity) & set(config.attribute_types)):
        faults.add(
            "attributes.types",
            f"names {', '.join(learned)}, which attributes.identity leaves unlearned: remove it from one of them",
        )
    for key, names in (
        ("identity", config.identity),
        ("mutable", config.mutable),
        ("sensitive", config.sensitive),
        ("types", config.attribute_types),
    ):
        if both := sorted(ignored & set(names)):
            faults.add(
                f"attributes.{key}",
                f"names {', '.join(both)}, which attributes.ignore leaves out: remove it from one of them",
            )


def _check_closing_stages(config: FunnelConfig, faults: _Faults) -> None:
    for key, names, others in (
        ("won_stages", config.won_stages, (*config.stages, *config.lost_stages)),
        ("lost_stages", config.lost_stages, config.stages),
    ):
        if both := sorted(set(names) & set(others)):
            faults.add(
                f"funnel.{key}",
                f"names {', '.join(both)}, which is an open stage or of the other outcome too",
            )


def _targets(section: Mapping[str, Any], stages: tuple[str, ...], faults: _Faults) -> dict[str, Any]:
    targets: dict[str, Any] = {}
    for key in (name for name in SECTIONS["targets"] if name in section and name != "stage_conversion"):
        number = faults.number(f"targets.{key}", section[key], 1.0 if key == "win_rate" else float("inf"))
        if number is not None:
            targets[key] = number
    shares = faults.table(section, "stage_conversion", "targets.")
    if stages and (unknown := sorted(set(shares) - set(stages))):
        faults.add(
            "targets.stage_conversion",
            f"names {', '.join(unknown)}, missing from funnel.stages: add it there or remove it here",
        )
    read = {
        stage: faults.number(f"targets.stage_conversion.{stage}", share, 1.0)
        for stage, share in shares.items()
    }
    if read:
        targets["stage_conversion"] = {stage: share for stage, share in read.items() if share is not None}
    return targets


def _grades(section: Mapping[str, Any], faults: _Faults) -> dict[str, float]:
    if not section:
        return dict(GRADES)
    if missing := [name for name in GRADES if name not in section]:
        faults.add("grades", f"must set all of {', '.join(GRADES)}; missing: {', '.join(missing)}")
        return dict(GRADES)
    shares = {name: faults.number(f"grades.{name}", section[name], 1.0) for name in GRADES}
    if any(share is None for share in shares.values()):
        return dict(GRADES)
    total = sum(share for share in shares.values() if share is not None)
    if abs(total - 1.0) > 1e-6:
        faults.add("grades", f"must add up to 1, got {total:g}")
    return {name: share for name, share in shares.items() if share is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
