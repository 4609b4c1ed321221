"""The command: the contract's columns, one JSON object, a page, and messages that say what to do."""

import csv
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import leadcast
from funnel.forecast.report.explain import PARTS
from funnel.forecast.report.figures import forecast_figures
from funnel.forecast.report.table import COLUMNS


def run(*arguments: object) -> Result:
    return CliRunner().invoke(leadcast, ["forecast", *(str(a) for a in arguments)], catch_exceptions=False)


def test_file_has_its_columns_and_equals_the_json(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "f.csv", tmp_path / "f.html"
    done = run(crm, "--output", out, "--json", "--explain", "--report", page)
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout)
    with out.open() as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == [name for name in COLUMNS if name != "group"]
    assert [r["period_start"] for r in table] == [r["period_start"] for r in result["periods"]]
    assert float(table[1]["wins_expected"]) == result["periods"][1]["wins_expected"]
    assert result["explain"]["changes"]["wins"]["now"] > 0
    assert "plotly" in page.read_text().lower()


def test_by_gives_a_row_for_each_period_and_group(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    out = tmp_path / "f.parquet"
    done = run(crm, "--period", "week", "--periods", 2, "--by", "owner", "--output", out, "--json")
    assert done.exit_code == 0, done.stderr
    groups = {row["group"] for row in json.loads(done.stdout)["periods"]}
    assert len(groups) > 1
    assert out.exists()


def test_unknown_column_lists_the_known_ones(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    done = run(crm, "--by", "colour", "--output", tmp_path / "f.csv")
    assert done.exit_code == 1
    assert "owner" in done.stderr
    assert not (tmp_path / "f.csv").exists()


def test_home_without_a_model_says_to_train(home: Path, crm: Path, tmp_path: Path) -> None:
    done = run(crm, "--output", tmp_path / "f.csv")
    assert done.exit_code == 1
    assert "train" in done.stderr


def test_changes_are_printed_and_drawn_and_add_up(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    page = tmp_path / "f.html"
    done = run(crm, "--output", tmp_path / "f.csv", "--json", "--explain", "--report", page)
    result = json.loads(done.stdout)
    changes = result["explain"]["changes"]
    for what in ("wins", "revenue"):
        parts = [changes[what][name] for name in PARTS]
        assert changes[what]["then"] + sum(parts) == pytest.approx(changes[what]["now"])
        drawn = forecast_figures(result)[f"{what}_changes"].data[0]
        assert list(drawn.y) == [changes[what]["then"], *parts, changes[what]["now"]]
        assert f'id="figure-{what}_changes"' in page.read_text()
    lines = done.stderr[done.stderr.index("changes since") :].splitlines()
    assert [line.split()[0] for line in lines[2:13]] == ["then", *PARTS, "now"]
    assert not re.search(r"<(script|link|img)[^>]*(src|href)\s*=", page.read_text())
