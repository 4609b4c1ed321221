"""The notebook of docs/reference/python.md runs from end to end and prints what the page shows."""

import ast
import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pandas
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "python.md"
CELL = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.S)

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def run_cell(code: str, names: dict[str, Any]) -> str:
    """What a notebook shows below a cell: what it prints, then the value of its last expression."""
    body = ast.parse(code).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(ast.Module(body, []), str(PAGE), "exec"), names)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), str(PAGE), "eval"), names)
    shown = "" if value is None else f"{value!r}\n"
    return re.sub(r" +$", "", printed.getvalue() + shown, flags=re.M)


def shown_page(text: str) -> str:
    """The page with the output that its cells have now."""
    names: dict[str, Any] = {}

    def cell_with_output(cell: re.Match[str]) -> str:
        return f"```python\n{cell[1]}```\n\n```text\n{run_cell(cell[1], names)}```"

    with pandas.option_context("display.width", 110, "display.max_columns", 20):
        return CELL.sub(cell_with_output, text)


def figures(text: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(text)]


def layout(text: str) -> str:
    return " ".join(NUMBER.sub("0", text).split())


def test_notebook_prints_what_the_page_shows(
    home: Path, crm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crm").symlink_to(crm)
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("```python") == len(CELL.findall(text)) > 5
    printed = shown_page(text)
    assert layout(printed) == layout(text)
    # Trees differ in the last digits between processors and versions of LightGBM.
    assert figures(printed) == pytest.approx(figures(text), rel=0.05, abs=0.05)
