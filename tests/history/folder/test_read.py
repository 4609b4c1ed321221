"""The folder door: what it accepts, what it sets aside and says, and that nothing after T leaves a trace."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.config import FunnelConfig, load_config
from history.errors import InvalidInput
from history.folder.row_filter import RejectedRow
from history.folder.rules import FLAGGED, REJECTED
from history.folder.wanted_columns import MOST_COLUMNS
from history.history import LOST, OPEN, WON, History, TableReport
from history.read import format_time, parse_time, read_folder
from history.row_warnings import row_warnings
from history.snapshot import cut, open_leads, state_at
from tests.builders.lead_records import DAY_US, START_US, lead_records, plain, table_rows, write_csv

LEADS = "lead_id,created_at,plan\na,2024-01-01,x\nb,2024-01-02T10:00:00+02:00,y\n"
NOW = "2024-06-01T00:00:00Z"


def us(text: str, folder: Path | None = None) -> int:
    return parse_time(text, load_config(folder or Path("/nowhere")).zone)


def read(folder: Path, files: Mapping[str, str | bytes], **options: Any) -> History:
    for name, content in {"leads.csv": LEADS, **files}.items():
        (folder / name).write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return read_folder(folder, **options)


def counts(report: TableReport, flagged: bool = False) -> dict[str, int]:
    return {broken.rule: broken.count for broken in (report.flagged if flagged else report.rejected)}


def problems(folder: Path, files: Mapping[str, str | bytes]) -> tuple[str, ...]:
    with pytest.raises(InvalidInput) as caught:
        read(folder, files)
    return caught.value.problems


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


def test_a_column_of_fifty_thousand_texts(tmp_path: Path) -> None:
    rows = "".join(f"{i},2024-01-01,тип {i}\n" for i in range(50_000))
    history = read(tmp_path, {"leads.csv": "lead_id,created_at,kind\n" + rows})
    assert [history.attributes["kind"].text(i) for i in (0, 49_999)] == ["тип 0", "тип 49999"]
    assert len(history.attributes["kind"].values) == 50_000


def test_zones_and_offsets(tmp_path: Path) -> None:
    history = read(tmp_path, {"funnel.toml": '[funnel]\ntimezone = "Europe/Berlin"'})
    assert [format_time(t) for t in history.created_us] == ["2023-12-31T23:00:00Z", "2024-01-02T08:00:00Z"]


def test_typed_parquet_columns_become_texts_and_times(tmp_path: Path) -> None:
    naive = pa.array([1_704_067_200_000_000_000, 1_704_067_200_000_000_000], pa.timestamp("ns"))
    columns = {
        "lead_id": pa.array([7, 8], pa.int64()),
        "created_at": naive,
        "size": pa.array([3.0, 2.5]),
        "paid": pa.array([True, None]),
        "price": pa.array([1, 2], pa.int64()).cast(pa.decimal128(25, 2)),
        "due": pa.array([19_723, None], pa.date32()),
        "at": naive.cast(pa.timestamp("us", "UTC")),
        "tier": pa.array(["x", ""]).dictionary_encode(),
    }
    (tmp_path / "funnel.toml").write_text('[funnel]\ntimezone = "Europe/Berlin"', encoding="utf-8")
    pq.write_table(pa.table(columns), tmp_path / "leads.parquet")
    history = read_folder(tmp_path)
    assert list(history.lead_ids) == ["7", "8"]
    assert format_time(history.created_us[0]) == "2023-12-31T23:00:00Z"
    assert {name: [f.text(0), f.text(1)] for name, f in history.attributes.items()} == {
        "size": ["3", "2.5"],
        "paid": ["true", None],
        "price": ["1", "2"],
        "due": ["2024-01-01", None],
        "at": ["2024-01-01T00:00:00Z"] * 2,
        "tier": ["x", None],
    }


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_parquet_times_beyond_python_are_rejected_and_shown(zone: str, tmp_path: Path) -> None:
    (tmp_path / "funnel.toml").write_text(f'[funnel]\ntimezone = "{zone}"')
    far = [-(10**17), np.iinfo(np.int64).max, 1_704_067_200_000_000]
    columns = {
        "lead_id": ["old", "infinity", "good"],
        "created_at": pa.array(far, pa.timestamp("us")),
        "due": pa.array([0, 0, -(10**6)], pa.int32()).cast(pa.date32()),
    }
    pq.write_table(pa.table(columns), tmp_path / "leads.parquet")
    history = read_folder(tmp_path)
    assert list(history.lead_ids) == ["good"]
    assert history.attributes["due"].text(0) == "-0768-02-04"
    assert {r.rule: r.first[0] for r in history.reports["leads"].rejected} == {
        "bad_time": f"row 2: created_at '<value out of range: {far[1]}>'",
        "time_before_1990": "row 1: created_at '-1199-02-15 14:13:20.000000'",
    }


def test_parquet_types_that_no_rule_can_read_are_listed(tmp_path: Path) -> None:
    columns = {"lead_id": pa.array(["a"]), "created_at": pa.array([1_700_000_000]), "tags": pa.array([["x"]])}
    pq.write_table(pa.table(columns), tmp_path / "leads.parquet")
    with pytest.raises(InvalidInput) as caught:
        read_folder(tmp_path)
    assert len(caught.value.problems) == 2
    columns |= {
        "created_at": pa.array(["2024-01-01"]),
        "tags": pa.nulls(1),
        "large": pa.array(["y"], pa.large_string()),
    }
    pq.write_table(pa.table(columns), tmp_path / "leads.parquet")
    attributes = read_folder(tmp_path).attributes
    assert (attributes["tags"].text(0), attributes["large"].text(0)) == (None, "y")


def test_gzip_and_plain_files_are_one(tmp_path: Path) -> None:
    rows = [{"lead_id": "a", "created_at": "2024-01-01"}]
    (tmp_path / "gz").mkdir()
    (tmp_path / "csv").mkdir()
    write_csv(tmp_path / "gz", "leads", rows, ".csv.gz")
    write_csv(tmp_path / "csv", "leads", rows)
    assert plain(read_folder(tmp_path / "gz")) == plain(read_folder(tmp_path / "csv"))


def test_columns_under_other_names(tmp_path: Path) -> None:
    toml = '[columns.leads]\nlead_id = "Id"\ncreated_at = "CreatedDate"\nowner = "OwnerName"\n'
    toml += '[columns.attribute_changes]\nvalue = "New"'
    files = {
        "funnel.toml": toml,
        "leads.csv": "Id,CreatedDate,OwnerName,lead_id\na,2024-01-01,ann,zzz\n",
        "attribute_changes.csv": "lead_id,changed_at,attribute,New\na,2024-01-02,OwnerName,bob\na,2024-01-02,owner,\n",
    }
    history = read(tmp_path, files)
    assert list(history.lead_ids) == ["a"]
    assert {name: f.text(0) for name, f in history.attributes.items()} == {"owner": "ann"}
    assert list(history.changes.attribute.values) == ["owner"]
    assert [history.changes.value.text(i) for i in (0, 1)] == ["bob", None]


BAD_ROWS = {
    "leads.csv": {
        ",2024-01-01,x": "empty_id",
        '" ",2024-01-01,x': "empty_id",
        f"{'i' * 201},2024-01-01,x": "long_id",
        "c,,x": "missing_time",
        "d,03/04/2026,x": "bad_time",
        "e,1700000000,x": "bad_time",
        "f,2024-01-01T10:00:60,x": "bad_time",
        "g,1989-12-31,x": "time_before_1990",
        "h,2024-06-02T00:00:01Z,x": "time_in_future",
        "a,2024-01-05,x": "duplicate_lead",
        "k,2024-01-01": "ragged_row",
        "k,2024-01-01,x,y": "ragged_row",
        "k\0,2024-01-01,x": "nul_in_id",
    },
    "interactions.csv": {
        "z,2024-01-03,call,,,,,": "unknown_lead",
        "c,2024-01-03,call,,,,,": "lead_set_aside",
        ",2024-01-03,call,,,,,": "empty_id",
        "a,2024-01-03,,,,,,": "empty_kind",
        "a,2024-01-03,call,i\0,,,,": "nul_in_id",
        "a,,call,,,,,": "missing_time",
        "a,2024-01-03,call,,soon,,,": "bad_time",
        "a,2024-01-03,call,,2024-06-03,,,": "time_in_future",
        "a,2024-01-03,call,,,,,nan": "bad_value",
        "a,2024-01-03,call,,,,,1e999": "bad_value",
        "a,2024-01-03,call,,,,,-1.1e30": "bad_value",
        'a,2024-01-03,call,,,,,"1,5"': "bad_value",
        "a,2024-01-04,call,1,,,,": "duplicate_interaction",
    },
    "stages.csv": {"a,2024-01-03,": "empty_stage", "z,2024-01-03,new": "unknown_lead"},
    "outcomes.csv": {
        "a,maybe,2024-01-03,1": "bad_outcome",
        "a,,2024-01-03,1": "bad_outcome",
        "a,won,yesterday,1": "bad_time",
    },
    "attribute_changes.csv": {
        "a,2024-01-03,,x": "empty_attribute",
        "a,2024-01-03,created_at,x": "fixed_attribute",
    },
    "costs.csv": {
        "2024-01-01,,-1": "bad_cost",
        "2024-01-01,,NaN": "bad_cost",
        "2024-01-01,,inf": "bad_cost",
        "2024-01-01,,1e308": "bad_cost",
        "2024-01-01,,1_000": "bad_cost",
        "2024-01-01,,": "missing_amount",
        "2024-01-02,2024-01-01,1": "period_ends_before_start",
    },
}
GOOD_ROWS = {
    "leads.csv": LEADS,
    "interactions.csv": "lead_id,occurred_at,kind,interaction_id,recorded_at,channel,direction,value\n"
    "a,2024-01-03,call,1,,,,-2.5\n",
    "stages.csv": "lead_id,entered_at,stage\na,2024-01-03,new\n",
    "outcomes.csv": "lead_id,outcome,closed_at,amount\na,open,2024-01-02,\na,won,2030-01-03,0\n",
    "attribute_changes.csv": "lead_id,changed_at,attribute,value\na,2024-01-03,plan,z\n",
    "costs.csv": "period_start,period_end,amount\n2024-01-01,,5\n",
}


def test_every_bad_row_is_set_aside_alone_under_its_rule(tmp_path: Path) -> None:
    files = {name: GOOD_ROWS[name] + "".join(f"{row}\n" for row in rows) for name, rows in BAD_ROWS.items()}
    rejected: list[RejectedRow] = []
    history = read(tmp_path, files, now_us=us(NOW), rejected=rejected)
    for name, rows in BAD_ROWS.items():
        table = name.removesuffix(".csv")
        good = GOOD_ROWS[name].count("\n") - 1
        assert history.reports[table].rows == good + len(rows)
        found = sorted((row.row, row.rule) for row in rejected if row.table == table)
        assert found == [(number, rule) for number, rule in enumerate(rows.values(), start=good + 2)]
        assert sum(counts(history.reports[table]).values()) == len(rows)
    assert len(history) == 2
    assert {row.rule for row in rejected} == set(REJECTED)
    texts = {row.row: row.text for row in rejected if row.table == "leads"}
    assert texts[8] == "d,03/04/2026,x"


def test_the_first_offenders_say_where_and_what(tmp_path: Path) -> None:
    history = read(tmp_path, {"leads.csv": LEADS + "".join(f"x{i},{i}/1/2024,p\n" for i in range(9))})
    (broken,) = history.reports["leads"].rejected
    assert (broken.rule, broken.count, len(broken.first)) == ("bad_time", 9, 5)
    assert broken.first[0] == "row 4: created_at '0/1/2024'"


def test_odd_rows_are_kept_and_flagged(tmp_path: Path) -> None:
    files = {
        "funnel.toml": '[attributes]\nignore = ["note"]',
        "interactions.csv": "lead_id,occurred_at,kind,direction,extra\na,2023-01-03,call,sideways,1\n",
        "outcomes.csv": "lead_id,outcome,Closed At,recorded_at,amount\na,open,2024-02-01,,\n"
        "a,won,,2023-12-31,?\nb,maybe,,,\n",
        "attribute_changes.csv": "lead_id,changed_at,attribute,value\na,2024-01-03,note,z\n",
    }
    history = read(tmp_path, files)
    flags = {name: counts(report, flagged=True) for name, report in history.reports.items() if report.flagged}
    assert flags == {
        "interactions": {"before_creation": 1, "unknown_direction": 1},
        "leads": {"undecided_outcome": 1},
        "outcomes": {"near_column": 3, "bad_amount": 1, "closed_before_created": 1, "open_without_time": 1},
        "attribute_changes": {"ignored_attribute": 1},
    }
    assert {rule for found in flags.values() for rule in found} == set(FLAGGED)
    assert len(history.interactions.time_us) == 1
    assert len(history.outcomes.time_us) == 1
    assert len(history.changes.time_us) == 0


def test_all_problems_of_all_tables_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "stages.parquet").write_bytes(b"PAR1 no")
    found = problems(
        tmp_path,
        {
            "funnel.toml": "[funnel]\nhorizon = 3\n",
            "leads.csv": "id,created_at\n",
            "interactions.csv": "lead_id;occurred_at;kind\n",
            "outcomes.csv": "",
            "costs.csv": "period_start,amount,amount\n2024-01-01,1,2\n",
        },
    )
    for expected in (
        "horizon",
        "'lead_id' is missing",
        "by semicolons",
        "outcomes.csv is empty",
        "stages.parquet",
        "2 times",
    ):
        assert any(expected in problem for problem in found), expected
    assert len(found) == 6


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("lead_id,created_at,ort\na,2024-01-01,K\xf6ln\n".encode("latin-1"), "UTF-8"),
        ("lead_id,created_at,stra\xdfe\na,2024-01-01,x\n".encode("latin-1"), "UTF-8"),
        ("lead_id,created_at\na,2024-01-01\n".encode("utf-16"), "UTF-8"),
        (b"lead_id,created_at,n\na,2024-01-01,\"x\nb,2024-01-01,y\n", "never closed"),
        (b"lead_id,created_at\n", "no rows"),
        (b"lead_id,created_at", "no rows"),
        (b"\n\n", "empty"),
        (b"lead_id,created_at\na,yesterday\n,2024-01-01\n", "every row is set aside, 1 by bad_time"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_a_clear_problem(content: bytes, expected: str, tmp_path: Path) -> None:
    assert any(expected in problem for problem in problems(tmp_path, {"leads.csv": content}))


def test_missing_and_double_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not a folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match=r"no leads\.csv"):
        read_folder(tmp_path)
    (tmp_path / "leads.csv.gz").write_bytes(b"\x1f\x8b broken")
    assert any("keep one file" in problem for problem in problems(tmp_path, {}))
    (tmp_path / "leads.csv").unlink()
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_folder(tmp_path)


@pytest.mark.parametrize("name", ["leads.csv", "outcomes.csv", "funnel.toml"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing"])
def test_a_pipe_or_folder_in_place_of_a_table_is_refused(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(LEADS)
    (tmp_path / name).unlink(missing_ok=True)
    if kind == "folder":
        (tmp_path / name).mkdir()
    elif kind == "pipe":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).symlink_to("nothing")
    with pytest.raises(InvalidInput, match=f"^{name} is not a regular file"):
        read_folder(tmp_path)


def test_a_table_has_at_most_so_many_columns(tmp_path: Path) -> None:
    def wide(n: int) -> Mapping[str, str]:
        header = ",".join(["lead_id", "created_at", *(f"x{i}" for i in range(n - 2))])
        return {"leads.csv": header + "\na,2024-01-01" + ",1" * (n - 2) + "\n"}

    assert len(read(tmp_path, wide(MOST_COLUMNS)).attributes) == MOST_COLUMNS - 2
    assert problems(tmp_path, wide(MOST_COLUMNS + 1)) == (
        "leads.csv: the file has 10,001 columns; at most 10,000 are read, leave out those that do not describe a lead.",
    )


def test_a_mapped_column_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    found = problems(tmp_path, {"funnel.toml": '[columns.leads]\nowner = "OwnerName"'})
    assert any("'OwnerName'" in problem and "owner" in problem for problem in found)


def test_T_is_the_latest_time_of_the_data_that_is_not_after_now(tmp_path: Path) -> None:
    files = {
        "interactions.csv": "lead_id,occurred_at,kind,recorded_at\na,2024-02-01,call,2024-03-01\n",
        "outcomes.csv": "lead_id,outcome,closed_at\na,won,2024-12-01\nb,won,\n",
        "costs.csv": "period_start,amount\n2024-05-01,5\n",
    }
    assert format_time(read(tmp_path, files, now_us=us(NOW)).as_of_us) == "2024-03-01T00:00:00Z"
    assert format_time(read(tmp_path, files).as_of_us) == "2024-12-01T23:59:59.999999Z"


def test_when_an_outcome_is_decided(tmp_path: Path) -> None:
    outcomes = (
        "lead_id,outcome,closed_at,recorded_at\na,lost,2024-01-05T00:00,\na,open,2024-01-06T00:00,\n"
        "a,won,2024-01-07,2024-01-20\n"
        "b,won,,2024-02-01\n"
    )
    history = read(tmp_path, {"outcomes.csv": outcomes})
    lead = np.zeros(4, dtype=np.int64)
    instants = np.array([us(f"2024-01-{day}") for day in ("05", "06", "19", "20")], dtype=np.int64)
    assert state_at(history, lead, instants).tolist() == [LOST, OPEN, OPEN, WON]
    assert format_time(history.outcomes.time_us[-1]) == "2024-02-01T00:00:00Z"
    assert not history.outcomes.implied.any()


@pytest.mark.parametrize("amount", ["NULL", "-", "n/a", "-50", '"$1,200.00"', "NaN", "inf", "1e308", "1_000"])
def test_a_bad_amount_leaves_the_decision(amount: str, tmp_path: Path) -> None:
    rows = f"a,won,2024-01-05,{amount}\nb,lost,2024-01-05,{amount}\n"
    history = read(tmp_path, {"outcomes.csv": f"lead_id,outcome,closed_at,amount\n{rows}"})
    report = history.reports["outcomes"]
    assert history.outcomes.state.tolist() == [WON, LOST]
    assert np.isnan(history.outcomes.amount).all()
    assert (counts(report), counts(report, flagged=True)) == ({}, {"bad_amount": 1})
    assert [warning.code for warning in row_warnings(history.reports)] == ["bad_amount"]


@pytest.mark.parametrize(
    ("word", "state"),
    [("Won", WON), (" WON\u00a0", WON), ("Closed  Won", WON), ("gewonnen", WON), ("受注", WON), ("LOST", LOST),
     ("Perdido", LOST), ("Open", OPEN), ("Signed ", WON), ("dead", LOST), ("lost cause", OPEN)],
)  # fmt: skip
def test_words_of_outcomes_are_read(word: str, state: int, tmp_path: Path) -> None:
    files = {
        "funnel.toml": '[values.outcomes]\nwon = ["signed"]\nlost = ["Dead"]\nopen = ["Lost Cause"]\n',
        "outcomes.csv": f"lead_id,outcome,closed_at\na,{word},2024-01-05\n",
    }
    history = read(tmp_path, files)
    assert (history.outcomes.state.tolist(), history.reports["outcomes"].rejected) == ([state], ())


def test_the_words_of_a_folder_stay_its_own_under_a_model(tmp_path: Path) -> None:
    files = {
        "funnel.toml": '[values.outcomes]\nwon = ["signed"]\n',
        "outcomes.csv": "lead_id,outcome,closed_at\na,signed,2024-01-05\n",
    }
    read(tmp_path, files)
    assert read_folder(tmp_path, config=FunnelConfig()).outcomes.state.tolist() == [WON]


@pytest.mark.parametrize(
    "row", ["maybe,2024-01-05", "won,yesterday", ",2024-01-05", "won,1900-01-01", "maybe,"]
)
def test_a_lead_with_a_bad_outcome_only_is_left_out(row: str, tmp_path: Path) -> None:
    files = {
        "outcomes.csv": f"lead_id,outcome,closed_at\na,{row}\nb,won,2024-01-06\nb,maybe,2024-01-07\n",
        "interactions.csv": "lead_id,occurred_at,kind\na,2024-01-03,call\nb,2024-01-04,mail\n",
    }
    history = read(tmp_path, files)
    assert list(history.lead_ids) == ["b"]
    assert history.interactions.kind.values == ["mail"]
    assert counts(history.reports["leads"], flagged=True) == {"undecided_outcome": 1}
    assert [warning.code for warning in row_warnings(history.reports)] == ["undecided_outcome"]


def test_a_bad_outcome_after_T_or_an_empty_one_leaves_open(tmp_path: Path) -> None:
    files = {
        "outcomes.csv": "lead_id,outcome,closed_at\na,maybe,2024-02-05\nb,,\n",
        "stages.csv": "lead_id,entered_at,stage\nb,2024-02-02,new\n",
    }
    history = read(tmp_path, files, as_of_us=us("2024-02-01"))
    assert len(open_leads(history, history.as_of_us)) == 2
    assert list(read_folder(tmp_path).lead_ids) == ["b"]


def test_a_folder_of_undecided_leads_alone_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"outcomes.csv": "lead_id,outcome\na,maybe\nb,maybe\n"})
    assert "no lead is left" in problem


def closings(folder: Path, rows: str, zone: str = "UTC", now: str | None = None) -> list[tuple[str, bool]]:
    """Closing time and whether it is implied of each decision; every lead is created at 09:30Z of 2 January."""
    files = {
        "funnel.toml": f'[funnel]\ntimezone = "{zone}"\n',
        "leads.csv": "lead_id,created_at\na,2024-01-02T09:30:00Z\nb,2024-01-02T09:30:00Z\n",
        "outcomes.csv": f"lead_id,outcome,closed_at,recorded_at\n{rows}",
    }
    outcomes = read(
        folder, files, as_of_us=us("2024-06-01"), now_us=None if now is None else us(now)
    ).outcomes
    return [
        (format_time(at), implied)
        for at, implied in zip(outcomes.time_us, outcomes.implied.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("row", "zone", "now", "expected"),
    [
        ("2024-01-02,", "UTC", None, "2024-01-02T23:59:59.999999Z"),
        ("2024-01-05,", "America/New_York", None, "2024-01-06T04:59:59.999999Z"),
        ("2024-03-31,", "Europe/Berlin", None, "2024-03-31T21:59:59.999999Z"),
        ("2024-01-05,", "UTC", "2024-01-05T12:00:00Z", "2024-01-05T12:00:00Z"),
        ("2024-01-05,", "UTC", "2024-01-04T12:00:00Z", "2024-01-05T23:59:59.999999Z"),
        ("2024-01-05,2024-01-05T08:00:00Z", "UTC", None, "2024-01-05T08:00:00Z"),
        ("2024-01-05,2024-01-07", "UTC", None, "2024-01-05T23:59:59.999999Z"),
        ("2024-01-02,2024-01-02", "UTC", None, "2024-01-02T09:30:00Z"),
        ("2024-01-05T00:00,", "UTC", None, "2024-01-05T00:00:00Z"),
    ],
)
def test_a_closing_date_is_the_end_of_its_day(
    row: str, zone: str, now: str | None, expected: str, tmp_path: Path
) -> None:
    assert closings(tmp_path, f"a,won,{row}\n", zone, now) == [(expected, False)]


@pytest.mark.parametrize(
    "closed", ["2024-01-01,", "2024-01-02T09:29:59Z,", ",2023-12-31", "2024-01-01,2024-02-01"]
)
def test_a_decision_before_creation_counts_at_creation(closed: str, tmp_path: Path) -> None:
    assert closings(tmp_path, f"a,lost,{closed}\nb,won,{closed}\n") == [("2024-01-02T09:30:00Z", True)] * 2
    report = read_folder(tmp_path, as_of_us=us("2024-06-01")).reports["outcomes"]
    assert (counts(report), counts(report, flagged=True)) == ({}, {"closed_before_created": 2})


def test_a_parquet_date_closes_at_the_end_of_its_day(tmp_path: Path) -> None:
    closed = pa.array([19_724], pa.int32()).cast(pa.date32())
    pq.write_table(
        pa.table({"lead_id": ["a"], "outcome": ["won"], "closed_at": closed}), tmp_path / "outcomes.parquet"
    )
    assert format_time(read(tmp_path, {}).outcomes.time_us[0]) == "2024-01-02T23:59:59.999999Z"


def test_a_flat_table_is_decided_a_horizon_after_creation(tmp_path: Path) -> None:
    files = {"outcomes.csv": "lead_id,outcome\na,won\nb,lost\n"}
    history = read(tmp_path, files)
    assert len(history.outcomes.time_us) == 0
    history = read(tmp_path, files, as_of_us=us("2024-04-02"))
    assert history.outcomes.implied.tolist() == [True, True]
    assert (history.outcomes.time_us - history.created_us).tolist() == [90 * DAY_US] * 2


def test_stages_are_ordered_by_their_mean_rank_of_first_entry(tmp_path: Path) -> None:
    rows = [
        "a,2024-01-03,new",
        "a,2024-01-04,offer",
        "a,2024-01-05,new",
        "b,2024-01-03,new",
        "b,2024-01-04,call",
        "b,2024-01-05,offer",
    ]
    history = read(tmp_path, {"stages.csv": "lead_id,entered_at,stage\n" + "\n".join(rows) + "\n"})
    assert history.config.stages == ("new", "call", "offer")


def test_a_models_configuration_keeps_the_folders_column_names(tmp_path: Path) -> None:
    toml = '[funnel]\nhorizon_days = 7\n[columns.leads]\nlead_id = "Id"'
    files = {"funnel.toml": toml, "leads.csv": LEADS.replace("lead_id", "Id")}
    model = read(tmp_path, {**files, "stages.csv": "lead_id,entered_at,stage\na,2024-01-03,new\n"}).config
    (tmp_path / "stages.csv").write_text("lead_id,entered_at,stage\na,2024-01-03,other\n", encoding="utf-8")
    (tmp_path / "funnel.toml").write_text('[columns.leads]\nlead_id = "Id"', encoding="utf-8")
    history = read_folder(tmp_path, config=model)
    assert (history.config.horizon_days, history.config.stages) == (7, ("new",))
    assert cut(history, history.as_of_us).config.stages == ("new",)


def test_a_lead_recorded_late_is_there_from_then_on(tmp_path: Path) -> None:
    leads = "lead_id,created_at,recorded_at\na,2024-01-01,2024-03-01\nb,2024-01-01,\n"
    history = read(tmp_path, {"leads.csv": leads})
    assert list(history.attributes) == []
    assert (
        list(cut(history, us("2024-02-01")).lead_ids)
        == ["b"]
        == list(read_folder(tmp_path, as_of_us=us("2024-02-01")).lead_ids)
    )


def test_costs_end_a_calendar_month_later_unless_told(tmp_path: Path) -> None:
    history = read(
        tmp_path,
        {
            "costs.csv": "period_start,period_end,amount\n2023-12-01,,5\n2024-01-01,2024-01-08,7\n2024-02-01,,9\n"
        },
    )
    assert history.costs is not None
    assert [format_time(t)[:10] for t in history.costs.end_us] == ["2024-01-01", "2024-01-08"]


@settings(max_examples=40, deadline=None)
@given(now=lead_records(), later=lead_records(), step=st.integers(0, 40), compressed=st.booleans())
def test_rows_after_T_change_nothing(
    now: list[dict[str, Any]],
    later: list[dict[str, Any]],
    step: int,
    compressed: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Rows that happen or become known after T, duplicates among them, leave no trace in content, codes or stages."""
    as_of_us, suffix = START_US + step * DAY_US // 4, ".csv.gz" if compressed else ".csv"
    small, large = tmp_path_factory.mktemp("small"), tmp_path_factory.mktemp("large")
    after = format_time(as_of_us + 1)
    for lead in later:
        lead["created_at"] = after
    own = {
        "interactions": "occurred_at",
        "stages": "entered_at",
        "attribute_changes": "changed_at",
        "outcomes": "closed_at",
    }
    added = table_rows(later)
    known = {row["lead_id"] for row in table_rows(now)["leads"]}
    for name, rows in table_rows(now).items():
        extra = (
            [{**row, own[name]: max(row[own[name]] or after, after, key=us)} for row in added[name]]
            if name in own
            else added[name]
        )
        extra += (
            [{**row, "lead_id": next(iter(known)), "recorded_at": after} for row in extra]
            if name in own
            else []
        )
        write_csv(small, name, rows, suffix)
        write_csv(large, name, [*rows, *extra], suffix)
    first, second = read_folder(small, as_of_us=as_of_us), read_folder(large, as_of_us=as_of_us)
    assert plain(second) == plain(first)
    assert plain(cut(read_folder(large), as_of_us)) == plain(first)
