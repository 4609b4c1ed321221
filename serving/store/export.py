"""The store as a data folder: what `load` reads back as the same history."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from history.atomic_file import replacing
from history.config import CONFIG_FILE
from history.errors import InvalidInput
from history.times import format_time
from history.values import number_text, value_text
from serving.store import schema as db
from serving.store.engine import StoreEngine
from serving.store.load import Progress, stored_config
from serving.store.reading import DIRECTION_TEXT, FACT_COLUMNS, STATE_TEXT, scalar_text
from serving.store.writer import read_setting

AT_ONCE = 5_000
HEADERS = {
    "interactions": (
        "lead_id", "occurred_at", "recorded_at", "kind", "channel", "direction", "value", "interaction_id",
    ),
    "stages": ("lead_id", "entered_at", "recorded_at", "stage"),
    "outcomes": ("lead_id", "closed_at", "recorded_at", "outcome", "amount", "reason"),
    "attribute_changes": ("lead_id", "changed_at", "recorded_at", "attribute", "value"),
}  # fmt: skip
Cells = Sequence[str | None]


def export_folder(engine: StoreEngine, out: Path, progress: Progress) -> dict[str, int]:
    """Writes every table that has rows, and funnel.toml, into `out`; rows written by table.

    All of it is one view of the store. leads.csv comes last: no command reads a folder without it, so half an export
    is never taken for a whole one. Raises InvalidInput when `out` holds files already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInput(f"{out} exists and is not an empty folder: give another one")
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows: dict[str, int] = {"leads": 0}
    with engine.reading() as connection:
        for i, table in enumerate(db.FACTS):
            progress(f"exporting {table.name}", 0.2 * i)
            rows[table.name] = _write_facts(connection, table, out)
        rows["costs"] = _write_costs(connection, out)
        _write_config(connection, out)
        progress("exporting leads", 0.8)
        rows["leads"] = _write_leads(connection, out)
    return {name: count for name, count in rows.items() if count}


def _write_leads(connection: Connection, out: Path) -> int:
    leads = db.leads
    names: dict[str, None] = dict.fromkeys(json.loads(read_setting(connection, "attributes") or "[]"))
    for _, text in _rows(connection, select(leads.c.lead_no, leads.c.attributes).order_by(leads.c.lead_no)):
        names.update(dict.fromkeys(json.loads(text)))
    query = select(leads.c.lead_id, leads.c.created_us, leads.c.attributes).order_by(leads.c.lead_no)

    def cells() -> Iterator[Cells]:
        for lead_id, created_us, text in _rows(connection, query):
            values = json.loads(text)
            yield [lead_id, format_time(created_us), *(value_text(values.get(name)) for name in names)]

    return _write(out / "leads.csv", ("lead_id", "created_at", *names), cells())


def _write_facts(connection: Connection, table: Table, out: Path) -> int:
    query = (
        select(db.leads.c.lead_id, *(table.c[name] for name in FACT_COLUMNS[table.name]))
        .join(db.leads, db.leads.c.lead_no == table.c.lead_no)
        .order_by(table.c.lead_no, table.c.row_no)
    )
    told = _TOLD[table.name]
    cells = ([row[0], *_times(row[1], row[2]), *told(row[3:])] for row in _rows(connection, query))
    return _write(out / f"{table.name}.csv", HEADERS[table.name], cells)


def _times(time_us: int | None, known_us: int | None) -> tuple[str, str]:
    """Own time and recorded_at; the latter only where it says more."""
    own = "" if time_us is None else format_time(time_us)
    later = known_us is not None and (time_us is None or known_us > time_us)
    return own, format_time(known_us) if later and known_us is not None else ""


def _interaction(row: Sequence[Any]) -> Cells:
    kind, channel, direction, value, given = row
    return kind, channel, DIRECTION_TEXT.get(direction, ""), _number(value), given


def _outcome(row: Sequence[Any]) -> Cells:
    state, amount, reason = row
    return STATE_TEXT[state], _number(amount), reason


def _change(row: Sequence[Any]) -> Cells:
    attribute, value = row
    return attribute, scalar_text(value)


_TOLD: Mapping[str, Callable[[Sequence[Any]], Cells]] = {
    "interactions": _interaction,
    "stages": lambda row: row,
    "outcomes": _outcome,
    "attribute_changes": _change,
}


def _number(value: float | None) -> str:
    return "" if value is None else number_text(value)


def _write_costs(connection: Connection, out: Path) -> int:
    costs = db.costs
    query = select(costs.c.start_us, costs.c.end_us, costs.c.amount, costs.c.channel, costs.c.source)
    cells = (
        [format_time(start), format_time(end), _number(amount), channel, source]
        for start, end, amount, channel, source in _rows(connection, query.order_by(costs.c.cost_no))
    )
    return _write(out / "costs.csv", ("period_start", "period_end", "amount", "channel", "source"), cells)


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    result = connection.execution_options(stream_results=True).execute(query)
    while part := result.fetchmany(AT_ONCE):
        yield from part


def _write(path: Path, header: Sequence[str], rows: Iterable[Cells]) -> int:
    """A CSV file, there whole or not at all; none without rows.

    Lines end as RFC 4180 says: the writer quotes what holds a part of its line end, and a carriage return needs it.
    """
    left = iter(rows)
    first = next(left, None)
    if first is None:
        return 0
    with replacing(path) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows([header, first])
        count = 1
        for row in left:
            writer.writerow(row)
            count += 1
        text.detach()
    return count


def _write_config(connection: Connection, out: Path) -> None:
    config = stored_config(connection)
    if config is not None and (text := toml_text(config)):
        with replacing(out / CONFIG_FILE) as file:
            file.write(text.encode())


def toml_text(config: Mapping[str, Any]) -> str:
    """The funnel.toml of a configuration as to_dict gives it; what was inferred is left to be inferred again."""
    inferred = set(config["inferred"])
    keys = ("name", "currency", "timezone", "horizon_days", "stages")
    funnel = {key: config[key] for key in keys if key not in inferred and config[key] is not None}
    targets = dict(config["targets"])
    sections = {
        "funnel": funnel,
        "funnel.groups": config["groups"],
        "attributes": {key: config[key] for key in ("ignore", "mutable", "sensitive") if config[key]},
        "attributes.types": config["attribute_types"],
        "targets.stage_conversion": targets.pop("stage_conversion", {}),
        "targets": targets,
        "grades": {} if "grades" in inferred else config["grades"],
    }
    return "\n".join(_section(name, values) for name, values in sections.items() if values)


def _section(name: str, values: Mapping[str, Any]) -> str:
    lines = [f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])
