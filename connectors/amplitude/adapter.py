"""Amplitude: events with the user's properties at that time -> the tables of a data folder."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.amplitude.objects import ALL_KINDS, DELETION, EVENT, MERGE
from connectors.deals.deals import NO_TIME
from connectors.folder.tables import Result, Sink
from connectors.persons.convert import convert_persons
from connectors.persons.events import LEAD_EVENTS, EventNames, directions, event_names
from connectors.persons.rows import PersonRows, Role, Rules, erasures, person_ids
from connectors.persons.streams import (
    IDENTITY,
    Moments,
    addresses,
    are_tests,
    attributes,
    first_number,
    kinds_of,
    moments,
    page_kinds,
    renamed,
    usable,
    with_cells,
    without_robots,
)
from connectors.reading.export import DELETED, Export, booleans, column
from history.base.arrays import Flags, Mask
from history.folder.values.columns import Times

KINDS: Final = ALL_KINDS
OBJECTS: Final = ("person",)
DEFAULTS: Final = EventNames(won=("Order Completed", "purchase"), lost=(), stages=(), lead=LEAD_EVENTS)
LEAD_RULE: Final = (
    "a person is a lead from the first event with a user_id or an e-mail address, or the first form"
)
FIRST_STAGE: Final = "new"
CELLS: Final = ("event_properties", "user_properties", "groups")  # JSON texts in CSV and warehouses
STATEMENTS: Final = ("identify", "groupidentify", "exposure")  # $identify and the like: no act of a person
SESSION_END: Final = "session_end"
PAGE: Final = ("amplitude_page_viewed", "page_viewed", "page_view")
CONTEXT: Final = {
    "country": "country", "region": "region", "platform": "platform", "os": "os_name", "device": "device_type",
    "language": "language",
}  # fmt: skip
AMOUNTS: Final = ("event_properties.$revenue", "event_properties.total", "event_properties.value")
VALUES: Final = (
    "event_properties.value", "event_properties.$revenue", "event_properties.total", "event_properties.price",
)  # fmt: skip
SOURCES: Final = (
    "user_properties.initial_utm_source", "user_properties.utm_source", "user_properties.initial_referring_domain",
)  # fmt: skip
NO_SOURCE: Final = ("EMPTY", "none", "(none)")  # as Amplitude's SDKs write a missing campaign
AGENTS: Final = ("device_family", "user_properties.user_agent")
TEST_FLAGS: Final = ("event_properties.is_test", "user_properties.is_test")
TRAITS: Final = ("user_properties.", "gp:")
# Company before any other group.
GROUPS: Final = ("company", "account", "organization", "organisation", "org", "team", "workspace")
LEFT_OUT: Final = ("paying", "is_test", "user_agent")
OF_PAGE: Final = ("url", "path", "title", "referrer", "email", "is_test")


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    names = event_names(export.options, DEFAULTS)
    rules = Rules(
        lead_rule=f"a person is a lead from the first {' or '.join(names.lead)}"
        if export.options.lead
        else LEAD_RULE,
        first_stage=FIRST_STAGE if names.stages else None,
        stages=names.stages,
        won=names.won,
        identity=IDENTITY,
        check_kinds=names.refuse_unseen,
    )
    export.ignore(EVENT.name, ["paying"] if export.has_field(EVENT.name, "paying") else [])
    return convert_persons(export, partial(_read, names=names), rules, sink)


def _read(export: Export, names: EventNames) -> Iterator[PersonRows]:
    for table in export.combined(EVENT.name):
        yield from _events(export, table, names)
    for table in export.batches(MERGE.name):
        yield _merges(export, table)
    for table in export.batches(DELETION.name):
        yield erasures(table, _visitors(column(table, "amplitude_id")))


def _events(export: Export, table: pa.Table, names: EventNames) -> Iterator[PersonRows]:
    table = export.leave(table, "deleted", booleans(column(table, DELETED))[0])
    table = with_cells(export, table, CELLS)
    times = moments(_occurred(export, table), _recorded(export, table))
    table, times = usable(export, table, times)
    people = without_robots(export, table, AGENTS)
    table, times = table.filter(pa.array(people)), times.where(people)
    ends = _are(kinds_of(column(table, "event_type")), (SESSION_END,))
    table, times = export.leave(table, "session_end", ends), times.where(~ends)
    unnamed = pc.is_null(kinds_of(column(table, "event_type"))).to_numpy(zero_copy_only=False)
    table, times = export.leave(table, "no_event_name", unnamed), times.where(~unnamed)
    if len(table):
        yield _person_rows(export, table, times, names)


def _occurred(export: Export, table: pa.Table) -> Times:
    """`event_time`; without it, the device's time moved by the error of its clock, as Amplitude does."""
    stated = export.times(table, "event_time")
    if bool(np.all(stated.known)):
        return stated
    client, sent = export.times(table, "client_event_time"), export.times(table, "client_upload_time")
    received = _recorded(export, table)
    moved = np.where(sent.known & received.known, client.us + received.us - sent.us, client.us)
    known = stated.known | client.known
    return Times(np.where(stated.known, stated.us, moved), known, known, np.zeros(len(table), dtype=np.bool_))


