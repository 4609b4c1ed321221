"""Scores of a folder that is split into parts on disk: the files, words and warnings of one that is read at once."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.builders.command import run
from tests.builders.worlds.faulted_crm import faulted_crm, read_rows


def scored(data: Path, folder: Path, *options: str) -> tuple[str, dict[str, Any], str]:
    """The score file, the JSON and the text for people, without what differs by way."""
    folder.mkdir()
    output = folder / "scores.csv"
    result = run("score", data, "--output", output, "--top", "5", "--json", "--accept-rejected", *options)
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    del answer["output"]
    lines = [line for line in result.stderr.splitlines() if "..." not in line and "at once" not in line]
    return output.read_text(), answer, "\n".join(lines).replace(str(output), "")


@pytest.mark.parametrize("parts", ["2", pytest.param("7", marks=pytest.mark.long)])
def test_parts_of_a_faulted_folder_are_scored_as_the_whole(
    champion_home: Path, crm: Path, tmp_path: Path, parts: str
) -> None:
    data = faulted_crm(crm, tmp_path / "crm")
    columns = ("--columns", "country,account_id")
    whole = scored(data, tmp_path / "whole", *columns)
    assert whole == scored(data, tmp_path / "parts", *columns, "--parts", parts)
    assert whole[1]["warnings"]
    assert not list(champion_home.glob("parts-*"))


def test_parquet_of_parts_has_the_same_content(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    for name, options in (("whole", ()), ("parts", ("--parts", "3"))):
        run("score", crm, "--reasons", "all", "--output", tmp_path / f"{name}.parquet", *options)
    assert pq.read_table(tmp_path / "parts.parquet").equals(pq.read_table(tmp_path / "whole.parquet"))


def test_a_folder_that_cannot_be_split_is_read_at_once(
    champion_home: Path, crm: Path, tmp_path: Path
) -> None:
    data = faulted_crm(crm, tmp_path / "crm")
    ids = [row["lead_id"] for row in read_rows(crm / "leads.csv")]
    with (data / "interactions.csv").open("a", encoding="utf-8") as file:
        file.write(f'"{ids[0]};{ids[1]}",2026-01-01,2026-01-01,both,call,phone,inbound,\n')
    result = run("score", data, "--parts", "2", "--top", "3", "--accept-rejected")
    assert (
        "is read at once, into memory, because lead_id of interactions lists several leads" in result.stderr
    )
    assert result.exit_code == 0
