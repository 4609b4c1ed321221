"""funnel.toml -> one frozen configuration; all faults of the file are reported together."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from history.base.errors import InvalidInput
from history.config.config import ALL_TABLES, CONFIG_FILE, GRADES, FunnelConfig, zone_of
from history.config.declared_features import read_declared
from history.config.display import DISPLAY_KEYS, MOST_PER_OWNER, TEMPLATES, fields_of
from history.config.faults import Faults
from history.config.schema import OUTCOMES, TABLES
from history.text.outcome_words import match_key
from history.text.time_formats import format_problem

ATTRIBUTE_KINDS: Final = ("number", "date", "boolean", "category", "set")
GROUPS: Final = ("top", "middle", "bottom")
LONGEST_HORIZON_DAYS: Final = 3650
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
        return ConfigFile(_config({}, Faults()))
    if not path.is_file():
        raise InvalidInput(
            f"{CONFIG_FILE} is not a regular file (a folder, a device or a broken link); make it a file."
        )
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{CONFIG_FILE} cannot be read: {error}. Write it as TOML in UTF-8.") from error
    faults = Faults()
    config = _config(document, faults)
    of_columns = Faults()
    of_columns.unknown("", document, KNOWN)
    _columns(of_columns.table(document, "columns"), of_columns)
    return ConfigFile(config, tuple(faults.messages), has_columns=not of_columns.messages)


def _config(document: Mapping[str, Any], faults: Faults) -> FunnelConfig:
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


def _timezone(funnel: Mapping[str, Any], faults: Faults) -> str:
    name = faults.text(funnel, "timezone", "UTC") or "UTC"
    try:
        zone_of(name)
    except (OSError, ValueError, KeyError):
        faults.add("timezone", f"must be an IANA name such as Europe/Berlin, got {name!r}")
        return "UTC"
    return name


def _horizon(funnel: Mapping[str, Any], faults: Faults) -> int:
    days = funnel.get("horizon_days", 90)
    if isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= LONGEST_HORIZON_DAYS:
        return days
    faults.add("horizon_days", f"must be a whole number from 1 to {LONGEST_HORIZON_DAYS}, got {days!r}")
    return 90


def _groups(
    section: Mapping[str, Any], stages: tuple[str, ...], faults: Faults
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


def _columns(section: Mapping[str, Any], faults: Faults) -> dict[str, dict[str, str]]:
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


def _formats(section: Mapping[str, Any], faults: Faults) -> dict[str, dict[str, str]]:
    """The formats of each table that has its own, and those of all others under ALL_TABLES."""
    faults.unknown("formats.", section, (*FORMATS, *TABLES))
    general = {name: section[name] for name in FORMATS if name in section}
    formats = {ALL_TABLES: _format_values("formats.", general, faults)} if general else {}
    for table in (name for name in TABLES if name in section):
        own = faults.table(section, table, "formats.")
        faults.unknown(f"formats.{table}.", own, FORMATS)
        formats[table] = _format_values(f"formats.{table}.", own, faults)
    return formats


def _format_values(prefix: str, section: Mapping[str, Any], faults: Faults) -> dict[str, str]:
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


def _outcome_words(section: Mapping[str, Any], faults: Faults) -> dict[str, tuple[str, ...]]:
    faults.unknown("values.outcomes.", section, OUTCOMES)
    words = {state: faults.texts(section, state) for state in OUTCOMES if state in section}
    distinct = [word for of_state in words.values() for word in {match_key(text) for text in of_state}]
    if repeated := sorted({word for word in distinct if distinct.count(word) > 1}):
        faults.add("values.outcomes", f"gives {', '.join(repeated)} more than one meaning")
    return words


def _display(section: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    display: dict[str, Any] = {}
    for key in (name for name in DISPLAY_KEYS if name in section):
        value = section[key]
        if key == "attention_per_owner":
            if type(value) is not int or not 0 <= value <= MOST_PER_OWNER:
                faults.add(
                    f"display.{key}", f"must be a whole number from 0 to {MOST_PER_OWNER}, got {value!r}"
                )
                continue
        elif key == "compare_owners":
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


def _types(section: Mapping[str, Any], faults: Faults) -> dict[str, str]:
    for name, kind in section.items():
        if kind not in ATTRIBUTE_KINDS:
            faults.add(
                f"attributes.types.{name}", f"must be one of {', '.join(ATTRIBUTE_KINDS)}, got {kind!r}"
            )
    return {name: kind for name, kind in section.items() if kind in ATTRIBUTE_KINDS}


def _check_attributes(config: FunnelConfig, faults: Faults) -> None:
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


def _check_closing_stages(config: FunnelConfig, faults: Faults) -> None:
    for key, names, others in (
        ("won_stages", config.won_stages, (*config.stages, *config.lost_stages)),
        ("lost_stages", config.lost_stages, config.stages),
    ):
        if both := sorted(set(names) & set(others)):
            faults.add(
                f"funnel.{key}",
                f"names {', '.join(both)}, which is an open stage or of the other outcome too",
            )


def _targets(section: Mapping[str, Any], stages: tuple[str, ...], faults: Faults) -> dict[str, Any]:
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


def _grades(section: Mapping[str, Any], faults: Faults) -> dict[str, float]:
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
