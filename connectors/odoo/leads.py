"""One row of `leads` for each lead of Odoo, and the changes of its attributes."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.amounts import Amounts
from connectors.deals.attributes import Changes
from connectors.deals.deals import times
from connectors.odoo.changes.fields import ACTIVE, STAGE
from connectors.odoo.changes.tracking import Change
from connectors.odoo.crm import DURATIONS, Crm
from connectors.odoo.objects import RELATIONS
from connectors.odoo.relations import EMPTY, PAIR, Text, references, texts, translated
from connectors.odoo.tags import tag_names
from connectors.reading.export import column
from connectors.reading.values import read_numbers
from history.text.values import number_text

IDENTITY: Final = {
    "name": "name", "company": "partner_name", "contact_name": "contact_name", "email": "email_from",
    "phone": "phone", "mobile": "mobile", "website": "website", "street": "street", "zip": "zip",
    "notes": "description",
}  # fmt: skip
CLOSE_DATE: Final = "expected_close_date"
AMOUNT: Final = "deal_amount"
PLANS: Final = {CLOSE_DATE: "date_deadline", AMOUNT: "expected_revenue"}
TRACKED: Final = {
    "user_id": "owner", "source_id": "source", "partner_id": "account_id", "date_deadline": CLOSE_DATE,
    "expected_revenue": AMOUNT, **RELATIONS,
}  # fmt: skip
NO_ATTRIBUTES: Final = (STAGE, ACTIVE, "lost_reason_id", "lost_reason", "company_id", "type", "probability")
DATE_LENGTH: Final = 10
BOOLEANS: Final = {
    "true": "true",
    "True": "true",
    "t": "true",
    "false": "false",
    "False": "false",
    "f": "false",
}
Columns = dict[str, list[Text]]


def attribute_changes(crm: Crm, tracked: Sequence[Change], amounts: Amounts) -> Changes:
    """The tracked changes of attributes; those of stages, of archiving and of identity fields are no attributes."""
    changes = Changes()
    own = set(crm.attribute_columns())
    for change in tracked:
        attribute = TRACKED.get(change.field) or (change.field if change.field in own else None)
        if attribute is None or change.field in NO_ATTRIBUTES:
            continue
        old = _value(crm, change, change.old, change.old_id, amounts)
        new = _value(crm, change, change.new, change.new_id, amounts)
        if old != new:
            changes.add(change.lead, change.us, attribute, old, new)
    return changes


def _value(crm: Crm, change: Change, text: Text, id_: Text, amounts: Amounts) -> Text:
    """A tracked value in the form of the lead's own column."""
    if change.field in PLANS.values():
        return _plan(change.field, text, amounts.factor[change.lead])
    if change.field == "partner_id":
        return _account(crm, id_) or id_ or text
    names = crm.names.get(change.field)
    return (names or {}).get(id_ or "") or translated(text)


def _plan(field: str, text: Text, factor: float) -> Text:
    if text is None:
        return None
    if field == PLANS[CLOSE_DATE]:
        return text[:DATE_LENGTH]
    value = read_numbers(pa.array([text], pa.string()), ".").value[0] * factor
    return number_text(round(float(value), 2)) if np.isfinite(value) and value != 0 else None


def lead_table(crm: Crm, changes: Changes, tracked: Sequence[Change], amounts: Amounts) -> pa.Table:
    """What was known of each lead at its creation, as far as the export tells."""
    columns = _present(crm)
    columns |= _plans(crm, changes, tracked, amounts)
    for name, by_lead in changes.at_creation().items():
        values = columns.setdefault(name, [None] * len(crm.ids))
        for place, value in by_lead.items():
            values[place] = value
    table = {"lead_id": pa.array(crm.ids, pa.string()), "created_at": times(crm.created_us)}
    table |= {name: pa.array(values, pa.string()) for name, values in columns.items() if any(values)}
    return pa.table(table)


def identity_columns(leads: pa.Table) -> tuple[str, ...]:
    """The columns of `leads` that say who it is."""
    return tuple(name for name in IDENTITY if name in leads.column_names)


def _present(crm: Crm) -> Columns:
    leads, names = crm.leads, crm.names
    columns: Columns = {
        "account_id": [_account(crm, key) or key for key in references(leads, "partner_id").record_keys()],
        "owner": references(leads, "user_id").names(names["user_id"]),
        "source": references(leads, "source_id").names(names.get("source_id", {})),
        "tags": tag_names(crm),
    }
    columns |= {
        attribute: references(leads, field).names(names.get(field, {}))
        for field, attribute in RELATIONS.items()
    }
    columns |= {label: texts(leads, field) for label, field in IDENTITY.items()}
    return columns | {name: _plain(column(leads, name).to_pylist()) for name in crm.attribute_columns()}


def _account(crm: Crm, contact: Text) -> Text:
    """The company of a contact, if the table of contacts tells it."""
    return crm.names["company_of"].get(contact or "")


def _plain(values: list[Text]) -> list[Text]:
    """A column without Odoo's marks: `false` is empty unless the column is a boolean, `[id, name]` is the name."""
    distinct = {value for value in values if value is not None}
    if distinct <= BOOLEANS.keys() and any(BOOLEANS[value] == "true" for value in distinct):
        return [BOOLEANS[value] if value is not None else None for value in values]
    given = [value for value in distinct if value not in EMPTY]
    linked = bool(given) and all(PAIR.match(value) for value in given)
    plain = {value: value.partition(";")[2] if linked else translated(value) for value in given}
    return [plain.get(value or "") for value in values]


def _plans(crm: Crm, changes: Changes, tracked: Sequence[Change], amounts: Amounts) -> Columns:
    """Planned closing date and amount at the creation, if the export has their changes.

    A lead without a change has had its present value from the start, if it was created after the tracking began; of an
    older one the value at the creation is unknown. Without this the mere presence of a value would tell of a change.
    """
    since = min((change.us for change in tracked), default=0)
    columns: Columns = {}
    for attribute, field in PLANS.items():
        if attribute in changes.attribute:
            values = texts(crm.leads, field)
            factors = amounts.factor.tolist()
            present = [_plan(field, text, factor) for text, factor in zip(values, factors, strict=True)]
            covered = (crm.created_us >= since).tolist()
            columns[attribute] = [text if seen else None for text, seen in zip(present, covered, strict=True)]
    return columns


def list_ignored(crm: Crm) -> None:
    """Lists the columns that hold today's value or the outcome; the time by stage is both."""
    crm.export.ignore_trapped()
    names = crm.leads.column_names
    crm.export.ignore("crm.lead", (name for name in names if name.startswith(f"{DURATIONS}.")))
