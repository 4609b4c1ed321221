"""The one way in: the folder and the record reader, each by its public name."""

from pathlib import Path

from history.folder.rules.row_filter import RejectedRow
from history.read import open_folder, read_folder
from history.text.times import parse_time
from tests.builders.csv_folder import LEADS
from tests.builders.leads.lead_records import plain


def test_folder_opened_at_an_instant_is_the_folder_read_there(crm: Path) -> None:
    as_of_us = read_folder(crm).as_of_us
    assert plain(open_folder(crm).at(as_of_us)) == plain(read_folder(crm, as_of_us=as_of_us))


def test_rejected_rows_are_appended_in_full(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(LEADS + "c,never,z\n")
    rejected: list[RejectedRow] = []
    history = read_folder(tmp_path, rejected=rejected)
    assert rejected == [RejectedRow("leads", 4, "bad_time", "c,never,z")]
    assert history.reports["leads"].rejected[0].count == 1


def test_now_bounds_the_times_accepted(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(LEADS + "c,2030-01-01,z\n")
    assert len(read_folder(tmp_path)) == 3
    now_us = parse_time("2024-06-01", read_folder(tmp_path).config.zone)
    assert list(read_folder(tmp_path, now_us=now_us).lead_ids) == ["a", "b"]
