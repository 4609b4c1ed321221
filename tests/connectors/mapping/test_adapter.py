"""Any other system by a mapping file: forms, spreadsheets and home-made CRMs."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from connectors.reading.options import ReadOptions
from connectors.run import Imported, run_import
from history.base.errors import InvalidInput

NOW_US = 1_790_000_000_000_000

FORM = """
[funnel]
name = "Forms"
currency = "EUR"

[[leads]]
file = "answers.json"
lead_id = "token"
created_at = "submitted_at"
source = { constant = "form" }
company_size = "answers.size"
email = "answers.email"

[[interactions]]
file = "answers.json"
lead_id = "token"
occurred_at = "submitted_at"
kind = { constant = "form_submit" }

[attributes]
identity = ["email"]
"""
SHEET = """
[formats]
datetime = "%d/%m/%Y"
decimal = ","

[[leads]]
file = "deals*.csv"
lead_id = "Nr"
created_at = "Angelegt"
owner = "Wer"
other_columns = true

[[interactions]]
file = "deals*.csv"
lead_id = "Nr"
occurred_at = "Angelegt"
kind = { column = "Kanal", split = ";", words = { call = ["Telefon", "Anruf"], email = "Mail" } }

[[outcomes]]
file = "deals*.csv"
lead_id = "Nr"
outcome = { column = "Status", words = { won = ["Auftrag"], lost = ["abgesagt"], open = ["offen"] } }
closed_at = "Ende"
amount = "Summe"
"""
ROWS = (
    "Nr;Angelegt;Wer;Kanal;Status;Ende;Summe;Branche;Ende2\n"
    "1;02/03/2026;Ada;Telefon; ;;;Bau;\n"
    '2;03/03/2026;Ben;"Anruf; Mail";Auftrag;05/04/2026;1.234,50 €;Handel;\n'
    "3;04/03/2026;Ada;Mail;Abgesagt;06/04/2026;;Bau;\n"
    ";05/03/2026;Ada;Mail;offen;;;Bau;\n"
)


class Trial:
    """Imports files by a mapping, and reads the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.source = folder, folder / "source"
        self.source.mkdir()

    def run(self, mapping: str) -> Imported:
        path = self.folder / "map.toml"
        path.write_text(mapping, encoding="utf-8")
        options = ReadOptions(NOW_US, ZoneInfo("UTC"))
        return run_import("mapping", [self.source], self.folder / "crm", options, lambda _t, _s: None, path)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [dict(row) for row in pq.read_table(self.folder / "crm" / f"{table}.parquet").to_pylist()]


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path)


def test_form_answers_become_leads(trial: Trial) -> None:
    answers = [{"field": {"ref": "size"}, "type": "choice", "choice": {"label": "10-50"}},
               {"field": {"ref": "email"}, "type": "email", "email": "a@x.example"}]  # fmt: skip
    page = {
        "total_items": 1,
        "items": [{"token": "t1", "submitted_at": "2026-03-01T10:00:00Z", "answers": answers}],
    }
    (trial.source / "answers.json").write_text(json.dumps(page))
    record = trial.run(FORM).record
    (lead,) = trial.rows("leads")
    assert (lead["lead_id"], lead["source"], lead["company_size"], lead["email"]) == (
        "t1",
        "form",
        "10-50",
        "a@x.example",
    )
    assert [row["kind"] for row in trial.rows("interactions")] == ["form_submit"]
    assert record["system"] == "mapping"
    assert "email" in (trial.folder / "crm" / "funnel.toml").read_text()


def test_spreadsheet_with_its_own_words_comes_in(trial: Trial) -> None:
    (trial.source / "deals 2026.csv").write_text(ROWS, encoding="utf-8")
    record = trial.run(SHEET).record
    assert [(r["lead_id"], r["owner"], r["Branche"]) for r in trial.rows("leads")] == [
        ("1", "Ada", "Bau"), ("2", "Ben", "Handel"), ("3", "Ada", "Bau"),
    ]  # fmt: skip
    assert [(r["lead_id"], r["kind"]) for r in trial.rows("interactions")] == [
        ("1", "call"), ("2", "call"), ("2", "email"), ("3", "email"),
    ]  # fmt: skip
    outcomes = trial.rows("outcomes")
    assert [(r["lead_id"], r["outcome"], r["amount"]) for r in outcomes] == [
        ("2", "won", 1234.5),
        ("3", "lost", None),
    ]
    assert [r["closed_at"].strftime("%m-%d %H:%M") for r in outcomes] == ["04-05 23:59", "04-06 23:59"]
    for source in record["sources"]:
        assert (
            source["rows_read"]
            == source["rows_used"] + sum(e["count"] for e in source["set_aside"].values())
            == 4
        )
    assert record["sources"][0]["set_aside"] == {
        "empty_id": {"count": 1, "first": "source/deals 2026.csv, row 5: empty_id"}
    }


