"""Typed Parquet columns become the texts, times and numbers of a CSV; other types are problems."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from history.base.errors import InvalidInput
from history.read import format_time, read_folder
from tests.builders.csv_folder import read


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


def test_a_parquet_date_closes_at_the_end_of_its_day(tmp_path: Path) -> None:
    closed = pa.array([19_724], pa.int32()).cast(pa.date32())
    pq.write_table(
        pa.table({"lead_id": ["a"], "outcome": ["won"], "closed_at": closed}), tmp_path / "outcomes.parquet"
    )
    assert format_time(read(tmp_path, {}).outcomes.time_us[0]) == "2024-01-02T23:59:59.999999Z"


def test_a_folder_of_part_files_is_one_table(tmp_path: Path) -> None:
    """Parts of other column orders and types, one without a column, files of others, and keys of partitions."""
    (tmp_path / "leads.csv").write_text("lead_id,created_at\na,2024-01-01\n7,2024-01-01\n")
    parts = {
        "date=2024-01-02/kind=call/part-1.parquet": {
            "value": pa.array([1], pa.int64()), "lead_id": ["a"], "occurred_at": ["2024-01-02T10:00"],
        },
        "date=2024-01-02/kind=e-mail%2Fopen/part-0.parquet": {
            "lead_id": ["a", "a"], "occurred_at": ["2024-01-03T10:00", "2024-01-04T10:00"],
        },
        "date=2024-01-03/kind=__HIVE_DEFAULT_PARTITION__/part-0.parquet": {
            "lead_id": pa.array(["7"]).dictionary_encode(), "occurred_at": ["2024-01-03T10:00"], "value": [0.5],
        },
    }  # fmt: skip
    for name, columns in parts.items():
        path = tmp_path / "interactions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)
    for name in ("_SUCCESS", "_temporary/part.parquet", "date=2024-01-03/.part.parquet"):
        (tmp_path / "interactions" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "interactions" / name).write_text("no table")

    history = read_folder(tmp_path)
    log, report = history.interactions, history.reports["interactions"]
    assert log.offsets.tolist() == [0, 3, 3]
    assert [log.kind.text(row) for row in range(3)] == ["call", "e-mail/open", "e-mail/open"]
    assert log.value[0] == 1
    assert np.isnan(log.value[1:]).all()
    assert [(rule.rule, rule.first) for rule in report.rejected] == [
        ("empty_kind", ("row 4: lead_id '7', occurred_at '2024-01-03T10:00'",))
    ]


def test_a_damaged_part_is_named_and_other_folders_are_no_tables(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at\na,2024-01-01\n")
    (tmp_path / "interactions").mkdir()
    (tmp_path / "interactions" / "notes.txt").write_text("not a part")
    assert read_folder(tmp_path).reports.keys() == {"leads"}
    (tmp_path / "interactions" / "p.parquet").write_text("damaged")
    with pytest.raises(InvalidInput, match=r"interactions cannot be read: p\.parquet: "):
        read_folder(tmp_path)
    (tmp_path / "interactions.csv").write_text("lead_id,occurred_at,kind\n")
    with pytest.raises(InvalidInput, match=r"the folder has interactions\.csv and interactions; keep one"):
        read_folder(tmp_path)
