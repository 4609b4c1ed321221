"""The state file: read back as written; another version's is none."""

from pathlib import Path

from serving.jobs.state import FILE, JobState, read_state, write_state


def test_state_is_read_back_and_private(tmp_path: Path) -> None:
    state = JobState("train", ["train"], "Olga", 1, text="fitting", share=0.5, results={"train": {"a": [1]}})
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_without_a_file_or_with_another_there_is_no_state(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    (tmp_path / FILE).write_text('{"kind": 3}')
    assert read_state(tmp_path) is None
