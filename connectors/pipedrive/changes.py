"""The flow of deals: moves between stages, wins and losses, and changes of fields."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.amounts import Amounts
from connectors.deals.attributes import Changes, Text
from connectors.deals.deals import LOST, OPEN, WON
from connectors.deals.stage_table import StageMoves, StageRow
from connectors.pipedrive.company import Company, linked, plain_ids, state_of
from connectors.reading.export import column
from connectors.reading.values import days_in, read_numbers, read_times
from history.base.arrays import Ints, Mask
from history.text.values import number_text

CLOSE_DATE: Final = "expected_close_date"
AMOUNT: Final = "deal_amount"
FIELD_ATTRIBUTES: Final = {
    "user_id": "owner", "owner_id": "owner", "expected_close_date": CLOSE_DATE, "value": AMOUNT,
    "org_id": "account_id", "channel": "source",
}  # fmt: skip
STAGE, STATUS = "stage_id", "status"
MOST: Final = 0.5  # of the deals: then the export has the flow of all
# A deal keeps its stage when it is won or lost: its status is a stage of its own here.
WON_ID, LOST_ID = "status: won", "status: lost"
CLOSING: Final = (
    StageRow(WON_ID, WON_ID, None, np.nan, WON),
    StageRow(LOST_ID, LOST_ID, None, np.nan, LOST),
)


@dataclass(frozen=True)
class Flow:
    """Changes (m,) of deals in order of deal and time: the deal's place, when, the field, old and new value.

    covered (n,): deals all of whose changes the export has.
    """

    deal: Ints
    us: Ints
    field: "np.ndarray[tuple[int], np.dtype[np.object_]]"
    old: list[Text]
    new: list[Text]
    covered: Mask

    def of(self, field: str) -> Ints:
        """The rows of a field."""
        return np.flatnonzero(self.field == field)

    def beside(self, other: "Flow") -> "Flow":
        """The changes of both, in order of deal and time."""
        deal, us = np.concatenate((self.deal, other.deal)), np.concatenate((self.us, other.us))
        order = np.lexsort((us, deal))
        old, new = ([*mine, *theirs] for mine, theirs in ((self.old, other.old), (self.new, other.new)))
        rows = order.tolist()
        return Flow(
            deal[order], us[order], np.concatenate((self.field, other.field))[order],
            [old[row] for row in rows], [new[row] for row in rows], self.covered | other.covered,
        )  # fmt: skip


def read_flow(company: Company) -> Flow:
    """The changes of fields that are used; what else the flow lists is set aside."""
    export = company.export
    table = export.table("DealChange")
    others = ~_mask(pc.fill_null(pc.equal(column(table, "object"), "dealChange"), True))
    table = export.leave(table, "activity_or_note_of_the_flow", others)
    table = export.leave(table, "bad_time", ~export.times(table, "log_time").known)
    table, deal = company.of_known(table, "deal_id")
    own = pa.array(company.ids.own, pa.string()).take(pa.array(deal))
    merged = ~_mask(pc.equal(plain_ids(column(table, "deal_id")), own))
    table, deal = export.leave(table, "of_a_merged_record", merged), deal[~merged]
    covered = _covered(company, deal, export.times(table, "log_time").us)
    wanted = {STAGE, STATUS, *FIELD_ATTRIBUTES, *company.attribute_columns(), *company.fields}
    fields = _mask(pc.is_in(column(table, "field_key"), value_set=pa.array(sorted(wanted), pa.string())))
    table, deal = export.leave(table, "field_that_is_no_attribute", ~fields), deal[fields]
    again = _repeated(table, deal)
    table, deal = export.leave(table, "same_change_again", again), deal[~again]
    export.use(table)
    us = export.times(table, "log_time").us
    order = np.lexsort((us, deal))
    field, old, new = (
        column(table, name).take(pa.array(order)).to_pylist()
        for name in ("field_key", "old_value", "new_value")
    )
    return Flow(deal[order], us[order], np.array(field, dtype=object), old, new, covered)


def _covered(company: Company, deal: Ints, us: Ints) -> Mask:
    """Which deals (n,) the flow covers: those in it; if most are, also those created since its first change."""
    covered = np.zeros(len(company.deals), dtype=np.bool_)
    covered[deal] = True
    if len(us) and covered.mean() >= MOST:
        covered |= company.created_us >= us.min()
    return covered


def _repeated(table: pa.Table, deal: Ints) -> Mask:
    """Changes that come again in another page: of one deal, time, field and value."""
    seen: set[tuple[object, ...]] = set()
    names = ("log_time", "field_key", "old_value", "new_value")
    again = np.zeros(len(table), dtype=np.bool_)
    for row, key in enumerate(
        zip(deal.tolist(), *(column(table, n).to_pylist() for n in names), strict=True)
    ):
        again[row] = key in seen
        seen.add(key)
    return again


def stage_moves(company: Company, flow: Flow) -> StageMoves:
    """Every stage and status that a deal has had, as far as the flow covers it."""
    moves: list[tuple[int, int, Text]] = []
    current = _add_first_stages(company, flow, moves)
    closed: set[int] = set()
    rows = np.concatenate((flow.of(STAGE), flow.of(STATUS)))  # of one instant the stage's change comes first
    for row in rows[np.lexsort((flow.us[rows], flow.deal[rows]))].tolist():
        place, us, field, new = int(flow.deal[row]), int(flow.us[row]), flow.field[row], flow.new[row]
        state = state_of(new) if field == STATUS else None
        if field == STAGE:
            current[place] = new
            if place not in closed:  # a deal that is won or lost moves on paper only
                moves.append((place, us, new))
        elif state == OPEN and place in closed:
            closed.discard(place)
            moves.append((place, us, current[place]))
        elif state in (WON, LOST):
            closed.add(place)
            moves.append((place, us, WON_ID if state == WON else LOST_ID))
    deal, times, stage = zip(*moves, strict=True) if moves else ((), (), ())
    return StageMoves(np.array(deal, dtype=np.int64), np.array(times, dtype=np.int64), list(stage))


def _add_first_stages(company: Company, flow: Flow, moves: list[tuple[int, int, Text]]) -> dict[int, Text]:
    """Adds the stage at the creation of each deal that the flow covers; returns the stages of all deals.

    Of other deals only the present stage is known, and only since the export: an entry at the last change would tell
    of every earlier time that the deal moves later.
    """
    current = dict(enumerate(present_stages(company)))
    current |= _first_stages(flow)
    created = company.created_us.tolist()
    moves += [(place, created[place], current[place]) for place in np.flatnonzero(flow.covered).tolist()]
    return current


def present_stages(company: Company) -> list[Text]:
    """The stage of each deal, by id or, in exports for people, by name."""
    ids, names = (
        plain_ids(column(company.deals, "stage_id")).to_pylist(),
        column(company.deals, "stage_name").to_pylist(),
    )
    return [id_ or name for id_, name in zip(ids, names, strict=True)]


def _first_stages(flow: Flow) -> dict[int, Text]:
    """The stage of each deal before its first change of the stage."""
    first: dict[int, Text] = {}
    for row in flow.of(STAGE).tolist():
        first.setdefault(int(flow.deal[row]), flow.old[row] or flow.new[row])
    return first


def add_field_changes(
    company: Company, flow: Flow, amounts: Amounts, changes: Changes
) -> dict[str, dict[int, Text]]:
    """Adds the changes of fields; returns attribute -> lead -> value at the creation, of deals that the flow covers.

    A deal without a change of a field has had its present value from the start, if the export has the deal's flow.
    """
    attributes = _attributes(company)
    covered = np.flatnonzero(flow.covered).tolist()
    first: dict[str, dict[int, Text]] = {}
    for field, attribute in attributes.items():
        rows = flow.of(field)
        if not len(rows):
            continue
        deal = flow.deal[rows]
        old, new = (
            _read(company, field, [values[row] for row in rows.tolist()], deal, amounts)
            for values in (flow.old, flow.new)
        )
        for place, us, before, value in zip(deal.tolist(), flow.us[rows].tolist(), old, new, strict=True):
            changes.add(place, us, attribute, before, value)
        present = present_values(company, field, amounts)
        changed = set(deal.tolist())
        first[attribute] = {place: present[place] for place in covered if place not in changed}
    at_creation = changes.at_creation()
    return {name: {**values, **at_creation.get(name, {})} for name, values in first.items()}


def _attributes(company: Company) -> dict[str, str]:
    """Field -> attribute of everything whose changes are used."""
    return FIELD_ATTRIBUTES | company.attribute_columns()


def present_values(company: Company, field: str, amounts: Amounts) -> list[Text]:
    """The present values (n,) of a field as they stand in `leads`."""
    deals = company.deals
    if field in ("user_id", "owner_id"):
        return owners(company)
    if field == "value":
        return [
            None if np.isnan(value) else number_text(value) for value in np.round(amounts.value, 2).tolist()
        ]
    name = {"channel": "source"}.get(field, field)
    return _read(company, field, column(deals, name).to_pylist(), np.arange(len(deals)), amounts)


def owners(company: Company) -> list[Text]:
    """The owner of each deal by name, by id if no name is known."""
    names, ids = (column(company.deals, name).to_pylist() for name in ("owner_name", "user_id"))
    shown = (linked(id_, ("name", "id")) for id_ in ids)
    return [
        name or (company.users.get(id_, id_) if id_ else None) for name, id_ in zip(names, shown, strict=True)
    ]


def _read(company: Company, field: str, values: list[Text], deal: Ints, amounts: Amounts) -> list[Text]:
    """Values of a field in the form of `leads`: owners by name, days, amounts in one currency, labels of options."""
    export = company.export
    if field in ("user_id", "owner_id"):
        return [company.users.get(id_, id_) if id_ else None for id_ in values]
    if field == "expected_close_date":
        return days_in(
            read_times(pa.array(values, pa.string()), export.options.zone, export.order), export.options.zone
        )
    if field == "value":
        read = read_numbers(pa.array(values, pa.string()), export.options.decimal or ".")
        own = np.round(read.value * amounts.factor[deal], 2)
        return [None if np.isnan(value) else number_text(value) for value in own.tolist()]
    if field == "org_id":
        ids: list[Text] = plain_ids(pa.array(values, pa.string())).to_pylist()
        return ids
    return [company.shown(field, value) for value in values]


def _mask(array: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False))
