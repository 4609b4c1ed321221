"""The lifecycle of Account Engagement: stages in their order, and the entries of prospects into them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.pardot.activities import Log
from connectors.pardot.kinds import mask
from connectors.pardot.objects import HISTORY, OPPORTUNITY, STAGE
from connectors.pardot.prospects import UNNAMED, unnamed
from connectors.persons.rows import PersonRows, Role, each_word, person_ids, slug
from connectors.persons.streams import Moments, usable
from connectors.reading.export import DELETED, Export, booleans, column
from connectors.reading.ids import whole_ids
from connectors.reading.words import outcome_of
from history.base.arrays import Flags


@dataclass(frozen=True)
class Stages:
    """The names of the stages by their ids, in the order of the lifecycle."""

    names: Mapping[str, str]

    @property
    def open(self) -> tuple[str, ...]:
        """The names of those that decide nothing."""
        return tuple(dict.fromkeys(name for name in self.names.values() if decision_of(name) is None))


def decision_of(name: str) -> str | None:
    """won, lost or None for a stage by its name: "Won Opportunity" is won."""
    words = [word for word in name.split() if word.casefold() not in ("opportunity", "opportunities")]
    return outcome_of(" ".join(words))


def lifecycle_stages(table: pa.Table) -> Stages:
    """The stages of a table, by position."""
    ids, names = whole_ids(column(table, "id")).to_pylist(), column(table, "name").to_pylist()
    positions = whole_ids(column(table, "position")).to_pylist()
    places = [
        int(text) if text and text.isdecimal() else len(table) + row for row, text in enumerate(positions)
    ]
    order = sorted(range(len(table)), key=lambda row: places[row])
    return Stages({ids[row]: names[row] for row in order if ids[row] and names[row]})


def history_rows(export: Export, log: Log) -> Iterator[PersonRows]:
    """Entries into stages; a closing word decides, a win only without opportunities."""
    stage_table = export.table(STAGE.name)
    export.use(stage_table)
    stages = lifecycle_stages(stage_table)
    table = export.table(HISTORY.name)
    table = export.leave(table, "deleted", booleans(column(table, DELETED))[0])
    read = export.times(table, "created_at")
    unknown = np.full(len(table), NO_TIME, dtype=np.int64)
    moments = Moments(np.where(read.known, read.us, NO_TIME), unknown, unknown > NO_TIME)
    table, moments = usable(export, table, moments)
    log.see(moments.us, export.options.now_us)
    names = _names(table, stages)
    count = unnamed(_stage_ids(table), column(table, "next_stage"), stages.names)
    export.tally(UNNAMED.format(STAGE.name, STAGE.name), count)
    without = pc.is_null(names).to_numpy(zero_copy_only=False)
    table, moments = export.leave(table, "no_stage", without), moments.where(~without)
    names = names.filter(pa.array(~without))
    kinds, count = each_word(names, slug), len(table)
    roles = _roles(export, log, names, kinds)
    yield PersonRows(
        table, moments.us, moments.recorded_us, roles,
        log.names.make_leads(kinds) if export.options.lead else np.zeros(count, np.bool_),
        {
            "known": person_ids(whole_ids(column(table, "prospect_id"))),
            "event_id": pc.binary_join_element_wise("stage-", whole_ids(column(table, "id")), ""),
            "kind": kinds,
            "stage": pc.if_else(
                pa.array(roles == Role.STAGE), pc.coalesce(log.names.stage_names(kinds), names),
                pa.scalar(None, pa.string()),
            ),
        },
    )  # fmt: skip


def _names(table: pa.Table, stages: Stages) -> pa.Array:
    """The stage that each row (m,) enters: as named, by its id, else the id itself."""
    by_id = each_word(_stage_ids(table), lambda id_: stages.names.get(id_, f"Stage {id_}"))
    return pc.coalesce(column(table, "next_stage"), by_id)


def _stage_ids(table: pa.Table) -> pa.Array:
    """The id of the stage that each row (m,) enters; null for a prospect that leaves the lifecycle."""
    return person_ids(whole_ids(column(table, "next_stage_id")))


def _roles(export: Export, log: Log, names: pa.Array, kinds: pa.Array) -> Flags:
    roles = np.full(len(names), Role.STAGE, dtype=np.int8)
    words = each_word(names, decision_of)
    if not log.names.lost:
        roles[mask(words, "lost")] = Role.LOST
    if not log.names.won:
        roles[mask(words, "won")] = Role.STATEMENT if export.has(OPPORTUNITY.name) else Role.WON
    named = log.names.roles(kinds)
    return np.where(named == Role.TOUCH, roles, named).astype(np.int8)
