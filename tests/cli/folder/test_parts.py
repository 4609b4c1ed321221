"""When commands split a folder, and what is left of the parts."""

from pathlib import Path

import pytest

from cli.folder.parts import echo_if_too_large, parts_of, reading_share, split_on_disk
from history.base.progress import no_progress


def test_a_folder_is_split_if_it_would_fill_the_memory_or_on_request(
    crm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parts_of(crm, None) is None
    assert parts_of(crm, 1) == 1
    monkeypatch.setattr("cli.folder.parts.free_bytes", lambda: 1_000_000)
    several = parts_of(crm, None)
    assert several is not None
    assert several > 1


def test_parts_lie_in_the_home_and_those_of_a_killed_command_are_removed(
    home: Path, crm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "parts-killed").mkdir()
    with split_on_disk(crm, None, 3, no_progress) as folder:
        assert [path.name for path in home.glob("parts-*")] == [folder.target.name]
        assert "it is split into 3 parts in" in capsys.readouterr().err
    assert not list(home.glob("parts-*"))


@pytest.mark.parametrize(
    ("gigabytes", "parts", "share"), [(2, None, 0.1), (0, 2, 0.1), (2, 2, 0.25), (6, 2, 0.5)]
)
def test_reading_takes_more_of_the_time_of_a_larger_folder_in_parts(
    tmp_path: Path, gigabytes: int, parts: int | None, share: float
) -> None:
    with (tmp_path / "leads.csv").open("wb") as file:
        file.truncate(gigabytes * 10**9)
    assert reading_share(tmp_path, parts, at_once=0.1, as_long=6e9) == pytest.approx(share)


def test_a_folder_that_memory_does_not_hold_is_named_before_it_is_read(
    crm: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for free in (None, 10**12):
        monkeypatch.setattr("cli.folder.parts.free_bytes", lambda free=free: free)
        echo_if_too_large(crm)
        assert capsys.readouterr().err == ""
    monkeypatch.setattr("cli.folder.parts.free_bytes", lambda: 1000)
    echo_if_too_large(crm)
    assert "GB are free: the command may end without a word" in capsys.readouterr().err
