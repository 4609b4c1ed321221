"""Errors that are the caller's to mend list every problem, and a long list is cut with its count."""

import pytest

from history.base.errors import SHOWN_PROBLEMS, DamagedArtifact, FieldProblem, InvalidInput, InvalidRecord


def test_one_problem_is_the_message() -> None:
    assert str(InvalidInput("leads: no rows.")) == "leads: no rows."
    assert InvalidInput("leads: no rows.").problems == ("leads: no rows.",)


@pytest.mark.parametrize("extra", [0, 1, 7])
def test_long_list_is_cut_and_counted(extra: int) -> None:
    error = InvalidInput(f"p{i}" for i in range(SHOWN_PROBLEMS + extra))
    lines = str(error).splitlines()
    assert lines[0] == f"{SHOWN_PROBLEMS + extra} problems:"
    assert len(lines) == 1 + SHOWN_PROBLEMS + (extra > 0)
    assert extra == 0 or lines[-1] == f"  ... and {extra} more"
    assert len(error.problems) == SHOWN_PROBLEMS + extra


@pytest.mark.parametrize(
    ("loc", "path"),
    [
        (("lead_id",), "lead_id"),
        (("interactions", 3, "occurred_at"), "interactions[3].occurred_at"),
        ((0, "lead_id"), "[0].lead_id"),
    ],
)
def test_path_of_a_field_is_written_as_in_code(loc: tuple[str | int, ...], path: str) -> None:
    assert str(FieldProblem(loc, "is missing")) == f"{path}: is missing"


def test_invalid_record_keeps_fields_and_sentences() -> None:
    error = InvalidRecord([FieldProblem(("kind",), "is empty")])
    assert [problem.loc for problem in error.fields] == [("kind",)]
    assert error.problems == ("kind: is empty",)


def test_damaged_artifact_lists_its_message_as_problem() -> None:
    assert DamagedArtifact("bundle.json is missing").problems == ("bundle.json is missing",)
