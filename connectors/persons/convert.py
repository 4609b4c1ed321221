"""An export of a system of persons -> the tables of a data folder, in two readings that hold one batch at a time."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME, times
from connectors.folder.other_ids import with_other_ids
from connectors.folder.tables import Result, Sink
from connectors.persons.amounts import amounts_of
from connectors.persons.census import REASONS, USED, Census, take_census
from connectors.persons.decisions import Decided, decide, outcome_table, stage_table
from connectors.persons.earlier import IDENTITIES, earlier_rows
from connectors.persons.log import Log, LogBuilder
from connectors.persons.rows import PersonRows, Reader, Role, Rules
from connectors.persons.traits import Traits
from connectors.reading.export import Export
from history.base.arrays import Codes, Flags, Ints, Mask
from history.base.errors import InvalidInput
from history.text.times import DAY_US

# A system that knows most rows only a day after they happened was filled later: then its times of knowledge tell
# when it was filled, not when anybody knew.
BACKFILLED_US: Final = DAY_US

NO_IDS: Final = "rows have no id of their own: the same row in two files counts twice"


def convert_persons(export: Export, read: Reader, rules: Rules, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    export.leave_unused()
    _note_lists(export)
    log, earlier = _first_reading(export, read, rules)
    census = take_census(log, earlier)
    if not len(census.ids):
        unused = (
            f" Of no use: {', '.join(export.unclaimed)} (no table of {export.system})."
            if export.unclaimed
            else ""
        )
        raise InvalidInput(
            f"no row makes a lead: {rules.lead_rule}. --lead NAME names an event that makes one.{unused}"
        )
    decided = decide(log, census, earlier)
    amounts = amounts_of(log.decisions, decided, export.options, rules.converted_into)
    exported_us = _exported(log, earlier, export.options.now_us)

    sink.erase(census.erased)
    sink.rename(census.renamed)
    traits = Traits(census)
    known = {name: export.earlier[name] for name in ("leads", "attribute_changes") if name in export.earlier}
    traits.add_earlier(with_other_ids(known, census.renamed))
    for table in _second_reading(export, read, census, log, earlier, traits):
        sink.add("interactions", table)
    columns = {"lead_id": census.ids, "created_at": times(census.created_us), **traits.attributes()}
    leads = pa.table(columns).filter(pa.array(_is_present(census, earlier)))
    sink.leads(leads, exported_us, set(columns) - {"lead_id", "created_at"})
    sink.add("stages", stage_table(log, census, decided, rules.first_stage))
    sink.add("outcomes", outcome_table(log, census, decided, amounts.value))
    sink.add("attribute_changes", traits.changes())
    sink.add(IDENTITIES, census.identities)
    _note(export, log, decided, rules, len(census.ids))
    wins = amounts.value[decided.place[decided.role == Role.WON]]
    unknown = int(np.isnan(wins).sum())
    if unknown:
        export.notes.append(
            f"{unknown:,} of {len(wins):,} wins have no amount: what they brought is unknown."
        )
    stages = tuple(dict.fromkeys((rules.first_stage, *rules.stages) if rules.first_stage else rules.stages))
    identity = tuple(name for name in rules.identity if name in columns)
    return Result("person", amounts.currency, stages, identity, exported_us)


def _note_lists(export: Export) -> None:
    """Names lists within the rows of files that are read, such as the products of orders, once for all files."""
    files = {source.source.file for source in export.sources}
    lists: dict[str, int] = {}
    for name in export.unclaimed:
        file, _, key = name.rpartition(", ")
        if file in files:
            lists[key] = lists.get(key, 0) + 1
    export.unclaimed = [name for name in export.unclaimed if name.rpartition(", ")[0] not in files]
    export.notes += [
        f"lists below {key} are not read (in {count:,} files)." for key, count in sorted(lists.items())
    ]


def _first_reading(export: Export, read: Reader, rules: Rules) -> tuple[Log, int]:
    """The log of all rows, and how many of them stand for an earlier import."""
    scratch = export.unaccounted()
    builder = LogBuilder()
    for rows in earlier_rows(export.earlier):
        builder.add(rows)
    earlier = builder.rows
    for rows in read(scratch):
        builder.add(rows)
    if rules.check_kinds is not None:
        rules.check_kinds(builder.kinds)
    return _without_backfill(export, builder.log(), earlier), earlier


def _without_backfill(export: Export, log: Log, earlier: int) -> Log:
    """The log without times of knowledge if most of them are those of a later filling."""
    recorded, us = log.recorded_us[earlier:], log.us[earlier:]
    known = recorded != NO_TIME
    late = recorded[known] - us[known]
    if not len(late) or np.median(late) <= BACKFILLED_US:
        return log
    export.notes.append(
        f"half of the rows were recorded more than {np.median(late) / DAY_US:,.0f} days after they happened: the "
        "history was filled later, and the times of recording are not used."
    )
    return replace(log, recorded_us=np.full(len(log), NO_TIME))


def _second_reading(
    export: Export, read: Reader, census: Census, log: Log, earlier: int, traits: Traits
) -> Iterator[pa.Table]:
    """Batches of `interactions`; collects traits on the way, and accounts for every row."""
    start = earlier
    for rows in read(export):
        piece = slice(start, start + len(rows))
        start += len(rows)
        reason = census.reason[piece]
        if rows.table is not None:
            _account(export, rows.table, reason)
        used = reason == USED
        lead = np.where(used, census.lead[piece], -1).astype(np.int32)
        visible_us = census.visible_us[piece]
        traits.add(rows, lead, visible_us, census.rank[piece])
        yield _interactions(census, rows, lead, visible_us)


def _account(export: Export, table: pa.Table, reason: Flags) -> None:
    """Counts the rows of a batch as used or set aside."""
    export.use(table.filter(pa.array(reason == USED)))
    for place in np.unique(reason[reason != USED]).tolist():
        export.leave(table, REASONS[place], reason == place)


def _interactions(census: Census, rows: PersonRows, lead: Codes, visible_us: Ints) -> pa.Table:
    touches = np.flatnonzero((lead >= 0) & (rows.role == Role.TOUCH))
    us, known = rows.us[touches], visible_us[touches]
    place = pa.array(touches)
    value = rows.number(rows.value)[touches]
    texts = {
        name: rows.text(column).take(place)
        for name, column in (
            ("kind", "kind"),
            ("interaction_id", "event_id"),
            ("channel", "channel"),
            ("direction", "direction"),
        )
    }
    return pa.table(
        {
            "lead_id": census.ids.take(pa.array(lead[touches])),
            "occurred_at": times(us),
            "recorded_at": times(np.where(known > us, known, NO_TIME)),
            "value": pa.array(value, mask=~np.isfinite(value)),
            **texts,
        }
    )


def _is_present(census: Census, earlier: int) -> Mask:
    """Which leads (n,) have a row in this export; the others are those of an earlier import alone."""
    present = np.zeros(len(census.ids), dtype=np.bool_)
    lead = census.lead[earlier:]
    present[lead[lead >= 0]] = True
    return present


def _exported(log: Log, earlier: int, now_us: int) -> int:
    """When the export was made: the latest past time among its rows."""
    latest = np.maximum(log.us, log.recorded_us)[earlier:]
    past = latest[latest <= now_us]
    return int(past.max()) if len(past) else now_us


def _note(export: Export, log: Log, decided: Decided, rules: Rules, leads: int) -> None:
    """What people should know, for import.json: who is a lead, what was moved, and whether anybody wins."""
    owners = log.owner
    persons = len(np.unique(owners[owners >= 0]))
    export.notes.append(f"{leads:,} leads among the owners of {persons:,} ids: {rules.lead_rule}.")
    export.tally(NO_IDS, int(((log.role == Role.TOUCH) & (log.event == 0)).sum()))
    if not (decided.role == Role.WON).any() and "outcomes" not in export.earlier:
        export.notes.append(f"nobody wins: no lead has {' or '.join(rules.won)}. --won NAME names what wins.")
