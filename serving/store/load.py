"""A data folder's History -> the store, again and again without doubling."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Table, delete, select

from history.arrays import Floats, Ints, Mask
from history.config import FunnelConfig, to_dict
from history.errors import InvalidInput
from history.history import Costs, Factor, History
from serving.base.limits import MAX_KEY
from serving.store import schema as db
from serving.store.engine import StoreEngine
from serving.store.events import INSERTS
from serving.store.leads import current_attributes, mark_dirty
from serving.store.reading import FACT_COLUMNS, LeadRow, LeadRows, find_leads, rows_of
from serving.store.statements import Insertion
from serving.store.writer import Transaction, read_setting, write_setting

CHUNK_LEADS = 2_000
CHUNK_ROWS = 20_000
FIRST_SHOWN = 3
INSERT_LEADS = Insertion(db.leads)
Progress = Callable[[str, float], None]
Row = tuple[Any, ...]


@dataclass
class Loaded:
    """What a load added; conflicts names the first stored leads whose created_at the folder contradicts."""

    leads: int = 0
    leads_known: int = 0
    rows: dict[str, int] = field(default_factory=lambda: {table.name: 0 for table in db.FACTS})
    rows_known: int = 0
    attributes_changed: int = 0
    conflict_count: int = 0
    conflicts: list[str] = field(default_factory=list)


def load_history(
    engine: StoreEngine, history: History, now_us: Callable[[], int], progress: Progress
) -> Loaded:
    """Adds what the store does not have yet, in transactions of a few thousand rows.

    A stored lead keeps its creation; where the folder gives another value than at creation and than now, the value
    is kept as a change at this moment. Of equal rows without an id the store has as many as the folder has.
    """
    if engine.path is None:
        _check_keys(history)
    loaded = Loaded()
    logs = _logs(history)
    done, total = 0, max(1, len(history))
    for start, stop in _chunks(history):
        progress(f"loading {total} leads", done / total)
        with engine.writing() as connection:
            transaction = Transaction(connection, now_us())
            _load_leads(transaction, history, logs, (start, stop), loaded)
            transaction.finish()
        done = stop
    with engine.writing() as connection:
        _keep_settings(connection, history)
    progress(f"loading {total} leads", 1.0)
    return loaded


def _check_keys(history: History) -> None:
    """InvalidInput for interaction ids that a database server cannot index."""
    ids = history.interactions.ids or []
    long = [i for i, given in enumerate(ids) if given is not None and len(given) > MAX_KEY]
    if long:
        lead = int(np.searchsorted(history.interactions.offsets, long[0], side="right")) - 1
        raise InvalidInput(
            f"{len(long)} interaction_id have more than {MAX_KEY} characters, first one of lead "
            f"{history.lead_ids[lead]!r}: PostgreSQL cannot tell so long ones apart. Shorten them, or use SQLite."
        )


def _chunks(history: History) -> Iterator[tuple[int, int]]:
    logs = (history.interactions, history.stages, history.outcomes, history.changes)
    rows = sum(np.diff(log.offsets) for log in logs)
    ends = np.concatenate(([0], np.cumsum(rows)))
    start = 0
    while start < len(history):
        stop = int(np.searchsorted(ends, ends[start] + CHUNK_ROWS, side="right")) - 1
        stop = min(max(stop, start + 1), start + CHUNK_LEADS, len(history))
        yield start, stop
        start = stop


def _load_leads(
    transaction: Transaction,
    history: History,
    logs: Mapping[str, "Log"],
    span: tuple[int, int],
    loaded: Loaded,
) -> None:
    connection = transaction.connection
    ids = history.lead_ids[span[0] : span[1]]
    known = find_leads(connection, ids)
    numbers = _lead_numbers(transaction, history, span, known)
    stored = rows_of(connection, list(known.values())) if known else None
    touched: dict[int, int] = {}
    for table in db.FACTS:
        rows = logs[table.name].rows(span, numbers)
        if stored is not None:
            before = len(rows)
            rows = _not_stored(rows, stored.tables[table.name], _has_id(table))
            loaded.rows_known += before - len(rows)
        _insert_facts(transaction, table, rows, touched)
        loaded.rows[table.name] += len(rows)
    if stored is not None:
        changes = list(_changed_attributes(transaction.now_us, history, span, stored, loaded))
        _insert_facts(transaction, db.attribute_changes, changes, touched)
        loaded.attributes_changed += len(changes)
    for lead_no in numbers:
        touched.setdefault(lead_no, 0)
    for lead in known.values():
        if touched.get(lead.lead_no) == 0:
            del touched[lead.lead_no]
    mark_dirty(connection, touched, is_bulk=True)
    loaded.leads += len(ids) - len(known)
    loaded.leads_known += len(known)


def _lead_numbers(
    transaction: Transaction, history: History, span: tuple[int, int], known: Mapping[str, LeadRow]
) -> list[int]:
    """lead_no of each lead of the span; those the store does not know are inserted."""
    start, stop = span
    texts = {name: _texts(factor, start, stop) for name, factor in history.attributes.items()}
    fresh = iter(transaction.numbers("lead_no", stop - start - len(known)))
    numbers, rows = [], []
    for i, lead_id in enumerate(history.lead_ids[start:stop]):
        if lead_id in known:
            numbers.append(known[lead_id].lead_no)
            continue
        number = next(fresh)
        attributes = {name: column[i] for name, column in texts.items() if column[i] is not None}
        created = int(history.created_us[start + i])
        rows.append(
            {"lead_no": number, "lead_id": lead_id, "created_us": created, "attributes": _json(attributes)}
        )
        numbers.append(number)
    if rows:
        INSERT_LEADS.run(transaction.connection, rows)
    return numbers


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _texts(factor: Factor, start: int, stop: int) -> list[str | None]:
    return [None if code < 0 else factor.values[code] for code in factor.codes[start:stop].tolist()]


Column = Callable[[int, int], Sequence[Any]]


@dataclass(frozen=True)
class Log:
    """One log of a history: where each lead's rows are, and its columns in the order of FACT_COLUMNS."""

    offsets: Ints
    columns: Sequence[Column]

    def rows(self, span: tuple[int, int], numbers: Sequence[int]) -> list[Row]:
        """The rows of leads start:stop as (lead_no, content ...), `numbers` being their lead_no."""
        start, stop = span
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        owners = np.repeat(
            np.array(numbers, dtype=np.int64), np.diff(self.offsets[start : stop + 1])
        ).tolist()
        return list(zip(owners, *(column(first, last) for column in self.columns), strict=True))


