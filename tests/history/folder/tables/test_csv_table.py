"""CSV tables as exports write them: quotes, blank lines, unnamed columns, compression."""

from pathlib import Path

from history.read import read_folder
from tests.builders.csv_folder import read
from tests.builders.leads.lead_records import plain, write_csv


def test_the_shapes_of_csv_that_exports_have(tmp_path: Path) -> None:
    leads = '\ufefflead_id,created_at,"no\nte",naïve,,Ort\r\n"0,1",2024-01-01,"two\r\nlines",01,z,北京\r\n'
    leads += '\r\nx,2024-01-02,"",NA,z,"""q"""\r\n'
    history = read(tmp_path, {"leads.csv": leads})
    assert list(history.lead_ids) == ["0,1", "x"]
    assert {name: [f.text(0), f.text(1)] for name, f in history.attributes.items()} == {
        "no\nte": ["two\r\nlines", None],
        "naïve": ["01", "NA"],
        "Ort": ["北京", '"q"'],
    }


def test_blank_lines_before_the_header_are_skipped(tmp_path: Path) -> None:
    history = read(tmp_path, {"leads.csv": "\ufeff\n\r\nlead_id,created_at\na,2024-01-01\nb,c,d\nc,soon\n"})
    assert list(history.lead_ids) == ["a"]
    assert history.reports["leads"].rows == 3
    assert [(r.rule, r.first[0]) for r in history.reports["leads"].rejected] == [
        ("ragged_row", "row 5: 3 values, the header has 2"),
        ("bad_time", "row 6: created_at 'soon'"),
    ]


def test_gzip_and_plain_files_are_one(tmp_path: Path) -> None:
    rows = [{"lead_id": "a", "created_at": "2024-01-01"}]
    (tmp_path / "gz").mkdir()
    (tmp_path / "csv").mkdir()
    write_csv(tmp_path / "gz", "leads", rows, ".csv.gz")
    write_csv(tmp_path / "csv", "leads", rows)
    assert plain(read_folder(tmp_path / "gz")) == plain(read_folder(tmp_path / "csv"))
