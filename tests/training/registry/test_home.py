"""A home's files: they follow a move, belong to their owner only, and change one process at a time."""

import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.home.pointer import read_pointer
from models.home.saved import read_verified
from tests.builders.registry_runs import Killed, add, champion, make_run
from training.registry.registry import KEPT_EXPORTS, Registry


def test_a_home_can_be_moved(registry: Registry, tmp_path: Path) -> None:
    first, second = add(registry, tmp_path, 2)
    registry.promote(first)
    moved = tmp_path / "moved to é #1"
    shutil.move(registry.home, moved)
    after = Registry(moved)
    assert champion(after) == first
    after.promote(second)
    shutil.rmtree(moved / "bundles" / first)
    assert after.rollback() == first
    (third,) = add(after, tmp_path)
    after.promote(third)
    assert not registry.home.exists(), "nothing is written to where the home was"


@pytest.mark.parametrize("name", ["what?", "50%", "a%20b", "a#b?c=d&e@f", "é ü:;"])
def test_a_home_may_have_any_name(name: str, registry: Registry, tmp_path: Path) -> None:
    odd = Registry(Path(shutil.copytree(registry.home, tmp_path / name / "home")))
    first, second = add(odd, tmp_path, 2)
    odd.promote(first)
    odd.promote(second)
    shutil.rmtree(odd.home / "bundles" / first)
    assert Registry(odd.home).rollback() == first
    assert {path.name for path in tmp_path.iterdir()} == {"home", name, "run-0", "run-1"}


def test_exports_are_removed_atomically(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object, **__: object) -> None:
        raise Killed

    versions = add(registry, tmp_path, KEPT_EXPORTS + 1)
    for version in versions[:-1]:
        registry.export(version)
    with monkeypatch.context() as patch:
        patch.setattr("training.registry.home.shutil.rmtree", kill)
        with pytest.raises(Killed):
            registry.export(versions[-1])
    again = Registry(registry.home)
    assert all(read_verified(again.export(version)) for version in versions)
    assert not list((registry.home / "bundles").glob(".*"))


def test_files_are_readable_by_their_owner_only(registry: Registry, tmp_path: Path) -> None:
    registry.promote(*add(registry, tmp_path))
    files = [
        registry.home / "champion.json",
        registry.home / "bundles",
        *(registry.home / "bundles").rglob("*"),
    ]
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in files)


def test_concurrent_trainings_register_and_promote_in_turn(home: Path, tmp_path: Path) -> None:
    """The lock is a file's, so it holds between two registries as it does between two processes."""

    def train(name: str) -> None:
        registry = Registry(home)
        for i in range(3):
            with registry.exclusive():
                before = champion(registry)
                run = make_run(tmp_path / f"{name}{i}", f'"{name}"')
                version = registry.register(run).model_version
                registry.promote(version)
                pointer = read_pointer(home)
                assert pointer is not None
                assert pointer.before[:1] == ((before,) if before else ())

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(train, name) for name in "ab"]:
            done.result()
    versions = Registry(home).versions()
    assert [v.model_version for v in versions] == ["6", "5", "4", "3", "2", "1"]
    assert [v.model_version for v in versions if "champion" in v.aliases] == ["6"]
    assert champion(Registry(home)) == "6"
