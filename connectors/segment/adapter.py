"""Segment and RudderStack: identify, track, page, screen, group and alias calls -> the tables of a data folder."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.folder.tables import Result, Sink
from connectors.persons.convert import convert_persons
from connectors.persons.events import LEAD_EVENTS, EventNames, directions, event_names
from connectors.persons.rows import PersonRows, Role, Rules, each_word, erasures, person_ids
from connectors.persons.streams import (
    IDENTITY,
    Moments,
    addresses,
    are_tests,
    attributes,
    first_number,
    host_of,
    kinds_of,
    moments,
    page_kinds,
    renamed,
    usable,
    without_robots,
)
from connectors.reading.export import DELETED, Export, booleans, column
from connectors.reading.recognise import Recognised
from connectors.segment.objects import ALIAS, ALL_KINDS, CALL, GROUP, IDENTIFY, PAGE, SUPPRESSION, TRACK, USER
from connectors.segment.times import corrected
from history.base.arrays import Flags, Mask

KINDS: Final = ALL_KINDS
OBJECTS: Final = ("person",)
DEFAULTS: Final = EventNames(won=("Order Completed",), lost=(), stages=(), lead=LEAD_EVENTS)
FIRST_STAGE: Final = "new"
LEAD_RULE: Final = (
    "a person is a lead from the first call with a userId or an e-mail address, or the first form"
)
CALLS: Final = ("identify", "track", "page", "screen", "group", "alias")
CONTEXT: Final = {
    "utm_medium": "context.campaign.medium", "utm_campaign": "context.campaign.name", "device": "context.device.type",
    "os": "context.os.name", "locale": "context.locale", "country": "context.location.country",
}  # fmt: skip
AMOUNTS: Final = ("properties.revenue", "properties.total", "properties.value")
VALUES: Final = ("properties.value", "properties.revenue", "properties.total", "properties.price")
# Properties of a form that describe the page, not the person.
OF_PAGE: Final = (
    "url",
    "path",
    "title",
    "referrer",
    "search",
    "email",
    "name",
    "label",
    "category",
    "form_id",
    "test",
)
TEST_FLAGS: Final = ("is_test", "traits.is_test", "properties.is_test")
CHANNELS: Final = {"browser": "web", "client": "web", "mobile": "app"}


@dataclass(frozen=True)
class _Batch:
    """Rows of one table with their times, and the names of the events."""

    export: Export
    source: Recognised
    table: pa.Table
    times: Moments
    names: EventNames

    def text(self, name: str) -> pa.Array:
        return column(self.table, name)

    @property
    def nothing(self) -> pa.Array:
        return pa.nulls(len(self.table), pa.string())

    def all(self, role: Role) -> Flags:
        return np.full(len(self.table), role, dtype=np.int8)

    @property
    def own(self) -> tuple[str, ...]:
        """The table's own columns: properties of an event, traits of a person."""
        own = (name for name in self.source.others if not name.startswith("context"))
        return tuple(name for name in own if name in self.table.column_names)

    def own_columns(self, without: Iterable[str] = ()) -> dict[str, pa.Array]:
        return attributes(self.table.select(self.own), ("",), without)


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    names = event_names(export.options, DEFAULTS)
    rule = (
        f"a person is a lead from the first {' or '.join(names.lead)}" if export.options.lead else LEAD_RULE
    )
    rules = Rules(
        lead_rule=rule,
        first_stage=FIRST_STAGE if names.stages else None,
        stages=names.stages,
        won=names.won,
        identity=(*IDENTITY, *(f"account_{name}" for name in IDENTITY)),
        check_kinds=names.refuse_unseen,
    )
    return convert_persons(export, partial(_read, names=names), rules, sink)


def _read(export: Export, names: EventNames) -> Iterator[PersonRows]:
    """All calls; the tables of single events come before `tracks`, which repeats their rows without properties."""
    calls = [source for source in export.sources if source.kind is CALL]
    for table in export.combined(CALL.name) if calls else ():
        yield from _rows(export, calls[0], table, names, _calls)
    for kind, read in READERS.items():
        places = [place for place, source in enumerate(export.sources) if source.kind.name == kind]
        for place in sorted(places, key=lambda place: -_properties(export.sources[place])):
            for table in export.source_batches(place):
                yield from _rows(export, export.sources[place], table, names, read)
    for table in export.batches(SUPPRESSION.name):
        yield from _erasures(export, table)


def _properties(source: Recognised) -> int:
    """How many columns of a table are properties of its event."""
    own = [name for name in source.others if not name.startswith("context")]
    return len(own) + sum(name.startswith("properties.") for name in source.columns)


