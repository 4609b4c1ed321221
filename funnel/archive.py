"""What a forecast or a funnel said, kept with its date: one JSON file each, written whole, the oldest let go.

A snapshot holds sums alone: no lead's id, and groups only of SHARED columns, so that erasing a lead leaves nothing
to look for here.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from funnel.state.period import local_date
from history.atomic_file import put_away, replacing
from history.config import FunnelConfig
from history.errors import DamagedArtifact, InvalidInput
from history.times import format_time, parse_time
from models.pointer import sync_folder

Record = dict[str, Any]
FOLDER = "snapshots"  # under the home
FORECAST, FUNNEL = "forecast", "funnel"
KINDS = (FORECAST, FUNNEL)
KEPT = 400  # of one kind and funnel: a year of nights and some
PLAIN: tuple[Record, ...] = ({}, {"period": "month"})  # the options of what was asked for without any
SHARED = (None, "stage", "owner", "source")  # columns whose values are the business's own, not one lead's
HEAD = ("id", "kind", "funnel", "as_of", "made_at", "model_version", "options")


def of_forecast(answer: Mapping[str, Any], config: FunnelConfig, asked: Mapping[str, Any]) -> Record | None:
    """The snapshot of a forecast's answer; None where it is by a column whose values may name one lead."""
    if asked.get("by") not in SHARED:
        return None
    kept = {key: value for key, value in answer.items() if key != "explain"}
    if "explain" in answer:
        kept["explain"] = {k: v for k, v in answer["explain"].items() if k != "top_leads"}
    return _record(FORECAST, kept, config, asked)


def of_funnel(state: Mapping[str, Any], config: FunnelConfig, asked: Mapping[str, Any]) -> Record:
    """The snapshot of a funnel's state: without the leads that need attention, whose number stays."""
    kept = {**state, "attention": {"leads": state["attention"]["leads"]}}
    if asked.get("by") not in SHARED:
        kept["groups"] = []
    return _record(FUNNEL, kept, config, asked)


def _record(kind: str, answer: Record, config: FunnelConfig, asked: Mapping[str, Any]) -> Record:
    options = {key: value for key, value in asked.items() if key != "model_version" and value is not None}
    version = answer.get("model_version", asked.get("model_version"))
    return {
        "kind": kind,
        "funnel": config.name,
        "timezone": config.timezone,
        "as_of": answer["as_of"],
        "model_version": version,
        "options": options,
        "answer": answer,
    }


def save(home: Path, record: Mapping[str, Any], made_us: int) -> str:
    """Writes a snapshot under the home, lets the oldest of its kind and funnel go, and returns its id.

    The same answer again is the same snapshot and keeps the time at which it was first made.
    """
    text = json.dumps(_plain(record), sort_keys=True, allow_nan=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    moment = record["as_of"][:19].replace("-", "").replace(":", "")
    name = f"{moment}Z-{record['kind']}-{digest}"
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.json"
    if not path.exists():
        _write(path, {"made_at": format_time(made_us), **json.loads(text)})
        _let_go(folder, record["kind"], record["funnel"])
    return name


def _write(path: Path, record: Record) -> None:
    put_away(path.parent)
    with replacing(path) as file:
        file.write(json.dumps(record, ensure_ascii=False, allow_nan=False).encode())
    sync_folder(path.parent)


def _let_go(folder: Path, kind: str, funnel: str) -> None:
    """Keeps the KEPT made last."""
    if len(list(folder.glob(f"[!.]*-{kind}-*.json"))) <= KEPT:
        return
    mine = [r for r in _heads(folder)[0] if (r["kind"], r["funnel"]) == (kind, funnel)]
    mine.sort(key=lambda r: (r["made_at"], r["as_of"], r["id"]))
    for record in mine[: max(len(mine) - KEPT, 0)]:
        (folder / f"{record['id']}.json").unlink(missing_ok=True)


def listed(home: Path, kind: str | None = None, funnel: str | None = None) -> tuple[list[Record], list[str]]:
    """The heads of the snapshots, newest date first, and the names of files that are none."""
    heads, broken = _heads(home / FOLDER)
    mine = [h for h in heads if kind in (None, h["kind"]) and funnel in (None, h["funnel"])]
    mine.sort(key=lambda h: (h["as_of"], h["made_at"], h["id"]), reverse=True)
    return mine, broken


def _heads(folder: Path) -> tuple[list[Record], list[str]]:
    heads, broken = [], []
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            record = read(folder.parent, path.stem)
        except DamagedArtifact:
            broken.append(path.name)
            continue
        heads.append({name: record[name] for name in (*HEAD, "timezone")})
    return heads, broken


def read(home: Path, name: str) -> Record:
    """The snapshot of an id, `id` added; DamagedArtifact where its file is none."""
    path = home / FOLDER / f"{name}.json"
    try:
        record = json.loads(path.read_bytes())
        complete = {"id": name, **{key: record[key] for key in (*HEAD[1:], "timezone", "answer")}}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedArtifact(f"{path}: not a snapshot ({error!r}); delete it") from None
    return complete


def find(home: Path, which: str, kind: str, funnel: str | None = None) -> Record:
    """The snapshot of an id; of a date, what was said last by the end of that day in the funnel's time zone.

    Of several with one as_of: one asked for without options before others, then the one made first, which nobody
    has made with hindsight. Raises InvalidInput where there is none.
    """
    heads = listed(home)[0]
    if any(head["id"] == which for head in heads):
        return read(home, which)
    try:
        day = date.fromisoformat(which)
    except ValueError:
        raise InvalidInput(
            f"no snapshot {which!r}: give an id that `leadcast snapshots` lists, or a date such as 2026-01-31"
        ) from None
    mine = [h for h in heads if h["kind"] == kind and funnel in (None, h["funnel"])]
    fit = [head for head in mine if _by_end_of(head, day)]
    _only_one_funnel(fit)
    if not fit:
        oldest = f"; the oldest is of {mine[-1]['as_of']}" if mine else ""
        raise InvalidInput(f"no {kind} was kept by the end of {which}{oldest}")
    newest = [head for head in fit if head["as_of"] == fit[0]["as_of"]]
    first = min(newest, key=lambda h: (h["options"] not in PLAIN, h["made_at"], h["id"]))
    return read(home, first["id"])


def _by_end_of(head: Mapping[str, Any], day: date) -> bool:
    zone = FunnelConfig(timezone=head["timezone"]).zone
    return local_date(parse_time(head["as_of"], zone), zone) <= day


def _only_one_funnel(heads: Sequence[Mapping[str, Any]]) -> None:
    names = sorted({head["funnel"] for head in heads})
    if len(names) > 1:
        raise InvalidInput(
            f"snapshots of several funnels are kept ({', '.join(names)}): say which with --funnel"
        )


def _plain(value: Any) -> Any:
    """What JSON can say: arrays as lists, null for what is no number."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
