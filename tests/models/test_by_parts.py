"""Scores by parts of the leads equal those of the whole, bit by bit, warnings and reasons included."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.history import History
from history.read import read_folder
from history.snapshot import Snapshot, all_leads, open_leads
from models.bundle import Bundle
from models.by_parts import score_on
from models.scorer import score
from models.scores.scores import Scores
from tests.builders.engines.part_engine import COUNTS, PartEngine


def check_equal(one: Scores, other: Scores) -> None:
    assert repr(one.columns()) == repr(other.columns())
    assert one.warnings == other.warnings
    for name in ("probability", "score", "expected_amount", "baseline_probability", "as_of_us", "status"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


@pytest.mark.parametrize("parts", COUNTS)
def test_scores_of_a_simulated_crm(bundle: Bundle, history: History, parts: int) -> None:
    everyone = all_leads(history, history.as_of_us)
    check_equal(score_on(PartEngine(parts), bundle, everyone), score(bundle, everyone))


@pytest.mark.parametrize("parts", COUNTS)
def test_scores_of_merged_deleted_and_moved_leads(
    bundle: Bundle, crm: Path, tmp_path: Path, parts: int
) -> None:
    folder = changed_crm(crm, tmp_path / "changed")
    history = replace(read_folder(folder), config=bundle.config)
    snapshot = open_leads(history, history.as_of_us)
    whole = score(bundle, snapshot, None)
    assert {warning.code for warnings in whole.warnings for warning in warnings} >= {"unseen_category"}
    check_equal(score_on(PartEngine(parts), bundle, snapshot, None), whole)


def test_one_process_scores_many_leads_by_parts(
    bundle: Bundle, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone = all_leads(history, history.as_of_us)
    whole = score(bundle, everyone)
    monkeypatch.setattr("models.by_parts.LEADS_AT_ONCE", 97)
    check_equal(score_on(None, bundle, everyone), whole)


def test_no_leads_give_no_scores(bundle: Bundle, history: History) -> None:
    nobody = Snapshot(history, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert len(score_on(PartEngine(7), bundle, nobody)) == 0


def changed_crm(crm: Path, folder: Path) -> Path:
    """The CRM after merges and deletions, with changes of account and spellings of a country that nobody had."""
    shutil.copytree(crm, folder)
    ids = [row["lead_id"] for row in read(folder / "leads.csv")]
    outcomes = [{**row, "merged_into": ""} for row in read(folder / "outcomes.csv")]
    blank = dict.fromkeys(outcomes[0], "")
    outcomes += [
        {**blank, "lead_id": ids[i], "outcome": "gone", "merged_into": ids[i + 1]} for i in (3, 60, 200)
    ]
    outcomes += [{**blank, "lead_id": ids[i], "outcome": "deleted"} for i in (9, 90, 290)]
    write(folder / "outcomes.csv", outcomes)
    changes = read(folder / "attribute_changes.csv")
    last = max(row["changed_at"] for row in changes)
    blank = {**dict.fromkeys(changes[0], ""), "changed_at": last}
    for i in range(100, 400):
        country = ("Atlantis", "atlantis ", "ATLANTIS")[i % 3]
        changes.append({**blank, "lead_id": ids[i], "attribute": "country", "value": country})
        changes.append({**blank, "lead_id": ids[i], "attribute": "account_id", "value": ids[i // 7]})
    write(folder / "attribute_changes.csv", changes)
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
