"""The verdict of `check`: usable or not, the largest risk, the next command."""

from pathlib import Path

from cli.folder.checked import states_of
from cli.shown.verdict import BY_RISK, SCORING, TRAINING, verdict_of
from history.history import History
from history.read import read_folder
from tests.builders.command import run


def history_with(folder: Path, outcomes: str) -> History:
    (folder / "leads.csv").write_text("lead_id,created_at\n1,2026-01-01\n2,2026-01-02\n3,2026-01-03\n")
    (folder / "outcomes.csv").write_text(f"lead_id,outcome,closed_at\n{outcomes}")
    return read_folder(folder)


def test_decided_leads_are_counted_and_train_comes_next(tmp_path: Path) -> None:
    history = history_with(tmp_path, "1,won,2026-02-01\n2,lost,2026-02-02\n")
    verdict = verdict_of(states_of(history), [], tmp_path)
    assert verdict.usable == TRAINING
    assert verdict.counts.startswith("1 won, 1 lost, 1 open")
    assert verdict.to_dict()["leads"] == {"won": 1, "lost": 1, "open": 1}
    assert verdict.lines()[1:] == ["Largest risk: none found", f"Next: leadcast train {tmp_path}"]


def test_data_without_a_win_is_not_for_training(tmp_path: Path) -> None:
    verdict = verdict_of(states_of(history_with(tmp_path, "2,lost,2026-02-02\n")), [], tmp_path / "a b")
    assert verdict.usable == SCORING
    assert verdict.next_command == f"leadcast funnel '{tmp_path / 'a b'}'"


def test_risk_is_the_warning_that_changes_most(tmp_path: Path) -> None:
    history = history_with(tmp_path, "1,won,2026-02-01\n")
    codes = ["some_other_code", *reversed(BY_RISK)]
    warnings = [{"code": code, "subject": "s", "detail": "d"} for code in codes]
    verdict = verdict_of(states_of(history), warnings, tmp_path)
    assert verdict.risk is not None
    assert verdict.risk["code"] == BY_RISK[0]


def test_check_fixes_column_names_and_then_answers(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("Id,CreatedDate\n1,2026-01-02\n2,2026-01-03\n")
    refused = run("check", tmp_path)
    assert refused.exit_code == 1
    assert 'created_at = "CreatedDate"' in refused.stderr
    mended = run("check", tmp_path, "--fix")
    assert mended.exit_code == 0
    assert mended.stderr.splitlines()[-3].startswith("Usable: for the funnel only")