def _rows(
    export: Export,
    source: Recognised,
    table: pa.Table,
    names: EventNames,
    read: Callable[["_Batch"], PersonRows],
) -> Iterator[PersonRows]:
    """The rows of a batch that are of people and have a time."""
    if source.kind is CALL:
        call = pc.utf8_lower(column(table, "type"))
        table = export.leave(table, "unknown_call", ~_is(call, *CALLS))
    if source.kind in (CALL, TRACK):
        table = export.leave(table, "no_event_name", _are_unnamed(table))
    if source.kind is USER and export.has(IDENTIFY.name):
        gone, _ = booleans(column(table, DELETED))
        table = export.leave(table, "repeats_identifies", ~gone)
    elif source.kind is not USER:
        table = export.leave(table, "deleted", booleans(column(table, DELETED))[0])
    times = moments(corrected(export, table), export.times(table, "receivedAt"))
    table, times = usable(export, table, times)
    kept = without_robots(export, table, ("context.userAgent",))
    batch = _Batch(export, source, table.filter(pa.array(kept)), times.where(kept), names)
    if len(batch.table):
        yield read(batch)


def _are_unnamed(table: pa.Table) -> Mask:
    """Rows of `track` (m,) that do not say what happened."""
    kinds = pc.coalesce(kinds_of(column(table, "event")), kinds_of(column(table, "event_text")))
    missing = pc.is_null(kinds).to_numpy(zero_copy_only=False)
    if "type" not in table.column_names:
        return np.asarray(missing)
    return np.asarray(missing & _is(pc.utf8_lower(column(table, "type")), "track"))


# ---- raw calls


def _calls(batch: _Batch) -> PersonRows:
    call = pc.fill_null(pc.utf8_lower(batch.text("type")), "")
    kinds = pc.if_else(pc.equal(call, "track"), kinds_of(batch.text("event")), pa.scalar(None, pa.string()))
    page = page_kinds(
        "page",
        pc.coalesce(batch.text("context.page.path"), batch.text("name"), batch.text("properties.name")),
    )
    screen = page_kinds("screen", pc.coalesce(batch.text("name"), batch.text("properties.name")))
    kinds = pc.if_else(pc.equal(call, "page"), page, pc.if_else(pc.equal(call, "screen"), screen, kinds))
    roles = np.where(_is(call, "track"), batch.names.roles(kinds), Role.STATEMENT)
    roles = np.where(_is(call, "page", "screen"), Role.TOUCH, roles).astype(np.int8)
    form = _is(call, "track") & batch.names.make_leads(kinds)
    traits = _masked(attributes(batch.table, ("traits.",)), _is(call, "identify"))
    spoken = attributes(batch.table, ("context.traits.",))
    traits = {
        name: pc.coalesce(*(kind[name] for kind in (traits, spoken) if name in kind))
        for name in {**traits, **spoken}
    }
    traits |= {
        f"account_{name}": values
        for name, values in _masked(attributes(batch.table, ("traits.",)), _is(call, "group")).items()
    }
    account = pc.coalesce(batch.text("groupId"), batch.text("context.groupId"))
    address = pc.coalesce(
        _only(batch.text("traits.email"), ~_is(call, "group")), _only(batch.text("properties.email"), form)
    )
    return _person_rows(
        batch, kinds, roles, address,
        other=_only(batch.text("previousId"), _is(call, "alias")),
        traits={**traits, "account_id": account},
        form=_masked(attributes(batch.table, ("properties.",), OF_PAGE), form),
    )  # fmt: skip


def _is(call: pa.Array, *names: str) -> Mask:
    return np.asarray(
        pc.fill_null(pc.is_in(call, value_set=pa.array(names)), False).to_numpy(zero_copy_only=False)
    )


def _only(array: pa.Array, rows: Mask) -> pa.Array:
    """The values of some rows, null elsewhere."""
    return pc.if_else(pa.array(rows), array, pa.scalar(None, pa.string()))


def _masked(columns: Mapping[str, pa.Array], rows: Mask) -> dict[str, pa.Array]:
    masked = {name: _only(values, rows) for name, values in columns.items()}
    return {name: values for name, values in masked.items() if values.null_count < len(values)}


# ---- tables of warehouses


def _tracks(batch: _Batch) -> PersonRows:
    kinds = pc.coalesce(kinds_of(batch.text("event_text")), kinds_of(batch.text("event")))
    form = batch.names.make_leads(kinds)
    address = _only(batch.text("properties.email"), form)
    properties = _masked(batch.own_columns(OF_PAGE), form)
    return _person_rows(
        batch, kinds, batch.names.roles(kinds), address, traits=_account(batch), form=properties
    )


def _pages(batch: _Batch) -> PersonRows:
    kinds = page_kinds("page", pc.coalesce(batch.text("path"), batch.text("url"), batch.text("name")))
    return _person_rows(batch, kinds, batch.all(Role.TOUCH), traits=_account(batch))


