"""Account Engagement (Pardot): prospects, activities, opportunities, lifecycle -> the tables of a data folder."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME
from connectors.deals.records import RecordKind
from connectors.folder.tables import Result, Sink
from connectors.pardot.activities import Log, activity_rows, visitor_rows
from connectors.pardot.lifecycle import history_rows, lifecycle_stages
from connectors.pardot.moved import moved_from
from connectors.pardot.objects import ALL_KINDS, LINKS, OPPORTUNITY, STAGE
from connectors.pardot.prospects import IDENTITY, list_ignored, prospects
from connectors.persons.convert import convert_persons
from connectors.persons.earlier import known_earlier, merged_earlier
from connectors.persons.events import EventNames, event_names
from connectors.persons.opportunities import Evidence, OpportunityKind, opportunity_rows
from connectors.persons.rows import PersonRows, Role, Rules, erasures
from connectors.persons.values_today import person_rows
from connectors.reading.export import Export
from connectors.reading.ids import whole_ids

KINDS: Final = ALL_KINDS
OBJECTS: Final = ("person",)
LEAD_RULE: Final = "a prospect is a lead from its creation"
OPPORTUNITIES: Final = OpportunityKind(
    RecordKind(OPPORTUNITY.name, "id", "created_at", ("updated_at",), ("is_deleted",), key=whole_ids),
    links=LINKS, link_opportunity="opportunity_id", link_person="prospect_id", link_primary="",
    closed_at="closed_at", stage="stage", amount="value", currency="currency", reason="lost_reason", status="status",
    person="prospects.prospect.id", first_created=True,
)  # fmt: skip


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    names = event_names(export.options, EventNames((), (), (), ()))
    lead_rule = f"a person is a lead from the first {' or '.join(names.lead)}" if names.lead else LEAD_RULE
    stages = names.stages or lifecycle_stages(export.unaccounted().table(STAGE.name)).open
    rules = Rules(
        lead_rule, stages=stages, won=names.won or ("a won opportunity",), identity=IDENTITY,
        check_kinds=names.refuse_unseen,
    )  # fmt: skip
    log = Log(names, moved_from(export.earlier))
    result = convert_persons(export, partial(_read, log=log), rules, sink)
    list_ignored(export)
    return result


def _read(export: Export, log: Log) -> Iterator[PersonRows]:
    """Activities come first: they tell links and closings of opportunities, and who was merged."""
    log.begin()
    yield from activity_rows(export, log)
    yield from visitor_rows(export, log)
    yield from history_rows(export, log)
    people = prospects(export)
    merged = log.moved.merged(people.ids, people.deleted)
    # A merge deletes the merged record: that erases nobody.
    gone = people.deleted - merged.keys() - merged_earlier(export.earlier)
    yield erasures(None, pa.array(sorted(gone), pa.string()))
    yield _merges(merged, log)
    if people.records is not None:
        yield from person_rows(export, people.records, log.old())
    # A later export may hold the changed prospects alone.
    known = people.ids | known_earlier(export.earlier) if people.records is not None else None
    evidence = Evidence(log.linked(), log.closed_us, known, log.latest_us)
    yield from opportunity_rows(export, OPPORTUNITIES, log.names, evidence)


def _merges(merged: dict[str, str], log: Log) -> PersonRows:
    """Each merged prospect as a further id of its survivor, since the end of the export."""
    count = len(merged)
    return PersonRows(
        None, np.full(count, max(log.latest_us, 0)), np.full(count, NO_TIME),
        np.full(count, Role.STATEMENT, np.int8), np.zeros(count, np.bool_),
        {"known": pa.array(list(merged.values()), pa.string()), "other": pa.array(list(merged), pa.string())},
    )  # fmt: skip
