"""Uploaded archives: bombs, odd names, too many entries and damage are refused or set aside, never trusted."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from serving.jobs.unpack import EXPANSION, FILES, LISTING, MAX_ENTRIES, UPLOAD, main

LIMIT = 1 << 20
LEADS = b"lead_id,created_at\nL1,2026-01-01\n"


def zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


class Scratch:
    """A job's folder with uploaded files."""

    def __init__(self, folder: Path, files: Mapping[str, bytes], capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.data, self.capsys = folder / "scratch", folder / "data", capsys
        (self.folder / UPLOAD).mkdir(parents=True)
        listing = [{"file": f"{n:04d}", "name": name} for n, name in enumerate(files)]
        for entry, content in zip(listing, files.values(), strict=True):
            (self.folder / UPLOAD / entry["file"]).write_bytes(content)
        (self.folder / LISTING).write_text(json.dumps(listing))

    def run(self) -> tuple[int, dict[str, object], str]:
        """Exit code, record and error."""
        code = main(str(self.folder), str(self.data), str(LIMIT))
        out, err = self.capsys.readouterr()
        return code, json.loads(out or "{}"), err

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in (self.folder / FILES).iterdir())


def test_entries_keep_their_names_for_people_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"../../evil.csv": b"x", "/etc/deals.csv": b"x", "..\\up.csv": b"x", "a/b/Übersicht.xlsx": b"x"}
    scratch = Scratch(tmp_path, {"export.zip": zipped(names)}, capsys)
    code, record, _ = scratch.run()
    assert code == 0
    assert scratch.files == ["0000-evil.csv", "0001-deals.csv", "0002-up.csv", "0003-_bersicht.xlsx"]
    assert set(tmp_path.iterdir()) == {scratch.folder}
    assert list((scratch.folder / UPLOAD).iterdir()) == []
    assert list(record["names"].values())[:2] == ["export.zip/evil.csv", "export.zip/deals.csv"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({"bomb.csv": b"\0" * (EXPANSION * LIMIT + 1)}), "too large unpacked"),
        (zipped({f"{n}.csv": b"" for n in range(MAX_ENTRIES + 1)}), "more than 2,000 entries"),
        (b"no archive at all", "not a zip archive"),
        (zipped({"a.csv": b"abc" * 999})[:-40], "not a zip archive"),
    ],
    ids=["bomb", "entries", "text", "cut"],
)
def test_bombs_and_damage_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    code, _, error = Scratch(tmp_path, {"x.zip": content}, capsys).run()
    assert code == 1
    assert error.startswith("Error: x.zip")
    assert words in error


def test_size_that_an_archive_states_is_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = zipped({"bomb.csv": b"\0" * (EXPANSION * LIMIT + 1)})
    size = (EXPANSION * LIMIT + 1).to_bytes(4, "little")
    code, _, error = Scratch(
        tmp_path, {"x.zip": honest.replace(size, (9).to_bytes(4, "little"))}, capsys
    ).run()
    assert code == 1
    assert "x.zip" in error


def test_what_is_no_table_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = zipped({"deals.csv": b"x"})
    outer = zipped({"b.zip": inner, "logo.png": b"x", "__MACOSX/._d.csv": b"x", "d.csv": b"x"})
    files = {"a.zip": outer, "x.exe": b"MZ"}
    scratch = Scratch(tmp_path, files, capsys)
    _, record, _ = scratch.run()
    assert scratch.files == ["0000-d.csv"]
    assert record["left"] == {
        "archive in an archive": {"count": 1, "names": ["a.zip/b.zip"]},
        "not a table": {"count": 2, "names": ["a.zip/logo.png", "x.exe"]},
    }


def test_upload_without_a_table_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = Scratch(tmp_path, {"x.exe": b"MZ"}, capsys).run()
    assert (code, "No file in it is a table" in error) == (1, True)


def test_tables_of_a_data_folder_become_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "crm/leads.csv": LEADS,
        "crm/outcomes.csv": b"lead_id",
        "crm/funnel.toml": b"",
        "crm/truth/t.csv": b"x",
    }
    scratch = Scratch(tmp_path, {"crm.zip": zipped(files)}, capsys)
    _, record, _ = scratch.run()
    assert record["is_folder"] is True
    assert sorted(path.name for path in scratch.data.iterdir()) == [
        "funnel.toml",
        "leads.csv",
        "outcomes.csv",
    ]
    assert record["left"] == {"not a table of a data folder": {"count": 1, "names": ["crm.zip/t.csv"]}}


def test_leads_of_another_system_are_no_data_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = Scratch(tmp_path, {"Leads.csv": b"Id,CreatedDate\n1,2\n"}, capsys)
    _, record, _ = scratch.run()
    assert record["is_folder"] is False
    assert not scratch.data.exists()


def test_two_files_of_one_table_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = Scratch(
        tmp_path, {"leads.csv": LEADS, "a.zip": zipped({"leads.csv": LEADS})}, capsys
    ).run()
    assert (code, "leads.csv comes twice" in error) == (1, True)
