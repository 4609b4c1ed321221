"""Attributes of opportunities with their history: planned closing date, amount, owner and tracked fields."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.attributes import Changes, Text, add_versions
from connectors.export import column
from connectors.salesforce.amounts import Amounts, numbers
from connectors.salesforce.ids import is_reference, long_id
from connectors.salesforce.org import Org
from connectors.salesforce.stages import STAGE_FIELDS, field_key
from history.times import format_time
from history.values import number_text

CLOSE_DATE: Final = "expected_close_date"
AMOUNT: Final = "deal_amount"
FIELD_ATTRIBUTES: Final = {
    "owner": "owner", "ownerid": "owner", "leadsource": "source", "closedate": CLOSE_DATE, "amount": AMOUNT,
    "account": "account_id", "accountid": "account_id",
}  # fmt: skip
MARKERS: Final = ("created", "opportunitycreatedfromlead", "leadconverted")  # say that, not what
FirstValues = dict[str, dict[int, Text]]


def add_plans(org: Org, history: pa.Table, amounts: Amounts, changes: Changes) -> FirstValues:
    """The planned closing date and the amount as the history has them; returns the values at the creation."""
    if not len(history):
        return {}
    deal = org.places(column(history, "OpportunityId"))
    us = org.export.times(history, "CreatedDate").us
    rank = pc.rank(column(history, "Id"), tiebreaker="first").to_numpy(zero_copy_only=False)
    order = np.lexsort((rank, us, deal))
    plan = org.export.times(history, "CloseDate")
    dates = [
        format_time(t)[:10] if ok else None
        for t, ok in zip(plan.us[order].tolist(), plan.known[order].tolist(), strict=True)
    ]
    amount = np.round(numbers(org.export, history, "Amount", "OpportunityHistory") * amounts.factor[deal], 2)[
        order
    ]
    texts = [None if np.isnan(value) else number_text(value) for value in amount.tolist()]
    first: FirstValues = {}
    for name, values in ((CLOSE_DATE, dates), (AMOUNT, texts)):
        if any(values):
            first[name] = add_versions(changes, name, deal[order], us[order], values)
    return first


def add_field_changes(org: Org, fields: pa.Table, changes: Changes) -> None:
    """Changes of tracked fields; a change of the owner comes twice, by id and by name."""
    read = org.export.times(fields, "CreatedDate")
    fields = org.export.leave(fields, "bad_time", ~read.known)
    us = org.export.times(fields, "CreatedDate").us
    deal = org.places(column(fields, "OpportunityId"))
    names = [field_key(name) for name in column(fields, "Field").to_pylist()]
    custom = {field_key(name): name for name in org.attribute_columns()}
    covered = set(changes.attribute)
    used = np.zeros(len(fields), dtype=np.bool_)
    aside: dict[str, list[int]] = {}
    seen: set[tuple[int, int, str]] = set()
    rows = zip(deal.tolist(), us.tolist(), names, column(fields, "OldValue").to_pylist(),
               column(fields, "NewValue").to_pylist(), strict=True)  # fmt: skip
    by_name = sorted(enumerate(rows), key=lambda row: is_reference(row[1][4]) or is_reference(row[1][3]))
    for place, (owner, instant, name, old, new) in by_name:
        attribute = FIELD_ATTRIBUTES.get(name) or custom.get(name)
        if name in STAGE_FIELDS:
            used[place] = True
        elif attribute is None or name in MARKERS:
            aside.setdefault("field_that_is_no_attribute", []).append(place)
        elif attribute in covered or (owner, instant, name) in seen:
            aside.setdefault("change_that_the_history_has", []).append(place)
        else:
            seen.add((owner, instant, name))
            used[place] = True
            changes.add(owner, instant, attribute, _named(org, attribute, old), _named(org, attribute, new))
    for reason, places in aside.items():
        mask = np.zeros(len(fields), dtype=np.bool_)
        mask[places] = True
        org.export.leave(fields, reason, mask)
    org.export.use(fields.filter(pa.array(used)))


def _named(org: Org, attribute: str, value: Text) -> Text:
    if value is None:
        return None
    if attribute == "owner":
        return org.user(value) or value
    return long_id(value) if attribute == "account_id" else value
