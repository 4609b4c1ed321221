"""Made-up leads as request records, the same leads as files, and when two histories are equal."""

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from history.history import Factor, History
from history.text.times import format_time
from history.text.values import value_text

START_US = 1_700_000_000_000_000
DAY_US = 86_400_000_000
NOW_US = START_US + 300 * DAY_US
TIME = "2024-01-01T00:00:00Z"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "interactions": ("occurred_at", "kind", "interaction_id", "recorded_at", "channel", "direction", "value"),
    "stages": ("stage", "entered_at", "recorded_at"),
    "attribute_changes": ("attribute", "value", "changed_at", "recorded_at"),
}
OUTCOME_COLUMNS = ("outcome", "closed_at", "amount", "reason", "recorded_at")
LEAD_COLUMNS = ("lead_id", "created_at", "account_id", "owner", "source")
ATTRIBUTES = ("plan", "größe", "is_new", 'note, "quoted"')

texts = st.text(  # without NUL, which strict_json refuses and a folder reads as U+FFFD
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6
)
maybe_texts = st.one_of(st.none(), texts)
names = st.sampled_from(["call", "mail", "визит", "a,b", 'say "hi"', "two\nlines", "01", "NA", "null"])
times = st.integers(0, 40).map(lambda step: format_time(START_US + step * DAY_US // 4 + step % 3))
maybe_times = st.one_of(st.none(), times)
numbers = st.one_of(
    st.integers(-5, 5), st.floats(-1e9, 1e9), st.sampled_from([3.0, -0.0, 1e22, 1e-7, 10**18])
)
scalars = st.one_of(st.none(), texts, numbers, st.booleans())

interactions = st.fixed_dictionaries({
    "occurred_at": times, "kind": names, "recorded_at": maybe_times,
    "interaction_id": st.sampled_from([None, "", "1", "2", "3"]),
    "channel": maybe_texts, "direction": st.sampled_from([None, "inbound", "outbound"]),
    "value": st.one_of(st.none(), numbers),
})  # fmt: skip
stages = st.fixed_dictionaries({"stage": names, "entered_at": times, "recorded_at": maybe_times})
changes = st.fixed_dictionaries({
    "attribute": st.sampled_from([*ATTRIBUTES, "owner", "other"]), "value": scalars,
    "changed_at": times, "recorded_at": maybe_times,
})  # fmt: skip
outcomes = st.fixed_dictionaries({
    "outcome": st.sampled_from(["won", "lost", "open"]), "closed_at": maybe_times, "recorded_at": maybe_times,
    "amount": st.one_of(st.none(), st.floats(0, 1e9)), "reason": maybe_texts,
})  # fmt: skip
bodies = st.fixed_dictionaries({
    "created_at": st.just(format_time(START_US)),
    "account_id": maybe_texts, "owner": maybe_texts, "source": maybe_texts,
    "attributes": st.fixed_dictionaries(dict.fromkeys(ATTRIBUTES, scalars)),
    "interactions": st.lists(interactions, max_size=8), "stages": st.lists(stages, max_size=4),
    "attribute_changes": st.lists(changes, max_size=4), "outcome": st.one_of(st.none(), outcomes),
})  # fmt: skip


def lead(**changed: Any) -> dict[str, Any]:
    """A valid lead created at TIME, with fields changed."""
    return {"lead_id": "a", "created_at": TIME, "attributes": {}, **changed}


@st.composite
def lead_records(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to four good leads with different ids."""
    ids = draw(st.lists(texts.filter(lambda text: bool(text.strip())), min_size=1, max_size=4, unique=True))
    return [{"lead_id": lead_id, **draw(bodies)} for lead_id in ids]


def table_rows(leads: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The leads as the rows of the contract's tables, values as they are in the records."""
    tables: dict[str, list[dict[str, Any]]] = {"leads": [], "outcomes": [], **{name: [] for name in COLUMNS}}
    for lead in leads:
        tables["leads"].append({**{name: lead.get(name) for name in LEAD_COLUMNS}, **lead["attributes"]})
        for name, columns in COLUMNS.items():
            rows = [{"lead_id": lead["lead_id"], **{c: row.get(c) for c in columns}} for row in lead[name]]
            tables[name] += rows
        if lead["outcome"]:
            tables["outcomes"].append(
                {"lead_id": lead["lead_id"], **{c: lead["outcome"].get(c) for c in OUTCOME_COLUMNS}}
            )
    return tables


def write_csv(folder: Path, name: str, rows: Sequence[Mapping[str, Any]], suffix: str = ".csv") -> None:
    """The rows as a CSV of texts; a table without rows is left out."""
    if not rows:
        return
    path = folder / f"{name}{suffix}"
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(rows[0])
    writer.writerows([value_text(row[column]) or "" for column in rows[0]] for row in rows)
    content = text.getvalue().encode("utf-8")
    path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)


def write_parquet(folder: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """The rows as typed Parquet: times as timestamps, numbers as floats, attributes as text."""
    if not rows:
        return
    columns = {column: _typed(column, [row[column] for row in rows]) for column in rows[0]}
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def _typed(column: str, values: list[Any]) -> pa.Array:
    if column.endswith("_at"):
        moments = [None if v is None else datetime.fromisoformat(v).astimezone(UTC) for v in values]
        return pa.array(moments, pa.timestamp("us", "UTC"))
    if column in ("value", "amount") and not any(isinstance(v, (str, bool)) for v in values):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array([value_text(v) for v in values], pa.string())


def plain(history: History) -> dict[str, Any]:
    """All content of a history as plain values that compare with ==, NaN as None; codes too, so that coding counts."""
    logs = {name: getattr(history, name) for name in ("interactions", "stages", "outcomes", "changes")}
    return {
        "lead_ids": list(history.lead_ids),
        "created_us": history.created_us.tolist(),
        "attributes": {name: _plain(factor) for name, factor in history.attributes.items()},
        "stage_order": history.config.stages,
        "costs": None
        if history.costs is None
        else {key: _plain(value) for key, value in vars(history.costs).items()},
        **{name: {key: _plain(value) for key, value in vars(log).items()} for name, log in logs.items()},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Factor):
        return value.codes.tolist(), list(value.values)
    if isinstance(value, np.ndarray):
        return [None if v != v else v for v in value.tolist()]
    return value
