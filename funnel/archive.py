"""Archive of forecasts and funnel states: one JSON file a report in the home, the oldest removed.

An archived report holds sums only: no lead id, and groups only of SHARED_COLUMNS. So erasing a lead needs no
change here. The command and the folder on disk are named `snapshots`.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from funnel.dates import local_date
from funnel.records import Record
from history.base.atomic_file import remove_leftovers, replacing
from history.base.errors import DamagedArtifact, InvalidInput
from history.config.config import FunnelConfig
from history.text.times import format_time, parse_time
from models.home.pointer import sync_folder

FOLDER = "snapshots"  # under the home
FORECAST, FUNNEL = "forecast", "funnel"
MAX_REPORTS = 400  # of one kind and funnel: a year of nights, with room for reports made by hand
DEFAULT_OPTIONS: tuple[Record, ...] = ({}, {"period": "month"})
SHARED_COLUMNS = (None, "stage", "owner", "source")  # their values belong to the business, not to one lead
HEAD_KEYS = ("id", "kind", "funnel", "as_of", "made_at", "model_version", "options")


class Listing(NamedTuple):
    """Heads of readable reports, and the names of files that are not reports."""

    heads: list[Record]
    damaged: list[str]


def archived_forecast(
    answer: Mapping[str, Any], config: FunnelConfig, options: Mapping[str, Any]
) -> Record | None:
    """A forecast's answer without leads, ready to save; None if its groups may identify one lead."""
    if options.get("by") not in SHARED_COLUMNS:
        return None
    content = {name: value for name, value in answer.items() if name != "past"}
    if "explain" in content:
        content["explain"] = {k: v for k, v in content["explain"].items() if k != "top_leads"}
    return _record(FORECAST, content, config, options)


def archived_funnel(state: Mapping[str, Any], config: FunnelConfig, options: Mapping[str, Any]) -> Record:
    """A funnel's state ready to save: without the list of leads that need attention, with their number.

    The drop-off names values of any attribute and is left out.
    """
    content = {**state, "attention": {"leads": state["attention"]["leads"]}, "drop_off": None}
    if options.get("by") not in SHARED_COLUMNS:
        content["groups"] = []
    return _record(FUNNEL, content, config, options)


def _record(kind: str, content: Record, config: FunnelConfig, options: Mapping[str, Any]) -> Record:
    # A default and its option left out are the same report.
    set_options = {key: value for key, value in options.items() if value is not None}
    model_version = set_options.pop("model_version", None)
    return {
        "kind": kind,
        "funnel": config.name,
        "timezone": config.timezone,
        "as_of": content["as_of"],
        "model_version": content.get("model_version", model_version),
        "options": set_options,
        "answer": content,
    }


def save_report(home: Path, record: Mapping[str, Any], made_us: int) -> str:
    """Writes a report, removes the oldest of its kind and funnel, and returns the id.

    An equal report saved again keeps its id and the time at which it was first made.
    """
    text = json.dumps(_json_value(record), sort_keys=True, allow_nan=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    moment = record["as_of"][:19].replace("-", "").replace(":", "")
    name = f"{moment}Z-{record['kind']}-{digest}"

    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.json"
    if not path.exists():
        _write(path, {"made_at": format_time(made_us), **json.loads(text)})
        _remove_oldest(folder, record["kind"], record["funnel"])
    return name


def _write(path: Path, record: Record) -> None:
    remove_leftovers(path.parent)
    with replacing(path) as file:
        file.write(json.dumps(record, ensure_ascii=False, allow_nan=False).encode())
    sync_folder(path.parent)


def _remove_oldest(folder: Path, kind: str, funnel: str) -> None:
    # Counting names is cheap; the files are read only beyond the limit.
    if len(list(folder.glob(f"[!.]*-{kind}-*.json"))) <= MAX_REPORTS:
        return
    heads = [head for head in _read_heads(folder).heads if (head["kind"], head["funnel"]) == (kind, funnel)]
    heads.sort(key=lambda head: (head["made_at"], head["as_of"], head["id"]))
    for head in heads[: max(len(heads) - MAX_REPORTS, 0)]:
        (folder / f"{head['id']}.json").unlink(missing_ok=True)


def list_reports(home: Path, kind: str | None = None, funnel: str | None = None) -> Listing:
    """The reports of a kind and funnel (None: any), latest as_of first."""
    heads, damaged = _read_heads(home / FOLDER)
    heads = [head for head in heads if kind in (None, head["kind"]) and funnel in (None, head["funnel"])]
    heads.sort(key=lambda head: (head["as_of"], head["made_at"], head["id"]), reverse=True)
    return Listing(heads, damaged)


def _read_heads(folder: Path) -> Listing:
    heads, damaged = [], []
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            record = read_report(folder.parent, path.stem)
        except DamagedArtifact:
            damaged.append(path.name)
            continue
        heads.append({name: record[name] for name in (*HEAD_KEYS, "timezone")})
    return Listing(heads, damaged)


def read_reports(home: Path, kind: str, funnel: str) -> list[Record]:
    """Every readable report of a kind and funnel."""
    return [read_report(home, head["id"]) for head in list_reports(home, kind, funnel).heads]


def read_report(home: Path, name: str) -> Record:
    """The report of an id, with its `id`; raises DamagedArtifact if the file is not a report."""
    path = home / FOLDER / f"{name}.json"
    try:
        record = json.loads(path.read_bytes())
        stored = {key: record[key] for key in (*HEAD_KEYS[1:], "timezone", "answer")}
        return {"id": name, **stored}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedArtifact(f"{path}: not a snapshot ({error!r}); delete it") from None


def find_report(home: Path, which: str, kind: str, funnel: str | None = None) -> Record:
    """The report of an id; of a date, the latest by the end of that day in the funnel's time zone.

    Of several with the latest as_of, one with default options comes first, then the one made first: a later one
    was made with hindsight. Raises InvalidInput without a match, or if the funnel is ambiguous.
    """
    heads = list_reports(home).heads
    if any(head["id"] == which for head in heads):
        return read_report(home, which)
    day = _parse_date(which)
    candidates = [head for head in heads if head["kind"] == kind and funnel in (None, head["funnel"])]
    matches = [head for head in candidates if _is_by_end_of(head, day)]
    _refuse_several_funnels(matches)
    if not matches:
        oldest = f"; the oldest is of {candidates[-1]['as_of']}" if candidates else ""
        raise InvalidInput(f"no {kind} snapshot exists by the end of {which}{oldest}")
    latest = [head for head in matches if head["as_of"] == matches[0]["as_of"]]
    best = min(latest, key=lambda head: (head["options"] not in DEFAULT_OPTIONS, head["made_at"], head["id"]))
    return read_report(home, best["id"])


def _parse_date(which: str) -> date:
    try:
        return date.fromisoformat(which)
    except ValueError:
        raise InvalidInput(
            f"no snapshot {which!r}: give an id that `leadcast snapshots` lists, or a date such as 2026-01-31"
        ) from None


def _is_by_end_of(head: Mapping[str, Any], day: date) -> bool:
    zone = FunnelConfig(timezone=head["timezone"]).zone
    return local_date(parse_time(head["as_of"], zone), zone) <= day


def _refuse_several_funnels(heads: Sequence[Mapping[str, Any]]) -> None:
    names = sorted({head["funnel"] for head in heads})
    if len(names) > 1:
        raise InvalidInput(
            f"snapshots of several funnels exist ({', '.join(names)}): choose one with --funnel"
        )


def _json_value(value: Any) -> Any:
    """Arrays as lists, NaN and infinity as null, keys as strings."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
