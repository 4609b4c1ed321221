"""Scores saved part by part are ranked, spelled and written as those of all leads at once."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.base.table_file import TEXT, write_columns
from history.history import History
from history.snapshot import all_leads
from models.bundle import Bundle
from models.scorer import score
from models.scores.presentation import lead_names, present, written_texts
from models.scores.scores import COLUMN_KINDS, counted_warnings
from models.scores.scores_on_disk import RankedScores, save_scores


@pytest.mark.parametrize("at_once", [50, 1 << 17])
def test_parts_are_written_as_the_whole(
    bundle: Bundle, history: History, tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.scores.scores_on_disk.AT_ONCE", at_once)
    everyone = all_leads(history, history.as_of_us)
    whole = present(score(bundle, everyone), everyone, ["country"])
    write_columns(
        {**whole.scores.columns(), **whole.columns}, {**COLUMN_KINDS, "country": TEXT}, tmp_path / "whole.csv"
    )
    saved = []
    for number in range(3):
        rows = np.flatnonzero(np.arange(len(everyone)) % 3 == number)
        part = everyone.take(rows)
        named = replace(score(bundle, part), name=lead_names(part))
        texts = {"country": written_texts(part, "country")}
        saved.append(save_scores(named, rows, texts, tmp_path / f"{number}.arrow"))
    ranked_scores = RankedScores(saved)
    warnings = ranked_scores.write(tmp_path / "parts.csv")
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert warnings == counted_warnings(whole.scores.warnings) == ranked_scores.write(None)
    assert ranked_scores.probability.tobytes() == whole.scores.probability.tobytes()
    assert [row["rank"] for row in ranked_scores.first(4)] == [1, 2, 3, 4]


def test_no_open_lead_gives_a_header(bundle: Bundle, history: History, tmp_path: Path) -> None:
    nobody = all_leads(history, history.as_of_us).take(np.zeros(0, dtype=np.int64))
    saved = save_scores(score(bundle, nobody), np.zeros(0, dtype=np.int64), {}, tmp_path / "0.arrow")
    RankedScores([saved]).write(tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.reader(file)) == list(COLUMN_KINDS)
