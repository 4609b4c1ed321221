"""`make demo`: its example is a lead of the simulated CRM, and it touches nobody's real state."""

import csv
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import demo
from cli.model_choice import model
from history.config.file import load_config
from history.text.times import parse_time
from serving.api.score_bodies import check_lead
from serving.model.scoring import score_leads

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def column(crm: Path, table: str, name: str) -> set[str]:
    with open(crm / f"{table}.csv", newline="", encoding="utf-8") as file:
        return {row[name] for row in csv.DictReader(file)}


def test_example_has_values_of_the_simulated_crm(crm: Path) -> None:
    lead: dict[str, Any] = demo.example_lead(NOW)
    with open(crm / "leads.csv", newline="", encoding="utf-8") as file:
        known = set(next(csv.reader(file)))
    assert set(lead["attributes"]) <= known
    for name in ("kind", "channel", "direction"):
        assert {touch[name] for touch in lead["interactions"]} <= column(crm, "interactions", name)
    assert {entry["stage"] for entry in lead["stages"]} <= set(load_config(crm).stages)
    assert lead["source"] in column(crm, "leads", "source")


def test_example_is_scored_without_unknown_stage(champion_home: Path) -> None:
    bundle = model("champion")
    as_of_us = parse_time(NOW.isoformat(), bundle.config.zone)
    (score,) = score_leads(bundle, [check_lead(demo.example_lead(NOW))], as_of_us, as_of_us, None)
    assert isinstance(score, dict)
    assert score["stage"] == "qualified"
    assert not [w for w in score["warnings"] if w["code"] == "unknown_stage"]


def test_used_port_is_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = CliRunner().invoke(demo.demo, ["--port", str(port)])
    assert refused.exit_code == 1
    assert f"port {port}" in refused.stderr
    assert "make demo PORT=" in refused.stderr
    assert not list(tmp_path.iterdir())


def test_environment_has_no_real_store_or_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADCAST_DATABASE_URL", "postgresql://real")
    monkeypatch.setenv("LEADCAST_API_KEYS", "secret")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://real")
    given = demo._environment()
    assert given["LEADCAST_HOME"] == str(demo.HOME)
    assert {name for name in given if name.startswith(("LEADCAST_", "MLFLOW_TRACKING"))} == {"LEADCAST_HOME"}
