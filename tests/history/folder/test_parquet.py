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