def _logs(history: History) -> dict[str, Log]:
    touches, stages, changes = history.interactions, history.stages, history.changes
    ids = touches.ids
    stored = Factor(changes.value.codes, [_json(value) for value in changes.value.values])
    return {
        "interactions": Log(
            touches.offsets,
            [
                _plain(touches.time_us),
                _plain(touches.known_us),
                _texts_of(touches.kind),
                _texts_of(touches.channel),
                _plain(touches.direction),
                _or_none(touches.value),
                lambda first, last: [None] * (last - first) if ids is None else ids[first:last],
            ],
        ),
        "stages": Log(
            stages.offsets, [_plain(stages.time_us), _plain(stages.known_us), _texts_of(stages.stage)]
        ),
        "outcomes": _outcomes(history),
        "attribute_changes": Log(
            changes.offsets,
            [
                _plain(changes.time_us),
                _plain(changes.known_us),
                _texts_of(changes.attribute),
                _texts_of(stored),
            ],
        ),
    }


def _outcomes(history: History) -> Log:
    """Without closed_at the time stays empty; the rule for it is applied when reading, with the horizon in use."""
    log = history.outcomes
    created = np.repeat(history.created_us, np.diff(log.offsets))
    by_horizon = log.implied & (log.time_us == created + history.config.horizon_us)
    return Log(
        log.offsets,
        [
            _plain_unless(log.time_us, log.implied),
            _plain_unless(log.known_us, by_horizon),
            _plain(log.state),
            _or_none(log.amount),
            _texts_of(log.reason),
        ],
    )


def _plain(values: npt.NDArray[Any]) -> Column:
    return lambda first, last: values[first:last].tolist()


def _plain_unless(values: Ints, missing: Mask) -> Column:
    def column(first: int, last: int) -> Sequence[Any]:
        pairs = zip(values[first:last].tolist(), missing[first:last].tolist(), strict=True)
        return [None if none else value for value, none in pairs]

    return column


