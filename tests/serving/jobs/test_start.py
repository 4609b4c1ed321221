"""The import of an upload: names as sent, limits on what is kept, and nothing left of a refused one."""

import asyncio
from pathlib import Path

import pytest

from serving.jobs.jobs import Jobs
from serving.jobs.start import Choice, first_training, forget, found_of, importing, shown_file, write_listing
from serving.jobs.state import JobState
from serving.jobs.unpack import UPLOAD
from tests.builders.exports.import_cases import Case
from tests.builders.exports.simulated_crm import simulated


def run(home: Path, files: dict[str, bytes], choice: Choice | None = None) -> JobState:
    """The state after an import of these files."""

    async def work() -> None:
        jobs = Jobs(home)
        claim = await jobs.claim()
        (claim.scratch / UPLOAD).mkdir()
        for number, content in enumerate(files.values()):
            (claim.scratch / UPLOAD / f"{number:04d}").write_bytes(content)
        write_listing(claim.scratch, [(f"{number:04d}", name) for number, name in enumerate(files)])
        jobs.run(claim, importing(choice or Choice(), 200 << 20), None)
        assert jobs._task is not None
        await jobs._task

    asyncio.run(work())
    state = Jobs(home).state()
    assert state is not None
    return state


def test_sources_are_shown_under_the_names_that_were_sent() -> None:
    names = {"0000-deals.csv": "Deals 2026.csv", "0001-book.xlsx": "x.zip/Book.xlsx"}
    assert shown_file("files/0000-deals.csv", names) == "Deals 2026.csv"
    assert shown_file("files/0001-book.xlsx/Sheet1", names) == "x.zip/Book.xlsx/Sheet1"
    assert shown_file("files/unknown", names) == "unknown"


def test_texts_of_a_form_are_never_other_options() -> None:
    assert Choice(currency="EUR", pipeline="--output=/etc").options == [
        "--currency=EUR",
        "--pipeline=--output=/etc",
    ]
    assert Choice().options == []


def test_home_without_an_import_has_found_nothing(tmp_path: Path) -> None:
    assert found_of(tmp_path) is None
    forget(tmp_path)
    assert first_training(tmp_path).steps == ("train", "load", "versions")


@pytest.mark.long  # starts several commands
def test_files_of_nobody_are_refused_with_a_way_on(tmp_path: Path) -> None:
    state = run(tmp_path, {"birds.csv": b"species,wingspan\nwren,15\n"})
    assert state.status == "failed"
    assert state.error is not None
    assert "birds.csv" in state.error
    assert "leads.csv with lead_id and created_at" in state.error
    assert sorted(path.name for path in (tmp_path / "jobs").iterdir()) == ["lock", "state.json"]


@pytest.mark.long  # starts several commands
def test_export_is_recognised_imported_and_checked(tmp_path: Path) -> None:
    world = simulated(tmp_path / "crm", leads=80)
    Case("pipedrive", "reports").export(world, tmp_path / "export")
    files = {path.name.title(): path.read_bytes() for path in sorted((tmp_path / "export").iterdir())}
    state = run(tmp_path, files)
    assert state.status == "failed"
    assert "2 currencies (EUR, USD)" in str(state.error)
    state = run(tmp_path, files, Choice(currency="EUR"))
    assert (state.status, state.error) == ("done", None)
    found = found_of(tmp_path)
    assert found is not None
    assert (found["import"]["system"], found["import"]["is_guessed"]) == ("pipedrive", True)
    assert {source["file"] for source in found["import"]["sources"]} <= set(files)
    assert found["tables"]["leads"]["rows"] > 0
    assert found["verdict"]["usable"] == "training"
    assert sorted(path.name for path in (tmp_path / "jobs").iterdir()) == [
        "data",
        "found.json",
        "lock",
        "state.json",
    ]
    forget(tmp_path)
    assert found_of(tmp_path) is None


@pytest.mark.long  # starts several commands
def test_refused_import_leaves_no_data(tmp_path: Path) -> None:
    state = run(tmp_path, {"leads.csv": b"lead_id,created_at\nL1,nonsense\n"})
    assert state.status == "failed"
    assert found_of(tmp_path) is None
    assert sorted(path.name for path in (tmp_path / "jobs").iterdir()) == ["lock", "state.json"]
