"""A data folder read the way a model wants it, for every command that scores."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cli.output import as_of_us, home, now_us, say
from features.config import FunnelConfig, load_config, to_dict
from features.event_log import History
from features.history import read_folder
from models.bundle import Bundle, load_bundle
from models.pointer import load_champion, read_pointer

Note = dict[str, Any]
OWN_TO_FOLDER = ("columns", "inferred")  # column names are the folder's own affair


def model(alias_or_version: str) -> Bundle:
    """The bundle of an alias or version of this home, verified; InvalidInput says which there are."""
    if alias_or_version == "champion" and (pointer := read_pointer(home())) is not None:
        return load_champion(pointer)
    from training.registry import Registry

    registry = Registry(home())
    version = registry.resolve(alias_or_version)
    return load_bundle(registry.export(version), version)


def read_for(bundle: Bundle, data: Path, as_of: str | None) -> tuple[History, list[Note]]:
    """The folder as the model sees it at --as-of, and the warnings that this reading gives."""
    own = load_config(data)
    history = read_folder(
        data, config=bundle.config, as_of_us=as_of_us(as_of, bundle.config.zone), now_us=now_us()
    )
    return history, config_notes(own, bundle.config)


def config_notes(own: FunnelConfig, used: FunnelConfig) -> list[Note]:
    """`config_differs` for each key that the folder's funnel.toml gives otherwise than the model has it."""
    mine, models = to_dict(own), to_dict(used)
    models["attribute_types"] = {
        name: models["attribute_types"].get(name) for name in mine["attribute_types"]
    }
    return [
        {
            "code": "config_differs",
            "subject": key,
            "detail": f"funnel.toml says {mine[key]!r}; the model was trained with {models[key]!r} and uses that",
        }
        for key in mine
        if key not in OWN_TO_FOLDER and key not in own.inferred and mine[key] and mine[key] != models[key]
    ]


def set_aside(history: History) -> list[str]:
    """One line for each rule that set rows aside, and for each that flagged some."""
    lines = []
    for table, report in history.reports.items():
        for verb, found in (("set aside", report.rejected), ("flagged", report.flagged)):
            lines += [
                f"{table}: {verb} {r.count:,} of {report.rows:,} rows, {r.rule}: {r.first[0]}" for r in found
            ]
    return lines


def say_set_aside(history: History) -> None:
    """What the door did not take, on stderr."""
    for line in set_aside(history):
        say(line)


def counted(notes: Iterable[Iterable[Mapping[str, str]]]) -> list[Note]:
    """Warnings of many leads as one each of a code and subject, with the number of leads and the first detail."""
    first: dict[tuple[str, str], str] = {}
    count: Counter[tuple[str, str]] = Counter()
    for one in notes:
        for note in one:
            key = note["code"], note["subject"]
            first.setdefault(key, note["detail"])
            count[key] += 1
    return [
        {"code": code, "subject": subject, "detail": first[code, subject], "leads": n}
        for (code, subject), n in count.items()
    ]