def _identifies(batch: _Batch) -> PersonRows:
    source = batch.source
    names_screens = "name" in source.columns or "screen" in source.source.file.casefold()
    if not batch.own and "email" not in source.columns and names_screens:
        # Without traits these are rows of `screens`, which has the same columns otherwise.
        kinds = page_kinds("screen", batch.text("name"))
        return _person_rows(batch, kinds, batch.all(Role.TOUCH), traits=_account(batch))
    traits = {
        **batch.own_columns(),
        **renamed(batch.table, {"email": "email", "name": "name"}),
        **_account(batch),
    }
    return _person_rows(batch, batch.nothing, batch.all(Role.STATEMENT), batch.text("email"), traits=traits)


def _users(batch: _Batch) -> PersonRows:
    """Today's traits, as of the last identify; those of deleted users erase."""
    deleted, _ = booleans(column(batch.table, DELETED))
    traits = {**batch.own_columns(), **renamed(batch.table, {"email": "email"})}
    roles = np.where(deleted, Role.ERASURE, Role.STATEMENT).astype(np.int8)
    return _person_rows(
        batch, batch.nothing, roles, batch.text("email"), known=batch.text("id"), traits=traits
    )


def _aliases(batch: _Batch) -> PersonRows:
    return _person_rows(batch, batch.nothing, batch.all(Role.STATEMENT), other=batch.text("previousId"))


def _groups(batch: _Batch) -> PersonRows:
    traits = {f"account_{name}": values for name, values in batch.own_columns().items()}
    traits["account_id"] = batch.text("groupId")
    return _person_rows(batch, batch.nothing, batch.all(Role.STATEMENT), traits=traits)


def _account(batch: _Batch) -> dict[str, pa.Array]:
    return renamed(batch.table, {"account_id": "context.groupId"})


READERS: Final[Mapping[str, Callable[[_Batch], PersonRows]]] = {
    TRACK.name: _tracks, PAGE.name: _pages, IDENTIFY.name: _identifies, ALIAS.name: _aliases,
    GROUP.name: _groups, USER.name: _users,
}  # fmt: skip


# ---- the common form


def _person_rows(
    batch: _Batch,
    kinds: pa.Array,
    roles: Flags,
    address: pa.Array | None = None,
    **further: Any,
) -> PersonRows:
    """Rows in the common form; further: known, other, traits, form (attributes that a form gives)."""
    export, table = batch.export, batch.table
    known = person_ids(further.get("known", batch.text("userId")))
    address = batch.nothing if address is None else addresses(address)
    makes_lead = batch.names.make_leads(kinds)
    if not export.options.lead:
        is_known = pc.or_(pc.is_valid(known), pc.is_valid(address)).to_numpy(zero_copy_only=False)
        makes_lead = makes_lead | is_known
    source = pc.coalesce(batch.text("context.campaign.source"), host_of(batch.text("context.page.referrer")))
    return PersonRows(
        table=table,
        us=batch.times.us,
        recorded_us=batch.times.recorded_us,
        role=roles,
        makes_lead=np.asarray(makes_lead & (roles != Role.ERASURE)),
        columns={
            "known": known,
            "address": address,
            "visitor": person_ids(batch.text("anonymousId")),
            "other": person_ids(further.get("other", batch.nothing)),
            "event_id": batch.text("messageId"),
            "kind": kinds,
            "channel": _channels(batch, kinds),
            "direction": directions(kinds),
            "stage": batch.names.stage_names(kinds),
            "currency": batch.text("properties.currency"),
            "reason": batch.text("properties.reason"),
        },
        amount=first_number(export, table, AMOUNTS, of="an amount"),
        value=first_number(export, table, VALUES),
        is_test=are_tests(table, TEST_FLAGS),
        traits=further.get("traits", {}),
        context={**renamed(table, CONTEXT), **further.get("form", {})},
        first={"source": source},
    )


def _channels(batch: _Batch, kinds: pa.Array) -> pa.Array:
    channel = each_word(batch.text("channel"), lambda word: CHANNELS.get(word.casefold(), word.casefold()))
    is_email = pc.fill_null(pc.starts_with(kinds, "email_"), False)
    return pc.if_else(is_email, "email", channel)


def _erasures(export: Export, table: pa.Table) -> Iterator[PersonRows]:
    """Requests to delete or suppress people; one row may name several."""
    kind = pc.fill_null(pc.utf8_lower(column(table, "regulationType")), "")
    others = pc.match_substring_regex(kind, "unsuppress").to_numpy(zero_copy_only=False)
    table = export.leave(table, "not_a_deletion", others)
    ids = pc.split_pattern(pc.fill_null(column(table, "subjectIds"), ""), ";")
    longest = pc.max(pc.list_value_length(ids)).as_py() or 0
    for place in range(longest):
        long_enough = pc.greater(pc.list_value_length(ids), place)
        chosen = ids.filter(long_enough)
        names = pc.list_element(chosen, place)
        yield erasures(table if place == 0 else None, names)
