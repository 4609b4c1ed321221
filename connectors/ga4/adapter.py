"""Google Analytics 4: events of the BigQuery export -> the tables of a data folder."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.folder.tables import Result, Sink
from connectors.ga4.objects import ALL_KINDS, EVENT
from connectors.persons.convert import convert_persons
from connectors.persons.events import EventNames, are_named, directions, event_names
from connectors.persons.rows import PersonRows, Role, Rules, person_ids
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
    with_cells,
)
from connectors.reading.declare import Trap
from connectors.reading.export import Export, column
from connectors.reading.hashes import hashes
from history.base.arrays import Mask
from history.folder.values.columns import Times

KINDS: Final = ALL_KINDS
OBJECTS: Final = ("person",)
FIRST_STAGE: Final = "generate_lead"
FOLLOWERS: Final = (
    "qualify_lead",
    "working_lead",
    "disqualify_lead",
    "close_convert_lead",
    "close_unconvert_lead",
)
DEFAULTS: Final = EventNames(
    won=("close_convert_lead", "purchase"),
    lost=("disqualify_lead", "close_unconvert_lead"),
    stages=("qualify_lead", "working_lead"),
    lead=(FIRST_STAGE, "sign_up", *FOLLOWERS),
)
LEAD_RULE: Final = (
    "a person is a lead from the first generate_lead, sign_up, later lead event, or event with a user_id"
)
# Sent while a page is open: a measure of time, no act. What it says of the person counts.
ENGAGEMENT: Final = "user_engagement"
CURRENCY: Final = "USD"  # into which Google converts amounts
CONTEXT: Final = {
    "country": "geo.country", "region": "geo.region", "device": "device.category", "os": "device.operating_system",
    "language": "device.language", "platform": "platform", "utm_medium": "collected_traffic_source.manual_medium",
    "utm_campaign": "collected_traffic_source.manual_campaign_name",
}  # fmt: skip
AMOUNTS: Final = ("ecommerce.purchase_revenue", "event_params.value")
CONVERTED: Final = ("ecommerce.purchase_revenue_in_usd", "event_value_in_usd")
REASONS: Final = ("event_params.disqualified_lead_reason", "event_params.unconvert_lead_reason")
INTERNAL: Final = ("internal", "developer")
# Parameters that Google sets itself, or that describe the page and the session, not the person.
TECHNICAL: Final = (
    "ga_session_id", "ga_session_number", "page_location", "page_referrer", "page_title", "value", "currency",
    "debug_mode", "traffic_type", "engagement_time_msec", "session_engaged", "engaged_session_event", "entrances",
    "campaign", "source", "medium", "term", "content", "gclid", "srsltid", "ignore_referrer", "synthetic_bundle",
    "batch_page_id", "batch_ordering_id", "transaction_id", "email", "form_id", "form_name", "form_destination",
    "form_submit_text", "form_length", "link_url", "link_id", "percent_scrolled", "outbound", "firebase_event_origin",
    "disqualified_lead_reason", "unconvert_lead_reason", "tax", "shipping", "coupon", "currency_code",
)  # fmt: skip
# What tells two events of one browser and instant apart, besides their parameters.
KEYS: Final = (
    "user_pseudo_id", "user_id", "event_timestamp", "event_name", "event_bundle_sequence_id", "batch_page_id",
    "batch_ordering_id", "batch_event_index", "stream_id",
)  # fmt: skip
MILLISECONDS: Final = 10**14  # a smaller number of the last 150 years counts milliseconds, not microseconds


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
        converted_into=CURRENCY,
        check_kinds=names.refuse_unseen,
    )
    today = [field.name for field in EVENT.trapped(Trap.TODAY) if export.has_field(EVENT.name, field.name)]
    export.ignore(EVENT.name, today)
    return convert_persons(export, partial(_read, names=names), rules, sink)


def _read(export: Export, names: EventNames) -> Iterator[PersonRows]:
    for batch in export.combined(EVENT.name):
        table = with_cells(export, batch, ("event_params", "user_properties"))
        occurred = _occurred(export, table)
        table, times = usable(export, table, moments(occurred, _recorded(table, occurred)))
        unnamed = pc.is_null(kinds_of(column(table, "event_name"))).to_numpy(zero_copy_only=False)
        table, times = export.leave(table, "no_event_name", unnamed), times.where(~unnamed)
        if len(table):
            yield _person_rows(export, table, times, names)


def _occurred(export: Export, table: pa.Table) -> Times:
    """event_timestamp: microseconds, or a time where a tool has converted it."""
    array = column(table, "event_timestamp")
    number = _whole_numbers(array)
    is_number = number != NO_TIME
    written = pc.if_else(pa.array(is_number), pa.scalar(None, pa.string()), array)
    place = table.schema.get_field_index("event_timestamp")
    read = export.times(table.set_column(place, "event_timestamp", written), "event_timestamp")
    us = np.where(is_number, np.where(np.abs(number) < MILLISECONDS, number * 1000, number), read.us)
    known = is_number | read.known
    return Times(us, known, known, np.zeros(len(us), dtype=np.bool_))


def _recorded(table: pa.Table, occurred: Times) -> Times:
    """The time of the upload: that of the event and the offset that Google measured."""
    offset = _whole_numbers(column(table, "event_server_timestamp_offset"))
    known = occurred.known & (offset > 0)
    return Times(
        np.where(known, occurred.us + offset, 0), known, known, np.zeros(len(offset), dtype=np.bool_)
    )


def _whole_numbers(array: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Whole numbers of at most 17 digits, NO_TIME for other texts."""
    digits = pc.fill_null(pc.match_substring_regex(array, r"^-?[0-9]{1,17}(\.0)?$"), False)
    texts = pc.if_else(digits, pc.replace_substring_regex(array, r"\.0$", ""), str(NO_TIME))
    return np.asarray(texts.cast(pa.int64()).to_numpy(zero_copy_only=False))


