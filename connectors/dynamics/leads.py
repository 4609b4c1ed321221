"""One row of `leads` for each opportunity, joined by the lead that it was, and the changes of its attributes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.amounts import Amounts
from connectors.deals.attributes import Changes, spelt_as_columns
from connectors.deals.deals import times
from connectors.deals.records import RecordKind, newest_records, with_good_ids
from connectors.dynamics.audit import Change
from connectors.dynamics.guids import Text, guid, guids, labels, links
from connectors.dynamics.objects import LEAD
from connectors.dynamics.org import ANNOTATION, FORMATTED, Org
from connectors.reading.export import OWN_COLUMNS, column
from connectors.reading.recognise import key_of
from connectors.reading.values import EPOCH, MONTH_FIRST, read_numbers, read_times
from history.base.arrays import Ints
from history.text.values import number_text

CLOSE_DATE: Final = "expected_close_date"
AMOUNT: Final = "deal_amount"
PLANS: Final = {CLOSE_DATE: "estimatedclosedate", AMOUNT: "estimatedvalue"}
AUDITED: Final = {
    "ownerid": "owner", "customerid": "account_id", "parentaccountid": "account_id",
    "estimatedclosedate": CLOSE_DATE, "estimatedvalue": AMOUNT,
}  # fmt: skip
IDENTITY: Final = {"name": "name", "description": "description", "email": "emailaddress"}
OF_LEAD: Final = {
    "company": "companyname",
    "contact_name": "fullname",
    "lead_email": "emailaddress1",
    "phone": "telephone1",
}
LEAD_RECORDS: Final = RecordKind("lead", "leadid", "createdon", ("modifiedon",), ("IsDelete",), key=guids)
SOURCE_NAMES: Final = ("leadsourcecode", "leadsource", "source")
Columns = dict[str, list[Text]]


@dataclass(frozen=True)
class QualifiedLeads:
    """Rows of leads (m,) that became an opportunity of the export, its place (m,), and lead id -> place.

    place_of has merged leads too, under the place of their survivor.
    """

    table: pa.Table
    deal: Ints
    place_of: Mapping[str, int]

    def by_deal(self, values: Sequence[Text]) -> dict[int, str]:
        """A column of the leads by the place of the opportunity."""
        return {place: value for place, value in zip(self.deal.tolist(), values, strict=True) if value}


def read_leads(org: Org) -> QualifiedLeads:
    """The leads of opportunities, by the link of either; the others are set aside."""
    export = org.export
    table = export.table("lead")
    records = newest_records(export, with_good_ids(export, table, LEAD_RECORDS), LEAD_RECORDS)
    table = records.current
    ids = guids(column(table, "leadid")).to_pylist()
    origin = links(org.opportunities, "originatingleadid").record_keys()
    of_origin = {lead: place for place, lead in enumerate(origin) if lead}
    own = org.places(links(table, "qualifyingopportunityid").record_keys()).tolist()
    place_of = {
        id_: place if place >= 0 else of_origin.get(id_, -1) for id_, place in zip(ids, own, strict=True)
    }
    masters = links(table, "masterid").ids
    for id_, master in zip(ids, masters, strict=True):
        if master and place_of[id_] < 0:
            place_of[id_] = place_of.get(master, -1)
    deal = np.array([place_of[id_] for id_ in ids], dtype=np.int64)
    table = export.leave(table, "not_qualified_to_an_opportunity_of_the_export", deal < 0)
    export.use(table)
    return QualifiedLeads(
        table, deal[deal >= 0], of_origin | {id_: p for id_, p in place_of.items() if p >= 0}
    )


def attribute_changes(org: Org, audited: Sequence[Change], amounts: Amounts) -> Changes:
    """The audited changes of attributes; those of stages and states are no attributes."""
    changes = Changes()
    own = set(org.attribute_columns())
    names = {name: label_map(org, name) for name in own}
    for change in _spelt_as_columns(org, audited, own):
        attribute = AUDITED.get(change.column) or (change.column if change.column in own else None)
        if attribute is None:
            continue
        old, new = (_value(org, change, text, amounts, names) for text in (change.old, change.new))
        if old != new:
            changes.add(change.deal, change.us, attribute, old, new)
    return changes


def _spelt_as_columns(org: Org, audited: Sequence[Change], own: set[str]) -> list[Change]:
    """The changes with the values of own columns as the column spells them: a view has Yes for a true of the audit."""
    names = [change.column for change in audited for _ in ("old", "new")]
    values = [text for change in audited for text in (change.old, change.new)]
    spelt = spelt_as_columns(names, values, {name: column(org.opportunities, name) for name in own})
    pairs = zip(audited, spelt[::2], spelt[1::2], strict=True)
    return [
        replace(change, old=old, new=new) if change.column in own else change for change, old, new in pairs
    ]


def _value(
    org: Org, change: Change, text: Text, amounts: Amounts, names: Mapping[str, Mapping[str, str]]
) -> Text:
    """An audited value in the form of the lead's own column."""
    if text is None:
        return None
    if change.column in PLANS.values():
        return _plan(org, change.column, text, float(amounts.factor[change.deal]))
    if change.column == "ownerid":
        return org.users.get(text) or text
    return names.get(change.column, {}).get(text) or text


