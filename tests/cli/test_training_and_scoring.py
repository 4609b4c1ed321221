"""`train`, `models` and `score`, end to end on a small simulated CRM."""

import csv
import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from cli.main import leadcast
from history.read import read_folder
from history.snapshot import open_leads
from models.pointer import load_champion, read_pointer
from models.scorer import score
from models.scores import COLUMNS
from training.registry.registry import Registry

METRICS = {"auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "wins_error", "revenue_error", "gini"}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(leadcast, [str(a) for a in arguments], catch_exceptions=False)


def answer(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def trained(trained_home: Path) -> dict[str, Any]:
    found = json.loads((trained_home / "train.json").read_text())
    assert isinstance(found, dict)
    return found


def test_train_answers_with_the_contracts_keys(trained: dict[str, Any]) -> None:
    assert set(trained) == {
        "model_version", "run_id", "promoted", "decision", "signal", "warnings", "metrics", "baselines",
        "n_leads", "n_snapshots",
    }  # fmt: skip
    assert (trained["model_version"], trained["promoted"]) == ("1", True)
    assert trained["decision"]
    assert set(trained["metrics"]) == METRICS
    assert all(set(values) == METRICS for values in trained["baselines"].values())
    assert trained["n_leads"] <= 400 < trained["n_snapshots"]


def test_a_run_keeps_numbers_plots_audit_and_bundle(champion_home: Path, trained: dict[str, Any]) -> None:
    (version,) = Registry(champion_home).versions()
    assert version.aliases == ("champion",)
    assert version.metrics["auc"] == pytest.approx(trained["metrics"]["auc"])
    assert version.metrics["stage_table/log_loss"] == pytest.approx(
        trained["baselines"]["stage_table"]["log_loss"]
    )
    assert {"data_sha256", "as_of", "rows_leads", "n_leads", "n_snapshots", "horizon_days"} <= set(
        version.params
    )
    kept = {p.name for p in (champion_home / "artifacts" / trained["run_id"] / "artifacts").rglob("*")}
    assert {"reliability.png", "lift_and_capture.png", "amount_by_decile.png", "contributions.png"} <= kept
    assert {"audit.json", "evaluation.json", "funnel.json", "bundle", "manifest.json"} <= kept


def test_state_is_the_owners_alone(champion_home: Path) -> None:
    trees = [champion_home / "artifacts", champion_home / "bundles"]
    open_to_others = [p for t in trees for p in t.rglob("*") if stat.S_IMODE(p.stat().st_mode) & 0o077]
    assert not open_to_others


def test_a_score_file_holds_what_the_scorer_gave_to_the_last_bit(
    champion_home: Path, crm: Path, tmp_path: Path
) -> None:
    pointer = read_pointer(champion_home)
    assert pointer is not None
    history = read_folder(crm)
    expected = score(load_champion(pointer), open_leads(history, history.as_of_us)).columns()
    for name in ("scores.csv", "scores.parquet"):
        said = answer("score", crm, "--output", tmp_path / name)
        assert said["leads"] == len(expected["lead_id"])
        assert said["expected_wins"] == pytest.approx(sum(expected["probability"]))
    assert pq.read_table(tmp_path / "scores.parquet").to_pydict() == expected
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [float(r["probability"]) for r in rows] == expected["probability"]
    assert [json.loads(r["reasons"]) for r in rows] == [json.loads(r) for r in expected["reasons"]]
    assert [r["expected_amount"] for r in rows if not r["expected_amount"]] == [
        "" for a in expected["expected_amount"] if a is None
    ]


def test_reasons_as_many_as_asked_for(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    counts = {}
    for asked in ("0", "2", "all"):
        run("score", crm, "--reasons", asked, "--output", tmp_path / "scores.parquet")
        reasons = pq.read_table(tmp_path / "scores.parquet").column("reasons").to_pylist()
        counts[asked] = max(len(json.loads(r)) for r in reasons)
    assert (counts["0"], counts["2"]) == (0, 2)
    assert counts["all"] > 20


def test_ids_that_look_like_formulas_stay_themselves(champion_home: Path, tmp_path: Path) -> None:
    ids = ["=1+1", "+49", "-x", "@a", 'a"b', "a,b", "007", "Zürich"]
    data = tmp_path / "data"
    data.mkdir()
    with open(data / "leads.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("lead_id", "created_at"), *((i, "2026-05-01") for i in ids)])
    run("score", data, "--output", tmp_path / "scores.csv")
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        assert [row["lead_id"] for row in csv.DictReader(file)] == ids


def test_a_funnel_that_says_otherwise_is_told_and_the_models_used(
    champion_home: Path, crm: Path, tmp_path: Path
) -> None:
    other = tmp_path / "crm"
    shutil.copytree(crm, other)
    text = (other / "funnel.toml").read_text().replace("horizon_days = 90", "horizon_days = 30")
    (other / "funnel.toml").write_text(text)
    same = answer("score", crm, "--output", tmp_path / "same.csv")
    told = answer("score", other, "--output", tmp_path / "other.csv")
    differs = [w for w in told["warnings"] if w["code"] == "config_differs"]
    assert [w["subject"] for w in differs] == ["horizon_days"]
    assert "30" in differs[0]["detail"]
    assert not [w for w in same["warnings"] if w["code"] == "config_differs"]
    assert (tmp_path / "same.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()


def test_scoring_before_the_models_own_time_is_told(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    told = answer("score", crm, "--as-of", "2026-02-01", "--output", tmp_path / "scores.csv")
    assert "scored_in_sample" in {w["code"] for w in told["warnings"]}


@pytest.mark.parametrize("name", ["scores.txt", "nowhere/scores.csv"])
def test_an_output_that_cannot_be_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    assert run("score", tmp_path / "nothing", "--output", tmp_path / name).exit_code == 2


def test_a_home_without_a_model_says_what_to_do(home: Path, crm: Path, tmp_path: Path) -> None:
    result = run("score", crm, "--output", tmp_path / "scores.csv")
    assert result.exit_code == 1
    assert "leadcast train" in result.stderr
    assert not (tmp_path / "scores.csv").exists()


def test_versions_are_listed_shown_promoted_and_rolled_back(
    champion_home: Path, crm: Path, tmp_path: Path
) -> None:
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


def test_the_same_data_and_seed_give_the_same_model_whatever_lies_after_t(
    home: Path, crm: Path, tmp_path: Path
) -> None:
    """Rows after T are cut off the tables of the second folder; scores at T are the same to the byte."""
    early = tmp_path / "early"
    shutil.copytree(crm, early)
    at = {"leads": 1, "interactions": 2, "stages": 2, "outcomes": 2, "attribute_changes": 4}
    for table, column in at.items():
        with open(crm / f"{table}.csv", newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        with open(early / f"{table}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *(r for r in rows if r[column] and r[column] < "2026-05-01")])
    files = []
    for data in (crm, early):
        answer("train", data, "--trials", 0, "--as-of", "2026-05-01", "--promote", "always")
        files.append(tmp_path / f"{data.name}.parquet")
        answer("score", data, "--as-of", "2026-05-01", "--output", files[-1])
    whole, cut = (pq.read_table(f).drop_columns("model_version") for f in files)
    assert whole.equals(cut)
    newest, older = Registry(home).versions()
    assert newest.params["data_sha256"] == older.params["data_sha256"]


def test_a_training_that_cannot_be_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "leads.csv").write_text("lead_id,created_at\n1,2026-01-01\n")
    result = run("train", data, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert Registry(home).versions() == []
    assert not (home / "champion.json").exists()
