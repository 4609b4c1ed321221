"""The store as a data folder, which `load` reads back as the same history."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from history.base.atomic_file import replacing
from history.base.errors import InvalidInput
from history.base.progress import Progress
from history.config.config import CONFIG_FILE
from history.config.schema import TABLES
from history.text.times import format_time
from history.text.values import number_text, value_text
from serving.store import schema as db
from serving.store.config import attribute_names, stored_config
from serving.store.database.engine import StoreEngine
from serving.store.leads.lead_rows import DIRECTION_TEXT, STATE_TEXT, scalar_text
from serving.store.schema import CODE_COLUMNS, FACT_COLUMNS

ROWS_PER_FETCH = 5_000
COST_HEADER = ("period_start", "period_end", "amount", "channel", "source")
Cells = Sequence[str | None]


def export_folder(engine: StoreEngine, out: Path, progress: Progress) -> dict[str, int]:
    """Writes every table that has rows, and funnel.toml, into `out`; returns the rows written by table.

    All files show one view of the store. leads.csv comes last: no command reads a folder without it, so half an export
    is never taken for a whole one. Raises InvalidInput if `out` holds files.
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
    names = _attribute_columns(connection)
    query = select(leads.c.lead_id, leads.c.created_us, leads.c.attributes).order_by(leads.c.lead_no)

    def cells() -> Iterator[Cells]:
        for lead_id, created_us, attributes in _stream(connection, query):
            values = json.loads(attributes)
            yield [lead_id, format_time(created_us), *(value_text(values.get(name)) for name in names)]

    return _write_csv(out / "leads.csv", ("lead_id", "created_at", *names), cells())


def _attribute_columns(connection: Connection) -> list[str]:
    """Attributes of loaded folders, then those of single leads in the order of their first occurrence."""
    leads = db.leads
    names = dict.fromkeys(attribute_names(connection))
    query = select(leads.c.lead_no, leads.c.attributes).order_by(leads.c.lead_no)
    for _lead_no, attributes in _stream(connection, query):
        names.update(dict.fromkeys(json.loads(attributes)))
    return list(names)


def _write_facts(connection: Connection, table: Table, out: Path) -> int:
    columns = [table.c[name] for name in FACT_COLUMNS[table.name]]
    query = (
        select(db.leads.c.lead_id, *columns)
        .join(db.leads, db.leads.c.lead_no == table.c.lead_no)
        .order_by(table.c.lead_no, table.c.row_no)
    )
    content_cells = _CONTENT_CELLS[table.name]

    def cells() -> Iterator[Cells]:
        for lead_id, time_us, known_us, *content in _stream(connection, query):
            yield [lead_id, *_time_cells(time_us, known_us), *content_cells(content)]

    return _write_csv(out / f"{table.name}.csv", fact_header(table.name), cells())


def fact_header(table: str) -> tuple[str, ...]:
    """The columns of a fact table's file; known_us is exported as recorded_at."""
    field_of = {column: field for field, column in CODE_COLUMNS.items()}
    _time_us, _known_us, *content = FACT_COLUMNS[table]
    fields = (field_of.get(column, column) for column in content)
    return "lead_id", TABLES[table].own_time, "recorded_at", *fields


def _time_cells(time_us: int | None, known_us: int | None) -> tuple[str, str]:
    """The row's own time, and recorded_at if it differs."""
    own = "" if time_us is None else format_time(time_us)
    is_later = known_us is not None and (time_us is None or known_us > time_us)
    return own, format_time(known_us) if is_later and known_us is not None else ""


def _interaction(content: Sequence[Any]) -> Cells:
    kind, channel, direction, value, interaction_id = content
    return kind, channel, DIRECTION_TEXT.get(direction, ""), _number(value), interaction_id


def _stage(content: Sequence[Any]) -> Cells:
    return content


def _outcome(content: Sequence[Any]) -> Cells:
    state, amount, reason = content
    return STATE_TEXT[state], _number(amount), reason


def _change(content: Sequence[Any]) -> Cells:
    attribute, value = content
    return attribute, scalar_text(value)


_CONTENT_CELLS: Mapping[str, Callable[[Sequence[Any]], Cells]] = {
    "interactions": _interaction,
    "stages": _stage,
    "outcomes": _outcome,
    "attribute_changes": _change,
}


def _number(value: float | None) -> str:
    return "" if value is None else number_text(value)


def _write_costs(connection: Connection, out: Path) -> int:
    costs = db.costs
    columns = (costs.c.start_us, costs.c.end_us, costs.c.amount, costs.c.channel, costs.c.source)

    def cells() -> Iterator[Cells]:
        for start_us, end_us, amount, channel, source in _stream(
            connection, select(*columns).order_by(costs.c.cost_no)
        ):
            yield [format_time(start_us), format_time(end_us), _number(amount), channel, source]

    return _write_csv(out / "costs.csv", COST_HEADER, cells())


def _stream(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    """The rows of a query without holding all of them."""
    result = connection.execution_options(stream_results=True).execute(query)
    while part := result.fetchmany(ROWS_PER_FETCH):
        yield from part


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Cells]) -> int:
    """Writes a CSV file, whole or not at all; no file without rows. Returns their number.

    Lines end with CRLF (RFC 4180): Python's writer quotes only values that hold a character of its line end, and a bare
    carriage return in a value must be quoted.
    """
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        return 0
    with replacing(path) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows([header, first])
        count = 1
        for row in remaining:
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
    """The funnel.toml of a configuration record (history.config.to_dict); inferred values are left out."""
    inferred = set(config["inferred"])
    keys = ("name", "currency", "timezone", "horizon_days", "stages")
    funnel = {key: config[key] for key in keys if key not in inferred and config[key] is not None}
    funnel |= {key: config[key] for key in ("won_stages", "lost_stages") if config.get(key)}
    targets = dict(config["targets"])
    sections = {
        "funnel": funnel,
        "funnel.groups": config["groups"],
        "attributes": {
            key: config[key] for key in ("ignore", "identity", "mutable", "sensitive") if config.get(key)
        },
        "attributes.types": config["attribute_types"],
        "targets.stage_conversion": targets.pop("stage_conversion", {}),
        "targets": targets,
        "grades": {} if "grades" in inferred else config["grades"],
    }
    return "\n".join(_section(name, values) for name, values in sections.items() if values)


def _section(name: str, values: Mapping[str, Any]) -> str:
    # JSON's texts, numbers, booleans and lists are TOML too.
    lines = [f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])
