"""The limit for rows that are set aside: which rules count, and the message that names the mend."""

import pytest

from history.base.errors import InvalidInput
from history.folder.rules.acceptance import excess_problems, require_acceptable
from history.history import Rejected, TableReport


def report(rows: int, **counts: int) -> dict[str, TableReport]:
    broken = tuple(
        Rejected(rule, count, (f"row 2: {rule}",), "lead_id", "L1") for rule, count in counts.items()
    )
    return {"interactions": TableReport(rows, broken)}


@pytest.mark.parametrize(
    ("rows", "counts", "rules"),
    [
        (100, {"bad_time": 20}, []),
        (100, {"bad_time": 21}, ["bad_time"]),
        (100, {"bad_time": 12, "bad_value": 15}, ["bad_value", "bad_time"]),
        (100, {"duplicate_interaction": 60, "time_in_future": 30, "bad_time": 2}, []),
        (100, {"unknown_lead": 80}, []),
        (100, {"unknown_lead": 81}, ["unknown_lead"]),
        (100, {"lead_set_aside": 50, "unknown_lead": 40}, ["lead_set_aside", "unknown_lead"]),
        (100, {}, []),
        (0, {}, []),
    ],
)
def test_rules_above_the_limit(rows: int, counts: dict[str, int], rules: list[str]) -> None:
    problems = excess_problems(report(rows, **counts))
    assert [problem.split(" by ")[1].split()[0] for problem in problems] == rules


def test_rows_that_do_not_count_leave_the_share_of_the_others() -> None:
    assert excess_problems(report(100, unknown_lead=70, bad_time=5)) == []
    assert len(excess_problems(report(100, unknown_lead=70, bad_time=15))) == 1


def test_the_message_has_rule_expectation_example_and_mend() -> None:
    broken = Rejected("bad_outcome", 3, ("row 2: lead_id '1', outcome 'a\"b'",), "outcome", 'a"b')
    with pytest.raises(InvalidInput) as caught:
        require_acceptable({"outcomes": TableReport(4, (broken,))})
    (problem,) = caught.value.problems
    for words in (
        "outcomes: 3 of 4 rows are set aside by bad_outcome (expected a word for won, lost, open or gone",
        "row 2: lead_id '1', outcome 'a\"b'",
        'In [values.outcomes] of funnel.toml: won = ["a\\"b"]',
        "--accept-rejected",
    ):
        assert words in problem
