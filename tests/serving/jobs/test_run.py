"""Steps are real child processes: their results and progress are kept, their errors are told in words."""

import asyncio
import os
from pathlib import Path

import pytest

from serving.jobs.child import NICENESS
from serving.jobs.run import JobRun, StepFailed
from serving.jobs.state import JobState, read_state

COMMAND = "tests.builders.job_command"


@pytest.fixture
def run(tmp_path: Path) -> JobRun:
    return JobRun(tmp_path / "home", tmp_path, tmp_path, JobState("test", ["one", "two"], None, 1))


def test_result_is_kept_under_the_step(run: JobRun, tmp_path: Path) -> None:
    result = asyncio.run(run.step("two", "answer", "x", module=COMMAND))
    assert result == {
        "niceness": min(19, os.nice(0) + NICENESS),
        "home": str(tmp_path / "home"),
        "given": ["x"],
    }
    state = read_state(tmp_path)
    assert state is not None
    assert (state.step, state.text, state.share) == (1, "fitting", 0.4)
    assert state.results == {"two": result}


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("refuse", "the data is bad:\n- a row\nremedy: mend it"),
        ("fail", "a line for people"),
        ("die", "the command was ended by SIGKILL, as it happens when memory runs out"),
        ("text", "the command's result cannot be read"),
    ],
)
def test_failure_is_told_in_words(run: JobRun, what: str, words: str) -> None:
    with pytest.raises(StepFailed) as failure:
        asyncio.run(run.step("one", what, module=COMMAND))
    assert str(failure.value) == words


def test_overlong_line_ends_no_step(run: JobRun) -> None:
    assert asyncio.run(run.step("one", "long line", module=COMMAND)) == {}
