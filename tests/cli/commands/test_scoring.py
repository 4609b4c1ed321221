"""`leadcast score`: the score file, its reasons and its warnings."""

import csv
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cli.commands.scoring import MOST_DRIFTS, with_fewer_drifts
from features.attributes.entries import text_at
from history.base.warnings import Warning
from history.read import read_folder
from history.snapshot import open_leads
from models.home.pointer import load_champion, read_pointer
from models.scorer import score
from models.scores.presentation import present
from models.scores.scores import COLUMNS
from tests.builders.command import answer, run


def test_score_file_equals_the_scorer_to_the_last_bit(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    pointer = read_pointer(champion_home)
    assert pointer is not None
    history = read_folder(crm)
    snapshot = open_leads(history, history.as_of_us)
    expected = present(score(load_champion(pointer), snapshot), snapshot).scores.columns()
    for name in ("scores.csv", "scores.parquet"):
        output = answer("score", crm, "--output", tmp_path / name)
        assert output["leads"] == len(expected["lead_id"])
        assert output["expected_wins"] == pytest.approx(sum(expected["probability"]))
    assert pq.read_table(tmp_path / "scores.parquet").to_pydict() == expected
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [float(r["probability"]) for r in rows] == expected["probability"]
    assert [json.loads(r["reasons"]) for r in rows] == [json.loads(r) for r in expected["reasons"]]
    assert [r["expected_amount"] for r in rows if not r["expected_amount"]] == [
        "" for a in expected["expected_amount"] if a is None
    ]


def test_best_leads_are_printed_with_name_and_reason(champion_home: Path, crm: Path) -> None:
    result = run("score", crm, "--top", "3", "--json")
    best = json.loads(result.stdout)["top"]
    assert [lead["rank"] for lead in best] == [1, 2, 3]
    assert best[0]["expected_revenue"] >= best[1]["expected_revenue"]
    assert all(lead["lead_id"] in result.stderr and lead["reason"] in result.stderr for lead in best)
    assert "Next: leadcast forecast" in result.stderr


def test_columns_of_leads_are_added_to_the_file(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    history = read_folder(crm)
    run("score", crm, "--columns", "owner,source", "--output", tmp_path / "scores.parquet")
    rows = pq.read_table(tmp_path / "scores.parquet").to_pylist()
    snapshot = open_leads(history, history.as_of_us)
    owners = text_at(history, "owner", snapshot.lead, snapshot.as_of_us)
    by_lead = {history.lead_ids[lead]: owners.text(i) for i, lead in enumerate(snapshot.lead.tolist())}
    assert {row["lead_id"]: row["owner"] for row in rows} == by_lead
    refusal = run("score", crm, "--columns", "ownr", "--output", tmp_path / "no.csv")
    assert refusal.exit_code == 2
    assert "did you mean owner?" in refusal.stderr


@pytest.mark.long
def test_score_file_does_not_depend_on_the_engine(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    alone = answer("score", crm, "--output", tmp_path / "scores.csv")
    file = (tmp_path / "scores.csv").read_bytes()
    by_two = answer("score", crm, "--engine", "processes:2", "--output", tmp_path / "scores.csv")
    assert by_two == alone
    assert (tmp_path / "scores.csv").read_bytes() == file


def test_unknown_engine_is_wrong_usage(crm: Path, tmp_path: Path) -> None:
    for command in (("score", crm, "--output", tmp_path / "scores.csv"), ("train", crm), ("backtest", crm)):
        refusal = run(*command, "--engine", "ray://here")
        assert refusal.exit_code == 2
        assert "expected processes" in refusal.stderr


def test_neither_file_nor_list_is_wrong_usage(champion_home: Path, crm: Path) -> None:
    refusal = run("score", crm)
    assert refusal.exit_code == 2
    assert "--output FILE, --top N" in refusal.stderr


def test_number_of_reasons_is_as_asked(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    counts = {}
    for asked in ("0", "2", "all"):
        run("score", crm, "--reasons", asked, "--output", tmp_path / "scores.parquet")
        reasons = pq.read_table(tmp_path / "scores.parquet").column("reasons").to_pylist()
        counts[asked] = max(len(json.loads(r)) for r in reasons)
    assert (counts["0"], counts["2"]) == (0, 2)
    assert counts["all"] > 20


def test_ids_that_look_like_formulas_are_unchanged(champion_home: Path, tmp_path: Path) -> None:
    ids = ["=1+1", "+49", "-x", "@a", 'a"b', "a,b", "007", "Zürich"]
    data = tmp_path / "data"
    data.mkdir()
    with open(data / "leads.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("lead_id", "created_at"), *((i, "2026-05-01") for i in ids)])
    run("score", data, "--output", tmp_path / "scores.csv")
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        assert [row["lead_id"] for row in csv.DictReader(file)] == ids


def test_model_overrules_a_differing_funnel_toml(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    other = tmp_path / "crm"
    shutil.copytree(crm, other)
    text = (other / "funnel.toml").read_text().replace("horizon_days = 90", "horizon_days = 30")
    (other / "funnel.toml").write_text(text)
    same = answer("score", crm, "--output", tmp_path / "same.csv")
    output = answer("score", other, "--output", tmp_path / "other.csv")
    differs = [w for w in output["warnings"] if w["code"] == "config_differs"]
    assert [w["subject"] for w in differs] == ["horizon_days"]
    assert "30" in differs[0]["detail"]
    assert not [w for w in same["warnings"] if w["code"] == "config_differs"]
    assert (tmp_path / "same.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()


def test_scoring_before_the_models_date_warns(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    output = answer("score", crm, "--as-of", "2026-02-01", "--output", tmp_path / "scores.csv")
    assert "scored_in_sample" in {w["code"] for w in output["warnings"]}


@pytest.mark.parametrize("name", ["scores.txt", "nowhere/scores.csv"])
def test_impossible_output_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    assert run("score", tmp_path / "nothing", "--output", tmp_path / name).exit_code == 2


def test_home_without_a_model_says_what_to_do(home: Path, crm: Path, tmp_path: Path) -> None:
    result = run("score", crm, "--output", tmp_path / "scores.csv")
    assert result.exit_code == 1
    assert "leadcast train" in result.stderr
    assert not (tmp_path / "scores.csv").exists()


def _drifts(count: int) -> list[Warning]:
    return [Warning("drift", f"f{i}", "differs") for i in range(count)]


def test_many_drifts_become_a_few_and_a_count() -> None:
    other = Warning("old_model", "", "trained long ago")
    shown = with_fewer_drifts([*_drifts(MOST_DRIFTS + 7), other])
    assert shown[0] == other
    assert [w.subject for w in shown[1:]] == [f"f{i}" for i in range(MOST_DRIFTS)] + [""]
    assert shown[-1].detail.startswith("7 more")


def test_few_drifts_are_all_listed() -> None:
    assert with_fewer_drifts(_drifts(MOST_DRIFTS)) == _drifts(MOST_DRIFTS)


@pytest.mark.parametrize(
    ("command", "figure"), [("score", "wins"), ("forecast", "wins"), ("funnel", "win rate")]
)
def test_what_the_data_lack_is_named_before_any_number(
    champion_home: Path, crm: Path, tmp_path: Path, command: str, figure: str
) -> None:
    """Without the table of stages, and with a column under another name."""
    data = tmp_path / "data"
    shutil.copytree(crm, data, ignore=shutil.ignore_patterns("stages.csv*", "truth"))
    leads = data / "leads.csv"
    header, rows = leads.read_text(encoding="utf-8").split("\n", 1)
    leads.write_text(header.replace("seats", "Number of seats") + "\n" + rows, encoding="utf-8")

    result = run(command, data, "--output", tmp_path / "out.csv", "--json")
    warnings = json.loads(result.stdout)["warnings"]
    details = {w["subject"]: w["detail"] for w in warnings if w["code"] == "missing_input"}
    assert details.keys() == {"stages", "seats"}
    assert 'seats = "Number of seats"' in details["seats"]
    assert result.stderr.index("missing_input stages") < result.stderr.index(figure)
