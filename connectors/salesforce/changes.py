"""Attributes of opportunities with their history: planned closing date, amount, owner and tracked fields."""

from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.amounts import Amounts, numbers
from connectors.deals.attributes import Changes, Text, add_versions, spelt_as_columns
from connectors.reading.export import column
from connectors.reading.values import days_in
from connectors.salesforce.ids import is_reference
from connectors.salesforce.org import Org, field_key
from connectors.salesforce.stages import STAGE_FIELDS, ranks
from history.base.arrays import Floats, Ints
from history.folder.values.columns import Times
from history.folder.values.id_forms import long_id
from history.text.values import number_text

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
    order = np.lexsort((ranks(history, deal, us), us, deal))
    plan = org.export.times(history, "CloseDate")
    dates = _dates(org, plan, order)
    amount = numbers(org.export, history, "Amount", "OpportunityHistory") * amounts.factor[deal]
    texts = _amount_texts(amount[order])
    first: FirstValues = {}
    for name, values in ((CLOSE_DATE, dates), (AMOUNT, texts)):
        if any(values):
            first[name] = add_versions(changes, name, deal[order], us[order], values)
    return first


def tracked_plans(org: Org, fields: pa.Table, amounts: Amounts, changes: Changes) -> FirstValues:
    """Planned closing dates and amounts at the creation, of fields that only the field history tracks.

    A deal without a change has had its present value from the start, if it was created after the tracking began; of an
    older one the value at the creation is unknown. Without this the mere presence of a value would tell of a change.
    """
    tracked = org.export.times(fields, "CreatedDate")
    if not tracked.known.any():
        return {}
    since = int(tracked.us[tracked.known].min())
    covered = np.flatnonzero(org.created_us >= since).tolist()
    everything = np.arange(len(org.ids))
    present = {
        CLOSE_DATE: _dates(org, org.export.times(org.opportunities, "CloseDate"), everything),
        AMOUNT: _amount_texts(amounts.value),
    }
    at_creation = changes.at_creation()
    return {
        name: {place: at_creation[name].get(place, values[place]) for place in covered}
        for name, values in present.items()
        if name in at_creation
    }


def add_field_changes(org: Org, fields: pa.Table, amounts: Amounts, changes: Changes) -> None:
    """Changes of tracked fields; a change of the owner comes twice, by id and by name."""
    read = org.export.times(fields, "CreatedDate")
    fields = org.export.leave(fields, "bad_time", ~read.known)
    us = org.export.times(fields, "CreatedDate").us
    deal = org.places(column(fields, "OpportunityId"))
    names = org.field_keys(fields)
    custom = {field_key(name): name for name in org.attribute_columns()}
    covered = set(changes.attribute)
    used = np.zeros(len(fields), dtype=np.bool_)
    aside: dict[str, list[int]] = {}
    seen: set[tuple[int, int, str]] = set()
    old_values, new_values = (
        _field_values(org, fields, name, names, amounts) for name in ("OldValue", "NewValue")
    )
    rows = zip(deal.tolist(), us.tolist(), names, old_values, new_values, strict=True)
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


def _field_values(org: Org, fields: pa.Table, name: str, names: list[str], amounts: Amounts) -> list[Text]:
    """Old or new values of a field history, in the form of the other tables."""
    values: list[Text] = column(fields, name).to_pylist()
    for attribute, read in ((CLOSE_DATE, _date_texts), (AMOUNT, _money_texts)):
        rows = [place for place, key in enumerate(names) if FIELD_ATTRIBUTES.get(key) == attribute]
        if rows:
            texts = read(org, fields.take(pa.array(rows)), name, amounts)
            for place, text in zip(rows, texts, strict=True):
                values[place] = text
    columns = {field_key(n): column(org.opportunities, n) for n in org.attribute_columns()}
    return spelt_as_columns(names, values, columns)


def _date_texts(org: Org, fields: pa.Table, name: str, _amounts: Amounts) -> list[Text]:
    return _dates(org, org.export.times(fields, name), np.arange(len(fields)))


def _money_texts(org: Org, fields: pa.Table, name: str, amounts: Amounts) -> list[Text]:
    deal = org.places(column(fields, "OpportunityId"))
    return _amount_texts(numbers(org.export, fields, name, "OpportunityFieldHistory") * amounts.factor[deal])


def _dates(org: Org, read: Times, rows: Ints) -> list[Text]:
    """The days of some rows in the zone of the export, None for no time."""
    days = days_in(read, org.export.options.zone)
    return [days[row] for row in rows.tolist()]


def _amount_texts(amounts: Floats) -> list[Text]:
    return [None if np.isnan(value) else number_text(value) for value in np.round(amounts, 2).tolist()]


def _named(org: Org, attribute: str, value: Text) -> Text:
    if value is None:
        return None
    if attribute == "owner":
        return org.user(value) or value
    return long_id(value) if attribute == "account_id" else value