def _plan(org: Org, name: str, text: Text, factor: float) -> Text:
    if text is None:
        return None
    array = pa.array([text], pa.string())
    if name == PLANS[CLOSE_DATE]:
        # Dataverse writes audited dates with the month first, whatever the language of the export.
        read = read_times(array, org.export.options.zone, org.export.order or MONTH_FIRST)
        moment = EPOCH + timedelta(microseconds=int(read.us[0]))
        return moment.astimezone(org.export.options.zone).date().isoformat() if read.known[0] else None
    value = float(read_numbers(array, org.export.options.decimal).value[0]) * factor
    return number_text(round(value, 2)) if np.isfinite(value) else None


def label_map(org: Org, name: str) -> dict[str, str]:
    """The labels of the codes of a choice, from the rows that have both."""
    label = org.label_column(name)
    if label is None:
        return {}
    pairs = zip(
        column(org.opportunities, name).to_pylist(), column(org.opportunities, label).to_pylist(), strict=True
    )
    known = {code: text for code, text in pairs if code and text}
    return known if _are_labels(known) else {}


def _are_labels(known: Mapping[str, str]) -> bool:
    """Whether texts beside codes are labels, and not the same numbers, dates or booleans written for people."""
    codes = [code for code in known if code.lstrip("-").isdigit() or guid(code)]
    return len(codes) == len(known) > 0 and any(any(c.isalpha() for c in text) for text in known.values())


def lead_table(
    org: Org, qualified: QualifiedLeads, changes: Changes, audited: Sequence[Change], amounts: Amounts
) -> pa.Table:
    """What was known of each opportunity at its creation, as far as the export tells."""
    columns = _own_columns(org, qualified)
    _add_lead_columns(qualified, columns, len(org.ids))
    columns |= _plans(org, changes, audited, amounts)
    for name, by_deal in changes.at_creation().items():
        values = columns.setdefault(name, [None] * len(org.ids))
        for place, value in by_deal.items():
            values[place] = value
    table = {"lead_id": pa.array(org.ids, pa.string()), "created_at": times(org.created_us)}
    table |= {name: pa.array(values, pa.string()) for name, values in columns.items() if any(values)}
    return pa.table(table)


def identity_columns(leads: pa.Table) -> tuple[str, ...]:
    """The columns of `leads` that say who it is."""
    names = (*IDENTITY, *OF_LEAD, "account_name", "customer")
    return tuple(name for name in names if name in leads.column_names)


def _own_columns(org: Org, qualified: QualifiedLeads) -> Columns:
    current = org.opportunities
    customer, account = links(current, "customerid"), links(current, "parentaccountid")
    sources = qualified.by_deal(labels(qualified.table, "leadsourcecode"))
    accounts = zip(account.record_keys(), customer.record_keys(), strict=True)
    names = zip(account.names, customer.named(org.accounts), strict=True)
    columns: Columns = {
        "account_id": [first or second for first, second in accounts],
        "account_name": [first or second for first, second in names],
        "owner": links(current, "ownerid").named(org.users),
        "source": [sources.get(place) for place in range(len(org.ids))],
    }
    columns |= {label: column(current, name).to_pylist() for label, name in IDENTITY.items()}
    for name in org.attribute_columns():
        codes, known = column(current, name).to_pylist(), label_map(org, name)
        columns[name] = [known.get(code or "", code) for code in codes]
    own_source = next((n for n in columns if n != "source" and key_of(n).endswith(SOURCE_NAMES)), None)
    if own_source is not None and not any(columns["source"]):
        columns["source"] = columns.pop(own_source)
    return columns


def _add_lead_columns(qualified: QualifiedLeads, columns: Columns, count: int) -> None:
    """Attributes and identity that only the qualified leads have."""
    table = qualified.table
    known = {declared.name for declared in LEAD.fields} | set(OWN_COLUMNS)
    others = [
        n for n in table.column_names if n not in known and n not in columns and not ANNOTATION.search(n)
    ]
    values = {
        label: column(table, name).to_pylist() for label, name in OF_LEAD.items() if label not in columns
    }
    values |= {name: column(table, name).to_pylist() for name in others if not FORMATTED.search(name)}
    values["industry"] = labels(table, "industrycode")
    for name, texts in values.items():
        if not all(text is None or guid(text) for text in texts):
            by_deal = qualified.by_deal(texts)
            columns[name] = [by_deal.get(place) for place in range(count)]


def _plans(org: Org, changes: Changes, audited: Sequence[Change], amounts: Amounts) -> Columns:
    """Planned closing date and amount at the creation, if the audit has their changes.

    An opportunity without a change has had its present value from the start, if it was created after the audit began;
    of an older one the value at the creation is unknown. Without this a value's presence would tell of a change.
    """
    since = min((change.us for change in audited), default=0)
    columns: Columns = {}
    for attribute, name in PLANS.items():
        if attribute in changes.attribute:
            texts = column(org.opportunities, name).to_pylist()
            factors = amounts.factor.tolist()
            present = [_plan(org, name, text, factor) for text, factor in zip(texts, factors, strict=True)]
            covered = (org.created_us >= since).tolist()
            columns[attribute] = [text if seen else None for text, seen in zip(present, covered, strict=True)]
    return columns


def list_ignored(org: Org) -> None:
    """Lists the columns that hold today's value or the outcome, and links to other records."""
    org.export.ignore_trapped()