def test_columns_of_the_outcomes_are_no_attributes(trial: Trial) -> None:
    """`other_columns` took the status, the closing date and the amount for attributes."""
    (trial.source / "deals 2026.csv").write_bytes(ROWS.encode("cp1252"))
    record = trial.run('[funnel]\nname = "Neugeschäft"\n' + SHEET).record
    names = set(trial.rows("leads")[1])
    assert names == {"Branche", "Ende2", "Kanal", "created_at", "lead_id", "owner"}
    assert record["ignored"] == {"leads": ["Ende", "Status", "Summe"]}
    assert 'name = "Neugeschäft"' in (trial.folder / "crm" / "funnel.toml").read_text(encoding="utf-8")


def test_cells_of_outcomes_that_cannot_be_read_are_noted(trial: Trial) -> None:
    """An amount of TBD and a closing date of soon were missing without a word."""
    rows = ROWS.replace("05/04/2026;1.234,50 €", "soon;TBD").replace("06/04/2026;;", "06/04/2026;-5;")
    (trial.source / "deals 2026.csv").write_text(rows, encoding="utf-8")
    assert trial.run(SHEET).record["notes"] == [
        "1 times of closed_at cannot be read, such as 'soon': they count as missing.",
        "2 numbers of outcomes.amount cannot be read, such as 'TBD': they count as missing.",
    ]


def test_rounded_ids_of_leads_are_refused(trial: Trial) -> None:
    """Thousands of leads became one, and the others its duplicates."""
    rows = ROWS.replace("\n1;", "\n2.19E+10;").replace("\n2;", "\n2.19E+10;")
    (trial.source / "deals 2026.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"\[\[leads\]\]: 2 ids were rounded"):
        trial.run(SHEET)


def test_importing_a_mapping_twice_adds_no_row(trial: Trial) -> None:
    (trial.source / "deals.csv").write_text(ROWS, encoding="utf-8")
    trial.run(SHEET)
    assert sum(trial.run(SHEET).new_rows.values()) == 0


def test_unknown_outcome_words_are_listed_to_sort(trial: Trial) -> None:
    (trial.source / "deals.csv").write_text(ROWS.replace("Auftrag", "Jawoll"), encoding="utf-8")
    with pytest.raises(
        InvalidInput, match=r'"Jawoll".*words = \{ won = \[\], lost = \[\], open = \["Jawoll"\] \}'
    ):
        trial.run(SHEET)


def test_closing_words_among_stages_are_outcomes(trial: Trial) -> None:
    (trial.source / "moves.csv").write_text(
        "id,at,stage\n1,2026-01-01,New\n1,2026-02-01,Closed Won\n", encoding="utf-8"
    )
    trial.run(
        '[[leads]]\nlead_id = "id"\ncreated_at = "at"\n[[stages]]\nlead_id = "id"\nentered_at = "at"\nstage = "stage"\n'
    )
    assert [row["stage"] for row in trial.rows("stages")] == ["New"]
    assert [row["outcome"] for row in trial.rows("outcomes")] == ["won"]


def test_every_fault_of_a_mapping_is_listed(trial: Trial) -> None:
    (trial.source / "deals.csv").write_text(ROWS, encoding="utf-8")
    outcomes = '[[outcomes]]\nlead_id = "a"\noutcome = { column = "b", words = { wonn = "x" } }\n'
    with pytest.raises(InvalidInput) as refused:
        trial.run(f'[[interactions]]\nlead_id = 3\nknd = "x"\n[funel]\n{outcomes}')
    text = str(refused.value)
    for part in (
        "[funel]",
        "interactions.knd",
        "interactions.lead_id",
        "occurred_at",
        "wonn",
    ):
        assert part in text


def test_entry_without_a_file_names_the_columns_there_are(trial: Trial) -> None:
    (trial.source / "deals.csv").write_text(ROWS, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"columns Number.*deals\.csv has Nr, Angelegt"):
        trial.run('[[leads]]\nlead_id = "Number"\ncreated_at = "Angelegt"\n')
