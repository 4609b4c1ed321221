"""The jobs of a first start: an uploaded export becomes a checked data folder, then a model and a filled store."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from serving.jobs import unpack
from serving.jobs.jobs import FOLDER, Job
from serving.jobs.kinds import VERSIONS_STEP, list_versions
from serving.jobs.run import JobRun, StepFailed

IMPORT, FIRST = "import", "first"
DATA, FOUND = "data", "found.json"
SOURCES_SHOWN, REASONS_SHOWN, NAMES_SHOWN, WARNINGS_SHOWN, NOTES_SHOWN = 100, 20, 50, 60, 20
INFERRED_SHOWN = ("stages", "won_stages", "lost_stages", "currency", "timezone", "horizon_days")


@dataclass(frozen=True)
class Choice:
    """What a person chose for an upload: system None is recognised from the columns.

    currency, pipeline: the one whose amounts or deals are kept; empty for all.
    """

    system: str | None = None
    accept_rejected: bool = False
    currency: str = ""
    pipeline: str = ""

    @property
    def options(self) -> list[str]:
        """Options of `leadcast import`; one word each, so that no text is read as another option."""
        chosen = {"currency": self.currency, "pipeline": self.pipeline}
        return [f"--{name}={text}" for name, text in chosen.items() if text]


def write_listing(scratch: Path, files: Sequence[tuple[str, str]]) -> None:
    """Says which files of the upload are there: (file under SCRATCH/upload, its name as sent)."""
    listing = [{"file": file, "name": name} for file, name in files]
    (scratch / unpack.LISTING).write_bytes(msgspec.json.encode(listing))


def importing(choice: Choice, limit: int) -> Job:
    """Unpacks the upload of the job's folder, imports and checks it; the data folder stays for the training."""

    async def work(run: JobRun) -> None:
        forget(run.home)
        data = run.scratch / DATA
        unpacked = await run.step(
            "unpack", str(run.scratch), str(data), str(limit), module="serving.jobs.unpack"
        )
        record = None if unpacked["is_folder"] else await _import(run, choice, unpacked["names"])
        for name in (unpack.UPLOAD, unpack.FILES):
            shutil.rmtree(run.scratch / name, ignore_errors=True)
        checked = await run.step("check", "check", str(data), "--json", *_accepting(choice.accept_rejected))
        found = {
            "import": record,
            "left": unpacked["left"],
            "accept_rejected": choice.accept_rejected,
            **_of_check(checked),
        }
        run.state.results.clear()
        (run.folder / FOUND).write_bytes(msgspec.json.encode(found))
        os.replace(data, run.folder / DATA)

    return Job(IMPORT, ("unpack", "detect", "import", "check"), work)


async def _import(run: JobRun, choice: Choice, names: Mapping[str, str]) -> dict[str, Any]:
    files = str(run.scratch / unpack.FILES)
    system, is_guessed = choice.system, choice.system is None
    if system is None:
        matches = (await run.step("detect", files, module="connectors.detect"))["matches"]
        if not matches:
            raise StepFailed(
                "No system's export was recognised in: "
                + ", ".join(list(names.values())[:NAMES_SHOWN])
                + ". Choose the system that wrote it, or send tables of a data folder: leads.csv with lead_id and "
                "created_at, outcomes.csv with lead_id, outcome and closed_at."
            )
        system = matches[0]["system"]
    record = await run.step(
        "import", "import", str(system), files, "--output", str(run.scratch / DATA), "--json", *choice.options
    )
    return {**_of_import(record, names), "is_guessed": is_guessed}


def first_training(home: Path) -> Job:
    """Trains on the imported folder, then loads it into the store, which it then is removed for."""
    data, accepting = home / FOLDER / DATA, _accepting((found_of(home) or {}).get("accept_rejected", False))

    async def work(run: JobRun) -> None:
        await run.step("train", "train", str(data), "--json", *accepting)
        await run.step("load", "load", str(data), "--json", *accepting)
        forget(run.home)
        await list_versions(run)

    return Job(FIRST, ("train", "load", VERSIONS_STEP), work)


def found_of(home: Path) -> dict[str, Any] | None:
    """What the latest import found, None unless its data folder waits for a training."""
    folder = home / FOLDER
    if not (folder / DATA).is_dir():
        return None
    try:
        return msgspec.json.decode((folder / FOUND).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        return None


def forget(home: Path) -> None:
    """Removes an imported folder and what was found in it."""
    shutil.rmtree(home / FOLDER / DATA, ignore_errors=True)
    (home / FOLDER / FOUND).unlink(missing_ok=True)


def _accepting(is_accepted: bool) -> list[str]:
    return ["--accept-rejected"] if is_accepted else []


def _of_import(record: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The part of import.json that people see, with the names of the files as they were sent."""
    return {
        "system": record["system"],
        "object": record["object"],
        "sources": sorted(
            (_of_source(source, names) for source in record["sources"][:SOURCES_SHOWN]),
            key=lambda source: str(source["file"]),
        ),
        "more_sources": max(0, len(record["sources"]) - SOURCES_SHOWN),
        "unclaimed": [shown_file(file, names) for file in record["unclaimed"][:NAMES_SHOWN]],
        "notes": record["notes"][:NOTES_SHOWN],
        "rows": record["rows"],
    }


def _of_source(source: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    reasons = list(source["set_aside"].items())[:REASONS_SHOWN]
    return {
        "file": shown_file(source["file"], names),
        "kind": source["kind"],
        "rows_read": source["rows_read"],
        "rows_used": source["rows_used"],
        "set_aside": [{"reason": reason, "count": entry["count"]} for reason, entry in reasons],
    }


def shown_file(file: str, names: Mapping[str, str]) -> str:
    """A source's name as people know it: files/0001-deals.xlsx/Sheet1 was sent as "Deals.xlsx"."""
    inside = file.removeprefix(f"{unpack.FILES}/")
    target, slash, part = inside.partition("/")
    return f"{names.get(target, target)}{slash}{part}"


def _of_check(checked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tables": checked["tables"],
        "warnings": checked["warnings"][:WARNINGS_SHOWN],
        "more_warnings": max(0, len(checked["warnings"]) - WARNINGS_SHOWN),
        "verdict": checked["verdict"],
        "as_of": checked["as_of"],
        "inferred": {
            name: checked["inferred"][name] for name in INFERRED_SHOWN if name in checked["inferred"]
        },
    }