def _recorded(export: Export, table: pa.Table) -> Times:
    """When Amplitude had an event: the first time of these that is there."""
    us, known = np.zeros(len(table), dtype=np.int64), np.zeros(len(table), dtype=np.bool_)
    for name in ("server_upload_time", "server_received_time", "processed_time"):
        read = export.times(table, name)
        us = np.where(known, us, read.us)
        known |= read.known
    return Times(us, known, known, np.zeros(len(table), dtype=np.bool_))


def _person_rows(export: Export, table: pa.Table, times: Moments, names: EventNames) -> PersonRows:
    kinds = kinds_of(column(table, "event_type"))
    pages = page_kinds("page", pc.coalesce(
        column(table, "event_properties.[Amplitude] Page Path"), column(table, "event_properties.[Amplitude] Page URL")
    ))  # fmt: skip
    kinds = pc.if_else(pa.array(_are(kinds, PAGE)), pages, kinds)
    roles = np.where(_are(kinds, STATEMENTS), Role.STATEMENT, names.roles(kinds)).astype(np.int8)
    form = names.make_leads(kinds)
    form_address = pc.if_else(
        pa.array(form), column(table, "event_properties.email"), pa.scalar(None, pa.string())
    )
    address = addresses(pc.coalesce(column(table, "user_properties.email"), form_address))
    known = person_ids(column(table, "user_id"))
    return PersonRows(
        table=table,
        us=times.us,
        recorded_us=times.recorded_us,
        role=roles,
        makes_lead=form if export.options.lead else _make_leads(form, known, address),
        is_test=are_tests(table, TEST_FLAGS),
        columns={
            "known": known,
            "address": address,
            "visitor": pc.coalesce(
                _visitors(column(table, "amplitude_id")), person_ids(column(table, "device_id"))
            ),
            "event_id": _event_ids(table),
            "kind": kinds,
            "channel": pc.utf8_lower(column(table, "platform")),
            "direction": directions(kinds),
            "stage": names.stage_names(kinds),
            "currency": column(table, "event_properties.currency"),
            "reason": column(table, "event_properties.reason"),
        },
        amount=first_number(export, table, AMOUNTS, of="an amount"),
        value=first_number(export, table, VALUES),
        traits={**attributes(table, TRAITS, LEFT_OUT), **_account(table)},
        context={**renamed(table, CONTEXT), **_form(table, form)},
        first={"source": _sources(table)},
    )


def _make_leads(form: Mask, known: pa.Array, address: pa.Array) -> Mask:
    is_known = pc.or_(pc.is_valid(known), pc.is_valid(address))
    return np.asarray(form | is_known.to_numpy(zero_copy_only=False))


def _are(kinds: pa.Array, names: tuple[str, ...]) -> Mask:
    return np.asarray(
        pc.fill_null(pc.is_in(kinds, value_set=pa.array(names)), False).to_numpy(zero_copy_only=False)
    )


def _visitors(ids: pa.Array) -> pa.Array:
    """Amplitude's own ids, told apart from the numbers that many systems use as ids of users."""
    bare = pc.replace_substring_regex(ids, r"\.0$", "")
    return pc.binary_join_element_wise("amplitude-", person_ids(bare), "")


def _event_ids(table: pa.Table) -> pa.Array:
    """$insert_id, which is unique on a device, else the event's uuid."""
    of_device = pc.binary_join_element_wise(
        column(table, "$insert_id"), pc.fill_null(column(table, "device_id"), ""), "/"
    )
    return pc.coalesce(of_device, column(table, "uuid"))


def _account(table: pa.Table) -> dict[str, pa.Array]:
    groups = attributes(table, ("groups.",))
    ordered = sorted(groups, key=lambda name: (GROUPS.index(name) if name in GROUPS else len(GROUPS), name))
    return {"account_id": pc.coalesce(*(groups[name] for name in ordered))} if ordered else {}


def _form(table: pa.Table, form: Mask) -> dict[str, pa.Array]:
    """What a form says of a person; no other event's properties are attributes."""
    if not form.any():
        return {}
    answers = attributes(table, ("event_properties.",), OF_PAGE)
    nothing = pa.scalar(None, pa.string())
    return {name: pc.if_else(pa.array(form), values, nothing) for name, values in answers.items()}


def _sources(table: pa.Table) -> pa.Array:
    sources = pc.coalesce(*(column(table, name) for name in SOURCES))
    missing = pc.is_in(sources, value_set=pa.array(NO_SOURCE))
    return pc.if_else(missing, pa.scalar(None, pa.string()), sources)


def _merges(export: Export, table: pa.Table) -> PersonRows:
    """Amplitude ids that became one; the later id stays."""
    event, server = export.times(table, "merge_event_time"), export.times(table, "merge_server_time")
    us = np.where(event.known, event.us, np.where(server.known, server.us, 0))
    count = len(table)
    roles: Flags = np.full(count, Role.STATEMENT, dtype=np.int8)
    return PersonRows(
        table, us, np.where(server.known, server.us, NO_TIME), roles, np.zeros(count, dtype=np.bool_),
        {
            "visitor": _visitors(column(table, "merged_amplitude_id")),
            "other": _visitors(column(table, "amplitude_id")),
        },
    )  # fmt: skip
