"""A data folder read under its own configuration or a model's, and what the door said of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.options import as_of_us, now_us
from cli.output import say
from history.config import FunnelConfig, load_config, to_dict
from history.folder.rules import FLAGGED, REJECTED
from history.history import History
from history.read import read_folder

if TYPE_CHECKING:
    from models.bundle import Bundle

Note = dict[str, Any]
OWN_TO_FOLDER = ("columns", "inferred")  # column names are the folder's own affair


def read_own(data: Path, as_of: str | None) -> History:
    """The folder under its own configuration at --as-of."""
    return read_folder(data, as_of_us=as_of_us(as_of, load_config(data).zone), now_us=now_us())


def read_and_say(data: Path, as_of: str | None) -> History:
    """The folder under its own configuration at --as-of; what the door did not take is said."""
    history = read_own(data, as_of)
    say_set_aside(history)
    return history


def read_for(bundle: "Bundle", data: Path, as_of: str | None) -> tuple[History, list[Note]]:
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
        for verb, says, found in (
            ("set aside", REJECTED, report.rejected),
            ("flagged", FLAGGED, report.flagged),
        ):
            lines += [
                f"{table}: {verb} {r.count:,} of {report.rows:,} rows, {r.rule} ({says[r.rule]}): {r.first[0]}"
                for r in found
            ]
    return lines


def say_set_aside(history: History) -> None:
    """What the door did not take, on stderr."""
    for line in set_aside(history):
        say(line)
