"""Tables of any other system as a mapping file describes them -> the tables of a data folder."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME, times
from connectors.deals.records import without_rounded
from connectors.folder.tables import Result, Sink
from connectors.folder.write import SCHEMAS
from connectors.formats.accounts import Account
from connectors.formats.sources import Source
from connectors.mapping.cells import column_of, filled, split_rows, texts_of
from connectors.mapping.read import Entry, MappingFile
from connectors.reading.declare import Field, Kind, ObjectKind, Trap
from connectors.reading.export import OWN_COLUMNS, Export, column
from connectors.reading.opening import date_order
from connectors.reading.options import Progress, ReadOptions
from connectors.reading.recognise import Recognised, key_of
from connectors.reading.words import outcome_of
from history.base.arrays import Mask
from history.base.errors import InvalidInput
from history.config.schema import TABLES, TIME


def open_mapped(
    mapping: MappingFile, sources: Sequence[Source], options: ReadOptions, progress: Progress
) -> Export:
    """The sources that each entry names; raises InvalidInput for an entry without a file."""
    claimed: list[Recognised] = []
    problems = []
    for place, entry in enumerate(mapping.entries):
        kind = _kind(entry, place)
        matching = [source for source in sources if source.columns and _matches(source, entry.file)]
        fitting = [
            known for source in matching if (known := _recognised(source, kind, entry, mapping)) is not None
        ]
        if not fitting:
            problems.append(_unfilled(mapping, entry, matching or [s for s in sources if s.columns]))
        claimed += fitting
    if problems:
        raise InvalidInput(problems)
    used = {known.source.file for known in claimed}
    unclaimed = [source.file for source in sources if source.file not in used]
    accounts = [Account(known.source.file, mapping.entries[_place(known)].table) for known in claimed]
    export = Export("mapping", claimed, accounts, unclaimed, options, date_order(claimed, options), progress)
    for source in (
        known.source for known, account in zip(claimed, accounts, strict=True) if account.kind == "leads"
    ):
        export.ignore("leads", sorted(_of_outcomes(source, mapping)))
    return export


def convert(mapping: MappingFile, export: Export, sink: Sink) -> Result:
    """Gives the tables to the sink; raises InvalidInput for words of outcomes that nobody explains."""
    known = _known_leads(mapping, export)
    ids = known.column("lead_id").combine_chunks()
    exported_us = min(int(pc.max(known.column("created_at").cast(pa.int64())).as_py()), export.options.now_us)
    others = []
    for name in ("interactions", "stages", "outcomes", "attribute_changes"):
        for place, entry in _of(mapping, name):
            table, latest = _rows(export, place, entry, ids)
            if name == "stages":
                table, closings = _without_closings(table)
                others += [("outcomes", closings)] if not _of(mapping, "outcomes") else []
            exported_us = max(exported_us, min(latest, export.options.now_us))
            others.append((name, table))
    changed = {
        text
        for name, table in others
        if name == "attribute_changes"
        for text in pc.unique(table.column("attribute")).to_pylist()
    }
    # Without [[leads]] nothing is said of the leads of an earlier import: they stay as they are.
    leads = known if _of(mapping, "leads") else known.slice(0, 0)
    sink.leads(leads, exported_us, changed)
    for name, table in others:
        sink.add(name, table)
    identity = tuple(name for name in mapping.identity if name in known.column_names)
    return Result("person", mapping.currency, mapping.stages, identity, exported_us, mapping.name)


def _known_leads(mapping: MappingFile, export: Export) -> pa.Table:
    """The leads of the files, or of the earlier import if the mapping only adds to it; raises InvalidInput."""
    entries = _of(mapping, "leads")
    if entries:
        tables = [_leads(export, place, entry, mapping) for place, entry in entries]
        return _distinct(pa.concat_tables(tables, promote_options="default"))
    if "leads" not in export.earlier:
        raise InvalidInput(
            f"{mapping.path.name}: [[leads]] is missing: it needs lead_id and created_at, unless --output is the "
            "folder of an earlier import, to whose leads the rows are added."
        )
    return export.earlier["leads"]


# ---- files


def _kind(entry: Entry, place: int) -> ObjectKind:
    layout = TABLES[entry.table]
    fields = [
        Field(name, Trap.USED, kind=Kind.TIME if layout.role(target) == TIME else Kind.TEXT)
        for target, cell in entry.cells.items()
        for name in cell.columns
    ]
    distinct = tuple({field.name: field for field in fields}.values())
    return ObjectKind(f"{entry.table} {place}", distinct, ())


def _place(known: Recognised) -> int:
    return int(known.kind.name.split()[1])


def _of(mapping: MappingFile, table: str) -> list[tuple[int, Entry]]:
    return [(place, entry) for place, entry in enumerate(mapping.entries) if entry.table == table]


def _matches(source: Source, pattern: str) -> bool:
    name = source.file.replace("\\", "/")
    return (
        fnmatch(name, pattern) or fnmatch(name, f"*/{pattern}") or fnmatch(name.rpartition("/")[2], pattern)
    )


def _recognised(source: Source, kind: ObjectKind, entry: Entry, mapping: MappingFile) -> Recognised | None:
    """The source if it has a column for each needed cell."""
    by_key = {key_of(name): name for name in reversed(source.columns)}
    columns = {
        field.name: field.name if field.name in source.columns else by_key[key_of(field.name)]
        for field in kind.fields
        if field.name in source.columns or key_of(field.name) in by_key
    }
    for name in TABLES[entry.table].needed:
        cell = entry.cells[name]
        if cell.constant is None and not any(c in columns for c in cell.columns):
            return None
    used = set(columns.values()) | set(mapping.ignore) | _of_outcomes(source, mapping)
    others = tuple(name for name in source.columns if name not in used) if entry.other_columns else ()
    return Recognised(source, kind, columns, others, None, None)


def _of_outcomes(source: Source, mapping: MappingFile) -> set[str]:
    """The columns of a file that hold the outcomes: no attributes, since they are known afterwards."""
    entries = [entry for _, entry in _of(mapping, "outcomes") if _matches(source, entry.file)]
    cells = [cell for entry in entries for name, cell in entry.cells.items() if name != "lead_id"]
    keys = {key_of(name) for cell in cells for name in cell.columns}
    return {name for name in source.columns if key_of(name) in keys}


def _unfilled(mapping: MappingFile, entry: Entry, sources: Iterable[Source]) -> str:
    needed = [c for name in TABLES[entry.table].needed for c in entry.cells[name].columns]
    there = "; ".join(f"{source.file} has {', '.join(source.columns[:12])}" for source in list(sources)[:3])
    return (
        f"{mapping.path.name}: no file {entry.file!r} has the columns {', '.join(needed)} of [[{entry.table}]]: "
        f"{there or 'there is no table among the sources'}."
    )


# ---- rows


def _leads(export: Export, place: int, entry: Entry, mapping: MappingFile) -> pa.Table:
    table = export.table(f"leads {place}")
    table = _with_ids(export, table, entry)
    created = export.times(filled(table, "_time", entry.cells["created_at"]), "_time")
    table = export.leave(table, "bad_time", ~created.known)
    us = created.us[created.known]
    lead_id = texts_of(table, entry.cells["lead_id"])
    repeated = _repeated(lead_id)
    table, us = export.leave(table, "duplicate_lead", repeated), us[~repeated]
    export.use(table)
    columns = {"lead_id": texts_of(table, entry.cells["lead_id"]), "created_at": times(us)}
    for name, cell in entry.cells.items():
        if name not in columns and name != "recorded_at":
            columns[name] = texts_of(table, cell)
    declared = {name for cell in entry.cells.values() for name in cell.columns}
    for name in table.column_names:
        if name not in columns and name not in declared and name not in OWN_COLUMNS:
            columns[name] = column(table, name)
    return pa.table({name: array for name, array in columns.items() if name not in mapping.ignore})


def _distinct(leads: pa.Table) -> pa.Table:
    """One row a lead; a second file with the same lead adds nothing."""
    if not len(leads):
        raise InvalidInput("no lead has an id and a creation time: see lead_id and created_at of [[leads]].")
    return leads.filter(pa.array(~_repeated(leads.column("lead_id").combine_chunks())))


def _repeated(ids: pa.Array) -> Mask:
    codes = ids.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    repeated = np.ones(len(codes), dtype=np.bool_)
    repeated[np.unique(codes, return_index=True)[1]] = False
    return repeated


def _rows(export: Export, place: int, entry: Entry, ids: pa.Array) -> tuple[pa.Table, int]:
    """The rows of one entry, and the latest time among them."""
    layout = TABLES[entry.table]
    table = _with_ids(export, export.table(f"{entry.table} {place}"), entry)
    known = pc.is_in(texts_of(table, entry.cells["lead_id"]), value_set=ids).to_numpy(zero_copy_only=False)
    table = export.leave(table, "unknown_lead", ~known)
    for name in layout.needed:
        if name == layout.own_time:
            read = export.times(filled(table, "_time", entry.cells[name]), "_time", name)
            table = export.leave(table, "bad_time", ~read.known)
        elif name not in ("lead_id", "value"):
            empty = pc.is_null(texts_of(table, entry.cells[name])).to_numpy(zero_copy_only=False)
            table = export.leave(table, f"empty_{name}", empty)
    if entry.table == "stages" and any(known.kind.name.startswith("outcomes ") for known in export.sources):
        table = export.leave(table, "closing_stage", _are_closing(texts_of(table, entry.cells["stage"])))
    export.use(table)
    columns = {name: column_of(export, table, name, entry) for name in SCHEMAS[entry.table].names}
    latest = _latest(columns.values(), export.options.now_us)
    return split_rows(pa.table(columns).cast(SCHEMAS[entry.table]), entry), latest


def _without_closings(stages: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The entries of open stages, and entries of won and lost stages as outcomes."""
    closing = _are_closing(stages.column("stage").combine_chunks())
    rows = stages.filter(pa.array(closing))
    outcomes = pa.table(
        {
            "lead_id": rows.column("lead_id"),
            "outcome": pa.array([outcome_of(text) for text in rows.column("stage").to_pylist()], pa.string()),
            "closed_at": rows.column("entered_at"),
            "amount": pa.nulls(len(rows), pa.float64()),
            "reason": pa.nulls(len(rows), pa.string()),
            "recorded_at": rows.column("recorded_at"),
        }
    )
    return stages.filter(pa.array(~closing)), outcomes


def _are_closing(stages: pa.Array) -> Mask:
    """Which stages have a usual word for a win or a loss (n,)."""
    return np.array([outcome_of(text or "") is not None for text in stages.to_pylist()], dtype=np.bool_)


def _latest(columns: Iterable[pa.Array], now_us: int) -> int:
    instants = [array.cast(pa.int64()) for array in columns if pa.types.is_timestamp(array.type)]
    past = [array.filter(pc.less_equal(array, now_us)) for array in instants]
    return max((int(pc.max(array).as_py()) for array in past if len(array.drop_null())), default=NO_TIME)


def _with_ids(export: Export, table: pa.Table, entry: Entry) -> pa.Table:
    """The rows with an id; raises InvalidInput if a spreadsheet has rounded most of them."""
    table = without_rounded(export, table, texts_of(table, entry.cells["lead_id"]), f"[[{entry.table}]]")
    empty = pc.is_null(texts_of(table, entry.cells["lead_id"])).to_numpy(zero_copy_only=False)
    return export.leave(table, "empty_id", empty)
