"""Activities as interactions of their opportunity, or of the lead that it was; read in batches."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME
from connectors.deals.interactions import SeenIds, Touches, slug
from connectors.dynamics.guids import Text, guids, is_guid, labels, links
from connectors.dynamics.objects import HIDDEN
from connectors.dynamics.org import Org, without_deleted
from connectors.reading.export import SOURCE, Export, column
from connectors.reading.values import read_numbers
from history.base.arrays import Ints, Mask

TYPE_CODES: Final = {
    "4201": "appointment", "4202": "email", "4204": "fax", "4206": "incidentresolution", "4207": "letter",
    "4208": "opportunityclose", "4209": "orderclose", "4210": "phonecall", "4211": "quoteclose", "4212": "task",
    "4214": "serviceappointment", "4216": "socialactivity", "4401": "campaignresponse", "4402": "campaignactivity",
}  # fmt: skip
KINDS: Final = {"phonecall": "call", "phone_call": "call", "appointment": "meeting", "e_mail": "email"}
# Activities that record a decision or a campaign, and no contact.
NO_CONTACT: Final = ("opportunityclose", "opportunity_close", "quoteclose", "quote_close", "orderclose", "order_close",
                     "incidentresolution", "campaignactivity", "bulkoperation")  # fmt: skip
CHANNELS: Final = {"call": "phone", "email": "email", "meeting": "meeting", "fax": "fax", "letter": "mail",
                   "sms": "sms", "chat": "chat", "socialactivity": "social"}  # fmt: skip
DIRECTIONS: Final = {"true": "outbound", "1": "outbound", "outgoing": "outbound", "yes": "outbound",
                     "false": "inbound", "0": "inbound", "incoming": "inbound", "no": "inbound"}  # fmt: skip
COMPLETED: Final = frozenset((
    "1", "completed", "erledigt", "abgeschlossen", "terminé", "completado", "completada", "completato", "concluído",
    "voltooid", "zakończone", "befejezett", "完了", "已完成",
))  # fmt: skip
HAPPENED: Final = ("senton", "actualend", "scheduledend", "actualstart", "scheduledstart", "createdon")
OF_KIND: Final = (
    ("phonenumber", "phonecall"), ("messageid", "email"), ("senton", "email"), ("location", "appointment"),
    ("percentcomplete", "task"),
)  # fmt: skip


def interactions(org: Org, lead_deal: Mapping[str, int]) -> Iterator[pa.Table]:
    """Batches of `interactions`; an activity with a table of its own comes from there, which has its direction."""
    seen = SeenIds()
    for kind in ("activity", "activitypointer"):
        for batch in org.export.batches(kind):
            yield _batch(org, lead_deal, batch, seen)


def _batch(org: Org, lead_deal: Mapping[str, int], batch: pa.Table, seen: SeenIds) -> pa.Table:
    export = org.export
    table = without_deleted(export, batch)
    keys = links(table, "regardingobjectid").record_keys()
    own = org.places(keys)
    of_lead = np.array([lead_deal.get(key or "", -1) for key in keys], dtype=np.int64)
    deal = np.where(own >= 0, own, of_lead)
    table, deal = export.leave(table, org.foreign, deal < 0), deal[deal >= 0]

    kinds = _kinds(export, table)
    idle = np.array([kind in NO_CONTACT for kind in kinds], dtype=np.bool_)
    done = _are_done(table)
    us = _happened(export, table)
    ids = guids(column(table, "activityid")).to_pylist()
    bad = ~_are_ids(ids)
    again = ~seen.are_new(ids)
    reasons = np.select(
        [bad, again, idle, ~done, us == NO_TIME, us > export.options.now_us],
        ["bad_id", "activity_that_another_table_has", "no_contact", "not_completed", "no_time", "time_in_future"],
        default="",
    )  # fmt: skip
    for reason in dict.fromkeys(filter(None, reasons.tolist())):
        export.leave(table, reason, reasons == reason)
    kept = reasons == ""
    table = table.filter(pa.array(kept))
    export.use(table)
    chosen = [kind for kind, ok in zip(kinds, kept.tolist(), strict=True) if ok]
    created = export.times(table, "createdon")
    minutes = read_numbers(column(table, "actualdurationminutes"), ".")
    return Touches(
        lead=deal[kept], us=us[kept], entered_us=np.where(created.known, created.us, NO_TIME), kind=chosen,
        id=guids(column(table, "activityid")).to_pylist(), channel=[CHANNELS.get(kind) for kind in chosen],
        direction=_directions(table), value=np.where(minutes.good, minutes.value, np.nan),
    ).table(org.ids)  # fmt: skip


def _are_ids(ids: list[Text]) -> Mask:
    """Which ids (m,) are of the form that ids have: GUIDs, where any of them is one."""
    are_guids = np.array([is_guid(id_) for id_ in ids], dtype=np.bool_)
    given = np.array([id_ is not None for id_ in ids], dtype=np.bool_)
    return are_guids if are_guids.any() else given


def _kinds(export: Export, table: pa.Table) -> list[str]:
    """The kind of each activity: its type by logical name, number or label, else that of the table it stands in."""
    codes = [(code or "").removesuffix(".0") for code in column(table, "activitytypecode").to_pylist()]
    names = labels(table, "activitytypecode")
    own = [_own_kind(export, place) for place in range(len(export.sources))]
    kinds = []
    for code, name, place in zip(codes, names, table.column(SOURCE).to_pylist(), strict=True):
        word = TYPE_CODES.get(code, name) if code.isdigit() else code
        kind = slug(word or own[place])
        kinds.append(KINDS.get(kind, kind))
    return kinds


def _own_kind(export: Export, place: int) -> str:
    """The type of activities of one file: in its hidden id column, or by a column that only that type has."""
    columns = export.sources[place].columns
    name = columns.get("activityid", "")
    if name.startswith(HIDDEN) and not name.endswith("Activity"):
        return name.removeprefix(HIDDEN).strip()
    return next((kind for field, kind in OF_KIND if field in columns), "activity")


def _are_done(table: pa.Table) -> Mask:
    """Completed activities (m,), by the number or a usual word of their state; without a state all are."""
    codes, names = column(table, "statecode").to_pylist(), labels(table, "statecode")
    words = [
        ((code or "").removesuffix(".0").lower(), (name or "").lower())
        for code, name in zip(codes, names, strict=True)
    ]
    done = [pair == ("", "") or bool(COMPLETED.intersection(pair)) for pair in words]
    return np.array(done, dtype=np.bool_)


def _happened(export: Export, table: pa.Table) -> Ints:
    """When each activity happened: sent, ended, else as planned, else entered."""
    us = np.full(len(table), NO_TIME, dtype=np.int64)
    for name in HAPPENED:
        read = export.times(table, name)
        us = np.where((us == NO_TIME) & read.known, read.us, us)
    return us


def _directions(table: pa.Table) -> list[Text]:
    own = column(table, "directioncode").to_pylist()
    return [DIRECTIONS.get((text or "").lower()) for text in own]
