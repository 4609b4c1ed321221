"""`leadcast models`: versions are listed, shown and promoted, also in a restored home and beside a damaged file."""

import json
import re
from pathlib import Path

import pytest

from tests.builders.command import answer, run
from training.registry.home import HomeLock


@pytest.fixture
def restored_home(champion_home: Path, tmp_path: Path) -> Path:
    """A new home that a backup of another one was put into."""
    file, home = str(tmp_path / "backup.tar"), tmp_path / "restored"
    assert run("backup", file, "--home", str(champion_home)).exit_code == 0
    assert run("restore", file, "--home", str(home)).exit_code == 0
    return home


def test_versions_are_listed_promoted_and_rolled_back(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    second = answer("train", crm, "--trials", 0, "--promote", "never", "--as-of", "2026-05-01")
    assert (second["model_version"], second["promoted"]) == ("2", False)
    listed = answer("models")
    assert listed["champion"] == "1"
    assert [(v["model_version"], v["aliases"]) for v in listed["versions"]] == [
        ("2", ["challenger"]),
        ("1", ["champion"]),
    ]
    assert (
        answer("score", crm, "--model", "challenger", "--output", tmp_path / "s.csv")["model_version"] == "2"
    )
    assert answer("models", "promote", "2") == {"champion": "2"}
    assert answer("score", crm, "--output", tmp_path / "s.csv")["model_version"] == "2"
    assert answer("models", "rollback") == {"champion": "1"}
    shown = answer("models", "show", "champion")
    assert shown["model_version"] == "1"
    assert shown["params"]["seed"] == "0"
    for arguments in (("promote", "9"), ("show", "9"), ("rollback",)):
        refused = run("models", *arguments)
        assert (refused.exit_code, refused.stdout) == (1, "")


def test_restored_champion_is_listed_and_shown(restored_home: Path) -> None:
    at = ("--home", str(restored_home))
    listed = json.loads(run("models", "--json", *at).stdout)
    shown = json.loads(run("models", "show", "champion", "--json", *at).stdout)
    assert listed["champion"] == "1"
    (version,) = listed["versions"]
    assert (version["run_id"], version["aliases"]) == ("", ["champion"])
    assert version["metrics"] == shown["metrics"] == shown["card"]["metrics"]
    assert shown["tags"] == {"origin": "a bundle without a run"}
    assert run("models", "promote", "1", *at).exit_code == 0
    refused = run("models", "rollback", *at)
    assert refused.exit_code == 1
    assert "no version was promoted before" in refused.stderr
    assert not (restored_home / "mlflow.db").exists()


def test_list_and_card_are_readable_text(champion_home: Path) -> None:
    listed, shown = run("models"), run("models", "show", "1")
    assert (listed.stdout, shown.stdout) == ("", "")
    header, row = listed.stderr.splitlines()
    assert header.split()[:2] == ["version", "in"]
    assert row.split()[:3] == ["1", "yes", "champion"]
    assert "# Model card: version 1" in shown.stderr
    assert re.search(r"^aliases +champion$", shown.stderr, re.M)
    assert re.search(r"^tags +signal \w+, funnel ", shown.stderr, re.M)


def test_empty_home_is_named(home: Path) -> None:
    assert f"{home} has no versions yet" in run("models").stderr


def test_restore_holds_the_registrys_lock(
    champion_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, held = tmp_path / "backup.tar", []
    assert run("backup", str(file)).exit_code == 0
    monkeypatch.setattr(HomeLock, "_remove_temporary_folders", lambda lock: held.append(lock._path))
    assert run("restore", str(file)).exit_code == 0
    assert held == [champion_home / "registry.lock"]


def test_damaged_champion_file_is_named_and_replaced(champion_home: Path) -> None:
    (champion_home / "champion.json").write_text("{")
    listed = run("models", "--json")
    assert listed.exit_code == 0
    assert "not a champion file" in listed.stderr
    assert json.loads(listed.stdout)["champion"] is None
    assert run("models", "promote", "1").exit_code == 0
    assert json.loads(run("models", "--json").stdout)["champion"] == "1"


def test_home_of_the_demo_is_named(tmp_path: Path) -> None:
    """`make demo` has a home of its own inside of the default one, whose versions `models` does not list."""
    (tmp_path / "demo" / "home").mkdir(parents=True)
    for command in (("models",), ("models", "show", "1"), ("rescore",)):
        result = run(*command, "--home", str(tmp_path))
        assert f"--home {tmp_path / 'demo' / 'home'}" in result.stderr
