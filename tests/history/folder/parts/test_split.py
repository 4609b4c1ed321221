"""A folder split into parts on disk: every row in one part, with its lead's."""

from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from history.base.progress import no_progress
from history.folder.parts.split import NeedsWhole, SplitFolder, split_folder
from history.read import read_folder


def split(folder: Path, target: Path, n_parts: int = 3) -> SplitFolder:
    return split_folder(folder, None, n_parts, target, no_progress)


def test_every_row_is_in_the_part_of_its_lead(crm: Path, tmp_path: Path) -> None:
    folder = split(crm, tmp_path)
    part_of: dict[str, int] = {}
    rows: dict[str, list[int]] = {}
    for number in range(folder.n_parts):
        for name, table in folder.part(number).items():
            rows.setdefault(name, []).extend(int(row) for row in table.row_numbers)
            for i in range(len(table)):
                if name != "costs":
                    assert part_of.setdefault(table.cell("lead_id", i), number) == number
    for name, numbers in rows.items():
        lines = (crm / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert sorted(numbers) == list(range(2, len(lines) + 1)), name
    assert folder.row_count == sum(map(len, rows.values()))


def test_problems_are_those_of_reading_at_once(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at,created_at\na,2025-01-01,x\n")
    (tmp_path / "stages.csv").write_bytes(b"PAR1")
    (tmp_path / "outcomes.csv").write_text("id,outcome\n")
    (tmp_path / "funnel.toml").write_text("[funnel]\nhorizon_days = -3\n")
    with pytest.raises(InvalidInput) as whole:
        read_folder(tmp_path)
    with pytest.raises(InvalidInput) as parts:
        split(tmp_path, tmp_path)
    assert parts.value.problems == whole.value.problems
    assert len(whole.value.problems) == 4


def test_encodings_are_found_as_at_once(tmp_path: Path) -> None:
    text = "lead_id,created_at,city\na,2025-01-01,Köln\nb,2025-01-02,Zürich\n"
    (tmp_path / "leads.csv").write_bytes(text.encode("cp1252"))
    parts = split(tmp_path, tmp_path, 2)
    cities = {
        table.cell("city", i) for n in (0, 1) for table in parts.part(n).values() for i in range(len(table))
    }
    assert cities == {"Köln", "Zürich"}
    assert parts.part(0)["leads"].encoding != "UTF-8"


def test_cells_of_several_leads_cannot_be_split(crm: Path, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at\na,2025-01-01\nb,2025-01-01\n")
    (tmp_path / "stages.csv").write_text('lead_id,entered_at,stage\n"a;b",2025-01-01,new\n')
    with pytest.raises(NeedsWhole, match="lead_id of stages lists several leads in one cell"):
        split(tmp_path, tmp_path)
