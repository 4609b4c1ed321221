"""Columns planted to leak: listed, known from the outcome, and nothing else changes."""

import json
from pathlib import Path

import pandas as pd

from simulation.simulate import simulate
from tests.builders.worlds.simulated_tables import read


def test_planted_leaks_are_listed_and_leak(tmp_path: Path) -> None:
    simulate(tmp_path / "crm", leads=1500, seed=6, leak=True)
    listed = json.loads((tmp_path / "crm" / "truth" / "leaks.json").read_text())["leaks"]
    leads, outcomes = read(tmp_path / "crm", "leads"), read(tmp_path / "crm", "outcomes")
    assert {row["column"] for row in listed} <= set(leads.columns)
    assert len(listed) == 4
    state = leads["lead_id"].map(outcomes.groupby("lead_id")["outcome"].last()).fillna("open")
    assert set(state[leads["close_reason_code"] != ""]) == {"won", "lost"}
    assert set(leads["probability_percent"][state == "won"]) == {"100"}
    assert set(state[leads["contract_signed_on"] != ""]) == {"won"}
    tier = read(tmp_path / "crm", "attribute_changes").query("attribute == 'account_tier'")
    assert tier["recorded_at"].str[:10].nunique() == 1
    assert (tier["changed_at"] < tier["recorded_at"]).all()
    assert (leads["lead_id"].isin(tier["lead_id"]) & (state == "won")).sum() > 0.7 * len(tier)


def test_leaks_change_nothing_else(tmp_path: Path) -> None:
    simulate(tmp_path / "plain", leads=200, seed=8)
    simulate(tmp_path / "leaky", leads=200, seed=8, leak=True)
    plain, leaky = (read(tmp_path / name, "leads") for name in ("plain", "leaky"))
    pd.testing.assert_frame_equal(plain, leaky[plain.columns])
    for table in ("interactions", "stages", "outcomes", "truth/leads"):
        pd.testing.assert_frame_equal(read(tmp_path / "plain", table), read(tmp_path / "leaky", table))
