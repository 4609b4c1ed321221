"""`leadcast train` on a small simulated CRM: its JSON, what a run holds, and nothing from after T."""

import csv
import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.builders.command import answer, run
from training.registry.registry import Registry

METRICS = {"auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "wins_error", "revenue_error", "gini"}


@pytest.fixture(scope="module")
def trained(trained_home: Path) -> dict[str, Any]:
    found = json.loads((trained_home / "train.json").read_text())
    assert isinstance(found, dict)
    return found


def test_json_has_the_keys_of_the_contract(trained: dict[str, Any]) -> None:
    assert set(trained) == {
        "model_version", "run_id", "promoted", "decision", "signal", "warnings", "metrics", "baselines",
        "n_leads", "n_snapshots",
    }  # fmt: skip
    assert (trained["model_version"], trained["promoted"]) == ("1", True)
    assert trained["decision"]
    assert set(trained["metrics"]) == METRICS
    assert all(set(values) == METRICS for values in trained["baselines"].values())
    assert trained["n_leads"] <= 400 < trained["n_snapshots"]


def test_run_has_metrics_plots_audit_and_bundle(champion_home: Path, trained: dict[str, Any]) -> None:
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


def test_state_is_readable_by_its_owner_only(champion_home: Path) -> None:
    trees = [champion_home / "artifacts", champion_home / "bundles"]
    open_to_others = [p for t in trees for p in t.rglob("*") if stat.S_IMODE(p.stat().st_mode) & 0o077]
    assert not open_to_others


@pytest.mark.long  # tests/training/test_train.py holds it for the function behind the command
def test_rows_after_t_change_nothing(home: Path, crm: Path, tmp_path: Path) -> None:
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


def test_training_that_fails_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "leads.csv").write_text("lead_id,created_at\n1,2026-01-01\n")
    result = run("train", data, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert Registry(home).versions() == []
    assert not (home / "champion.json").exists()
