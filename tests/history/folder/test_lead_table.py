"""Which leads are visible at an instant."""

from pathlib import Path

from history.read import read_folder
from history.snapshot import cut
from tests.builders.csv_folder import counts, read, us

NOW = "2024-06-01T00:00:00Z"


def test_a_lead_recorded_late_is_there_from_then_on(tmp_path: Path) -> None:
    leads = "lead_id,created_at,recorded_at\na,2024-01-01,2024-03-01\nb,2024-01-01,\n"
    history = read(tmp_path, {"leads.csv": leads})
    assert list(history.attributes) == []
    assert (
        list(cut(history, us("2024-02-01")).lead_ids)
        == ["b"]
        == list(read_folder(tmp_path, as_of_us=us("2024-02-01")).lead_ids)
    )


def test_the_first_visible_row_of_an_id_counts(tmp_path: Path) -> None:
    leads = "lead_id,created_at,recorded_at,plan\na,2024-01-01,2024-03-01,late\na,2024-01-02,,x\na,2024-01-03,,y\n"
    early = read(tmp_path, {"leads.csv": leads}, as_of_us=us("2024-02-01"))
    assert early.attributes["plan"].text(0) == "x"
    assert counts(early.reports["leads"]) == {"duplicate_lead": 1}
    late = read_folder(tmp_path, as_of_us=us("2024-04-01"))
    assert late.attributes["plan"].text(0) == "late"
    assert counts(late.reports["leads"]) == {"duplicate_lead": 2}