def _texts_of(factor: Factor) -> Column:
    return lambda first, last: _texts(factor, first, last)


def _or_none(values: Floats) -> Column:
    return lambda first, last: [None if v != v else v for v in values[first:last].tolist()]


def _has_id(table: Table) -> bool:
    return table is db.interactions


def _not_stored(rows: Sequence[Row], columns: Sequence[Sequence[Any]], has_id: bool) -> list[Row]:
    """The rows beyond the equal ones in the store; a known interaction_id is known whatever else the row says."""
    stored = Counter((row[0], *row[2:]) for row in zip(*columns, strict=True))
    ids = {(row[0], row[-1]) for row in stored if row[-1] is not None} if has_id else set()
    missing = []
    for row in rows:
        if has_id and row[-1] is not None:
            if (row[0], row[-1]) not in ids:
                missing.append(row)
        elif stored[row] > 0:
            stored[row] -= 1
        else:
            missing.append(row)
    return missing


def _insert_facts(
    transaction: Transaction, table: Table, rows: Sequence[Row], touched: dict[int, int]
) -> None:
    if not rows:
        return
    names = ("lead_no", *FACT_COLUMNS[table.name])
    numbers = transaction.numbers("row_no", len(rows))
    values = [
        {"row_no": number, "event_key": None, **dict(zip(names, row, strict=True))}
        for number, row in zip(numbers, rows, strict=True)
    ]
    INSERTS[table.name].run(transaction.connection, values)
    for number, row in zip(numbers, rows, strict=True):
        touched[row[0]] = number


def _changed_attributes(
    now_us: int, history: History, span: tuple[int, int], stored: LeadRows, loaded: Loaded
) -> Iterator[Row]:
    start, stop = span
    texts = {name: _texts(factor, start, stop) for name, factor in history.attributes.items()}
    position = {lead_id: i for i, lead_id in enumerate(history.lead_ids[start:stop])}
    pairs = zip(stored.leads, current_attributes(stored), strict=True)
    for lead, now in sorted(pairs, key=lambda pair: position[pair[0].lead_id]):
        i = position[lead.lead_id]
        if lead.created_us != int(history.created_us[start + i]):
            loaded.conflict_count += 1
            if len(loaded.conflicts) < FIRST_SHOWN:
                loaded.conflicts.append(lead.lead_id)
        for name, column in texts.items():
            value = column[i]
            if value is not None and value != now.at_creation(name) and value != now.text(name):
                yield lead.lead_no, now_us, now_us, name, _json(value)


def _keep_settings(connection: Connection, history: History) -> None:
    """The folder's configuration, attribute names and costs, as the last load gave them."""
    write_setting(connection, "config", _json(_as_given(history.config)))
    names = json.loads(read_setting(connection, "attributes") or "[]")
    write_setting(connection, "attributes", _json(list(dict.fromkeys([*names, *history.attributes]))))
    if history.costs is not None:
        _replace_costs(connection, history.costs)


def _as_given(config: FunnelConfig) -> dict[str, Any]:
    """Without the folder's column names, which the store has made canonical, and without inferred stages."""
    given = {**to_dict(config), "columns": {}}
    return {**given, "stages": []} if "stages" in config.inferred else given


def _replace_costs(connection: Connection, costs: Costs) -> None:
    connection.execute(delete(db.costs))
    n = len(costs.amount)
    columns = (costs.start_us.tolist(), costs.end_us.tolist(), costs.amount.tolist())
    texts = (_texts(costs.channel, 0, n), _texts(costs.source, 0, n))
    rows = [
        {"cost_no": i, "start_us": s, "end_us": e, "amount": a, "channel": c, "source": o}
        for i, (s, e, a, c, o) in enumerate(zip(*columns, *texts, strict=True))
    ]
    if rows:
        connection.execute(db.costs.insert(), rows)


def stored_config(connection: Connection) -> dict[str, Any] | None:
    """The configuration of the folder loaded last, None before any."""
    text = connection.execute(select(db.settings.c.value).where(db.settings.c.name == "config")).scalar()
    return None if text is None else dict(json.loads(text))