def _person_rows(export: Export, table: pa.Table, times: Moments, names: EventNames) -> PersonRows:
    kinds = kinds_of(column(table, "event_name"))
    pages = page_kinds("page", column(table, "event_params.page_location"))
    kinds = pc.if_else(pa.array(are_named(kinds, ("page_view",))), pages, kinds)
    leads = names.make_leads(kinds)
    known = person_ids(column(table, "user_id"))
    address = addresses(_only(column(table, "event_params.email"), leads))
    is_known = pc.or_(pc.is_valid(known), pc.is_valid(address)).to_numpy(zero_copy_only=False)
    return PersonRows(
        table=table,
        us=times.us,
        recorded_us=times.recorded_us,
        role=np.where(are_named(kinds, (ENGAGEMENT,)), Role.STATEMENT, names.roles(kinds)).astype(np.int8),
        makes_lead=leads if export.options.lead else np.asarray(leads | is_known),
        is_test=_are_internal(table),
        columns={
            "known": known,
            "address": address,
            "visitor": person_ids(column(table, "user_pseudo_id")),
            "event_id": _event_ids(table, kinds),
            "kind": kinds,
            "channel": pc.utf8_lower(column(table, "platform")),
            "direction": directions(kinds),
            "stage": names.stage_names(kinds),
            "currency": column(table, "event_params.currency"),
            "reason": pc.coalesce(*(column(table, name) for name in REASONS)),
        },
        amount=first_number(export, table, AMOUNTS, of="an amount"),
        converted=first_number(export, table, CONVERTED),
        value=first_number(export, table, ("event_params.value", "ecommerce.purchase_revenue")),
        traits=attributes(table, ("user_properties.",), ("is_test",)),
        context={**renamed(table, CONTEXT), **_answers(table, leads)},
        first={"source": _sources(table)},
    )  # fmt: skip


def _only(array: pa.Array, rows: Mask) -> pa.Array:
    return pc.if_else(pa.array(rows), array, pa.scalar(None, pa.string()))


def _are_internal(table: pa.Table) -> Mask:
    """Events of people who test the site: by Google's own parameters, or by a property of the user."""
    traffic = pc.is_in(column(table, "event_params.traffic_type"), value_set=pa.array(INTERNAL))
    is_internal = pc.fill_null(traffic, False).to_numpy(zero_copy_only=False)
    return np.asarray(is_internal | are_tests(table, ("event_params.debug_mode", "user_properties.is_test")))


def _event_ids(table: pa.Table, kinds: pa.Array) -> pa.Array:
    """GA4 has no ids of events: equal events of one browser and instant are one, and each session begins once."""
    parts = [pc.fill_null(column(table, name), "") for name in KEYS]
    for name in sorted(name for name in table.column_names if name.startswith("event_params.")):
        values = column(table, name)
        if values.null_count < len(values):
            # 5.0 in one form of the export is 5 in another.
            plain = pc.replace_substring_regex(values, r"\.0$", "")
            parts.append(pc.fill_null(pc.binary_join_element_wise(name, plain, "="), ""))
    session = column(table, "event_params.ga_session_id")
    start = pc.binary_join_element_wise(
        "session", pc.fill_null(column(table, "user_pseudo_id"), ""), session, "|"
    )
    is_start = pc.and_(pc.equal(kinds, "session_start"), pc.is_valid(start))
    text = pc.if_else(is_start, start, pc.binary_join_element_wise(*parts, "\x1f"))
    return pa.array(hashes(text)).cast(pa.string())


def _answers(table: pa.Table, leads: Mask) -> dict[str, pa.Array]:
    """What the event that makes a lead says of the person, and the value that the site gives to the lead."""
    if not leads.any():
        return {}
    answers = attributes(table, ("event_params.",), TECHNICAL)
    answers["lead_value"] = column(table, "event_params.value")
    return {name: _only(values, leads) for name, values in answers.items()}


def _sources(table: pa.Table) -> pa.Array:
    """The campaign's source as collected with the event; `traffic_source` is restated later and not used."""
    return pc.coalesce(
        column(table, "collected_traffic_source.manual_source"),
        host_of(column(table, "event_params.page_referrer")),
    )
