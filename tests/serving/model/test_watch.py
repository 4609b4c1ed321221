"""A promoted bundle is tried, then taken into use or refused with a reason while the old one serves."""

import asyncio
import errno
import shutil
from pathlib import Path

import pytest

import serving.model.watch
from models.home.pointer import POINTER, Pointer, manifest_sha256, write_pointer
from serving.model.errors import NoModel
from serving.model.watch import ModelWatch, Refused


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    """A home of its own with champion 1 and an equal bundle 2 that is not promoted."""
    copy = tmp_path / "home"
    shutil.copytree(trained_home, copy)
    shutil.copytree(copy / "bundles" / "1", copy / "bundles" / "2")
    return copy


async def passes(_pointer: Pointer) -> None:
    """A trial that every bundle passes."""


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving.model.watch, "try_in_child", passes)


def promote(home: Path, version: str, sha256: str, before: tuple[str, ...]) -> None:
    write_pointer(home, Pointer(version, home / "bundles" / version, sha256, before))


def promote_2(home: Path) -> None:
    promote(home, "2", manifest_sha256(home / "bundles" / "2"), ("1",))


def look(watch: ModelWatch) -> None:
    asyncio.run(watch.look())


def reason(watch: ModelWatch) -> str:
    assert isinstance(watch.refused, Refused)
    return watch.refused.reason


def test_an_empty_home_has_no_model_and_no_refusal(tmp_path: Path) -> None:
    watch = ModelWatch(tmp_path)
    look(watch)
    assert watch.current is None
    assert watch.refused is None
    with pytest.raises(NoModel):
        watch.bundle()


def test_the_champion_is_taken_and_a_later_one_swapped_in(home: Path) -> None:
    swaps: list[str] = []
    watch = ModelWatch(home)
    watch.on_swap.append(lambda bundle: swaps.append(bundle.version))
    look(watch)
    first = watch.bundle()
    look(watch)
    assert watch.bundle() is first
    promote_2(home)
    look(watch)
    assert watch.bundle().version == "2"
    assert swaps == ["1", "2"]
    assert first.version == "1"


def test_the_first_model_is_loading_while_it_is_tried(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, seen = ModelWatch(home), []

    async def trial(_pointer: Pointer) -> None:
        seen.append(watch.is_loading)
        if watch.current is None:
            with pytest.raises(NoModel) as missing:
                watch.bundle()
            assert missing.value.is_loading

    monkeypatch.setattr(serving.model.watch, "try_in_child", trial)
    assert not watch.is_loading
    look(watch)
    assert not watch.is_loading
    promote_2(home)
    look(watch)
    assert watch.bundle().version == "2"
    assert seen == [True, False], "a later model is swapped in behind the one in use"


@pytest.mark.parametrize("file", ["manifest.json", "model.json", "vocabulary.json", "conversion.txt"])
def test_a_changed_file_is_refused_and_the_old_model_stays(home: Path, file: str) -> None:
    watch = ModelWatch(home)
    look(watch)
    promote_2(home)
    path = home / "bundles" / "2" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    look(watch)
    assert watch.bundle().version == "1"
    assert watch.refused is not None
    assert watch.refused.model_version == "2"
    assert str(home) not in reason(watch)


def test_a_missing_bundle_and_a_foreign_pointer_are_refused(home: Path) -> None:
    watch = ModelWatch(home)
    look(watch)
    promote_2(home)
    shutil.rmtree(home / "bundles" / "2")
    look(watch)
    assert watch.bundle().version == "1"
    assert reason(watch)
    (home / POINTER).write_text("{}")
    look(watch)
    assert watch.bundle().version == "1"
    assert watch.refused is not None
    assert watch.refused.model_version == ""


def test_a_good_champion_ends_the_refusal(home: Path) -> None:
    watch = ModelWatch(home)
    look(watch)
    promote_2(home)
    path = home / "bundles" / "2" / "model.json"
    good = path.read_bytes()
    path.write_bytes(good[:100])
    look(watch)
    assert reason(watch)
    path.write_bytes(good)
    promote(home, "2", manifest_sha256(home / "bundles" / "2"), ("1", "1"))
    look(watch)
    assert watch.refused is None
    assert watch.bundle().version == "2"


def test_a_start_with_a_damaged_champion_serves_the_one_before(home: Path) -> None:
    promote_2(home)
    (home / "bundles" / "2" / "conversion.txt").unlink(missing_ok=True)
    (home / "bundles" / "2" / "model.json").write_text("{}")
    watch = ModelWatch(home)
    look(watch)
    assert watch.bundle().version == "1"
    assert watch.refused is not None
    assert watch.refused.model_version == "2"


def test_a_bundle_that_dies_in_its_trial_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(_pointer: Pointer) -> str:
        return "reading it ended the trial process with code -11"

    watch = ModelWatch(home)
    look(watch)
    monkeypatch.setattr(serving.model.watch, "try_in_child", dies)
    promote_2(home)
    look(watch)
    assert watch.bundle().version == "1"
    assert "-11" in reason(watch)


def test_a_trial_without_a_free_process_is_repeated(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a champion was never tried again, and a service that started with it never became ready."""

    async def no_process(_pointer: Pointer) -> str | None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    watch = ModelWatch(home)
    for version in ("1", "2"):
        before = watch.current
        monkeypatch.setattr(serving.model.watch, "try_in_child", no_process)
        look(watch)
        assert "Resource temporarily unavailable" in reason(watch)
        assert watch.current is before
        monkeypatch.setattr(serving.model.watch, "try_in_child", passes)
        monkeypatch.setattr(watch, "_retry_at", 0.0)
        look(watch)
        assert watch.bundle().version == version
        assert watch.refused is None
        promote_2(home)


def test_a_deleted_run_folder_does_not_stop_the_trial(home: Path, tmp_path: Path) -> None:
    watch = ModelWatch(home, tmp_path / "gone")
    look(watch)
    assert watch.bundle().version == "1"


def test_workers_with_a_shared_folder_try_a_bundle_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Pointer] = []

    async def count(pointer: Pointer) -> None:
        tried.append(pointer)

    monkeypatch.setattr(serving.model.watch, "try_in_child", count)
    for _ in range(3):
        watch = ModelWatch(home, tmp_path)
        look(watch)
        assert watch.bundle().version == "1"
    assert len(tried) == 1
