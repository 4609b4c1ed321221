"""The time by stage of list exports of Odoo: stages and their times of leads that any salesperson can export."""

from pathlib import Path

import pytest

from tests.builders.exports.import_trial import Trial

DAY = 86_400


def lead(number: int, stage: str, spent: object, **fields: str) -> dict[str, str]:
    """A lead of 1 January, exported on 31 January."""
    return {
        "External ID": f"__export__.crm_lead_{number}_0a", "Opportunity": "x", "Created on": "2026-01-01 00:00:00",
        "Stage/Stage Name": stage, "Active": "True", "Probability": "20", "Status time": str(spent), **fields,
    }  # fmt: skip


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial("odoo", tmp_path)


def imported(trial: Trial, *rows: dict[str, str]) -> list[tuple[str, str, str]]:
    others = [lead(90, "New", {"1": 30 * DAY}), lead(91, "Qualified", {"1": DAY, "2": 29 * DAY})]
    trial.write("leads", [*rows, *others])
    trial.run()
    return [row for row in trial.stages() if row[0] not in ("90", "91")]


def test_stages_follow_in_order_of_the_first_visit(trial: Trial) -> None:
    spent = '{"1": 864000, "2": 432000, "3": 1296000}'
    assert imported(trial, lead(1, "Offer", spent)) == [
        ("1", "01-01 00:00", "New"), ("1", "01-11 00:00", "Qualified"), ("1", "01-16 00:00", "Offer"),
    ]  # fmt: skip


def test_cell_of_a_workbook_is_read_too(trial: Trial) -> None:
    assert imported(trial, lead(1, "Qualified", {"1": 10 * DAY, "2": 20 * DAY})) == [
        ("1", "01-01 00:00", "New"), ("1", "01-11 00:00", "Qualified"),
    ]  # fmt: skip


def test_column_of_another_language_is_known_by_its_values(trial: Trial) -> None:
    def translated(row: dict[str, str]) -> dict[str, str]:
        return {"Statuszeit" if name == "Status time" else name: text for name, text in row.items()}

    rows = [lead(1, "Qualified", {"1": 10 * DAY, "2": 20 * DAY}), lead(2, "New", {"1": 30 * DAY})]
    trial.write("leads", [translated(row) for row in rows])
    trial.run()
    assert trial.stages()[:2] == [("1", "01-01 00:00", "New"), ("1", "01-11 00:00", "Qualified")]
    assert not any("Statuszeit" in row for row in trial.rows("leads"))


def test_return_to_the_present_stage_is_told_apart(trial: Trial) -> None:
    spent = {"1": 15 * DAY, "2": 15 * DAY}  # 5 days new, 15 qualified, 10 new again
    back = lead(1, "New", spent, **{"Last Stage Update": "2026-01-21 00:00:00"})
    assert imported(trial, back) == [
        ("1", "01-01 00:00", "New"), ("1", "01-06 00:00", "Qualified"), ("1", "01-21 00:00", "New"),
    ]  # fmt: skip


def test_last_stage_begins_with_its_last_visit(trial: Trial) -> None:
    spent = {"1": 10 * DAY, "2": 20 * DAY}  # qualified from the 11th to the 13th, and again from the 21st
    back = lead(1, "Qualified", spent, **{"Last Stage Update": "2026-01-21 00:00:00"})
    assert imported(trial, back)[-1] == ("1", "01-21 00:00", "Qualified")


@pytest.mark.parametrize("spent", ["", "{}", "{1", '{"1": "x"}', '["1"]', '{"7": 5}'])
def test_cell_without_a_path_to_the_present_stage_is_no_history(trial: Trial, spent: str) -> None:
    assert imported(trial, lead(1, "Offer", spent, **{"Last Stage Update": "2026-01-21 00:00:00"})) == [
        ("1", "01-21 00:00", "Offer")
    ]


def test_lead_whose_times_contradict_each_other_is_counted(trial: Trial) -> None:
    rows = [lead(1, "Offer", {"3": DAY}, **{"Last Stage Update": "2025-12-01 00:00:00"})]
    trial.write("leads", [*rows, lead(90, "New", {"1": DAY}), lead(91, "Qualified", {"1": DAY, "2": DAY})])
    notes = trial.run().record["notes"]
    assert "1 leads whose time by stage contradicts their present stage are without a history." in notes


def test_won_stage_is_the_win_at_its_time(trial: Trial) -> None:
    won = lead(1, "Won", {"1": 10 * DAY, "4": 20 * DAY}, Probability="100")
    assert imported(trial, won) == [("1", "01-01 00:00", "New")]
    assert trial.outcomes() == [("1", "won", "01-11 00:00", None)]
