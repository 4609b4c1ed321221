"""Stages of opportunities: what each label means, their order, and every move between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.amounts import Amounts, numbers
from connectors.deals.deals import LOST, NO_TIME, OPEN, WON, Deals, Moves
from connectors.reading.export import ROW, SOURCE, VERSION, booleans, column
from connectors.reading.values import end_of_day, read_numbers
from connectors.reading.words import outcome_of
from connectors.salesforce.org import Org, without_deleted
from history.base.arrays import Codes, Flags, Ints, Mask
from history.base.errors import InvalidInput

STAGE_FIELDS = ("stagename", "stage")
CERTAIN = frozenset(("100", "100.0", "100%"))  # a probability that only a won stage has throughout
MOVE_COLUMNS = ("StageName", "Amount", "Probability", "CreatedDate", "CloseDate", "Id", "FromStage")


@dataclass(frozen=True)
class Stages:
    """Labels of stages, what each means (OPEN, WON or LOST), and the open ones in order, () if that is unknown."""

    labels: list[str]
    states: Flags
    order: tuple[str, ...]

    def codes(self, array: pa.Array) -> Codes:
        """The place of each label, -1 for none."""
        found = pc.index_in(array, value_set=pa.array(self.labels, pa.string()))
        return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int32)


def stage_rows(org: Org, history: pa.Table) -> pa.Table:
    """Rows of OpportunityHistory of known opportunities, and versions of opportunities in the same form."""
    history = without_deleted(org.export, history)
    opportunity = pc.coalesce(column(history, "OpportunityId"), column(history, "parent.Id"))
    rows = {name: column(history, name) for name in MOVE_COLUMNS}
    rows |= {"OpportunityId": opportunity, SOURCE: history.column(SOURCE), ROW: history.column(ROW)}
    without_stage = pc.is_null(rows["StageName"]).to_numpy(zero_copy_only=False)
    table = org.export.leave(pa.table(rows), "no_stage", without_stage)
    table = org.export.leave(table, "bad_time", ~org.export.times(table, "CreatedDate").known)
    known = org.of_known_deals(table, "OpportunityId")
    org.export.use(known)
    return pa.concat_tables([known, _version_rows(org).select(known.column_names)]).combine_chunks()


def _version_rows(org: Org) -> pa.Table:
    versions = org.versions
    rows = {name: column(versions, name) for name in MOVE_COLUMNS}
    rows |= {"CreatedDate": column(versions, VERSION), "OpportunityId": rows["Id"]}
    rows |= {SOURCE: versions.column(SOURCE), ROW: versions.column(ROW)}
    table = pa.table(rows)
    good = org.export.times(table, "CreatedDate").known & (org.places(rows["OpportunityId"]) >= 0)
    good &= pc.is_valid(rows["StageName"]).to_numpy(zero_copy_only=False)
    return table.filter(pa.array(good))


def read_stages(org: Org, history: pa.Table, fields: pa.Table) -> Stages:
    """Every stage of the export with its state: by --won and --lost, the stage table, the deals' own flags, the
    history's probability, and the usual words, in this order.
    """
    current, options = org.opportunities, org.export.options
    stage_table = org.export.table("OpportunityStage")
    org.export.use(stage_table)
    moved = fields.filter(pa.array(of_fields(org, fields, *STAGE_FIELDS)))
    labels = list(dict.fromkeys(
        label
        for array in (
            column(current, "StageName"), column(history, "StageName"), column(moved, "NewValue"),
            column(moved, "OldValue"),
        )
        for label in pc.unique(array).to_pylist()
        if label
    ))  # fmt: skip
    meaning: dict[str, int] = {}
    for label in labels:
        if (word := outcome_of(label)) is not None:
            meaning[label] = WON if word == "won" else LOST
    _by_probability(history, meaning)
    _by_flags(current, "StageName", meaning)
    _by_flags(stage_table, "MasterLabel", meaning)
    meaning |= {label: WON for label in labels if label in options.won}
    meaning |= {label: LOST for label in labels if label in options.lost}
    for option, names in (("--won", options.won), ("--lost", options.lost)):
        if unknown := [name for name in names if name not in labels]:
            raise InvalidInput(f"{option} {unknown[0]}: no such stage; the stages are {', '.join(labels)}.")
    states = np.array([meaning.get(label, OPEN) for label in labels], dtype=np.int8)
    return Stages(labels, states, _stage_order(labels, states, stage_table, current, history))


def _by_flags(table: pa.Table, name: str, meaning: dict[str, int]) -> None:
    """What IsClosed and IsWon say of the stages of these rows."""
    won, _ = booleans(column(table, "IsWon"))
    closed, is_open = booleans(column(table, "IsClosed"))
    for label, is_won, is_closed, opened in zip(
        column(table, name).to_pylist(), won.tolist(), closed.tolist(), is_open.tolist(), strict=True
    ):
        if label and (is_won or is_closed):
            meaning[label] = WON if is_won else LOST
        elif label and opened:
            meaning[label] = OPEN


def _by_probability(history: pa.Table, meaning: dict[str, int]) -> None:
    """A stage without a usual word whose probability is 100 in every row is a win."""
    seen: dict[str, set[str]] = {}
    grouped = history.group_by(["StageName", "Probability"]).aggregate([]) if len(history) else history
    for label, probability in zip(
        column(grouped, "StageName").to_pylist(), column(grouped, "Probability").to_pylist(), strict=True
    ):
        seen.setdefault(label, set()).add(probability or "")
    for label, values in seen.items():
        if label not in meaning and values <= CERTAIN:
            meaning[label] = WON


def _stage_order(
    labels: list[str], states: Flags, stage_table: pa.Table, current: pa.Table, history: pa.Table
) -> tuple[str, ...]:
    """Open stages by SortOrder of the stage table, else by their mean probability; () if neither is known."""
    rank: dict[str, float] = {}
    order = read_numbers(column(stage_table, "SortOrder"))
    rank |= dict(zip(column(stage_table, "MasterLabel").to_pylist(), order.value.tolist(), strict=True))
    if not rank:
        for table in (current, history):
            read = read_numbers(column(table, "Probability"), ".")
            values = pa.table(
                {"stage": column(table, "StageName"), "p": pa.array(read.value, mask=~read.good)}
            )
            means = values.group_by("stage").aggregate([("p", "mean")])
            known = means.filter(pc.is_valid(means.column("p_mean")))
            rank |= dict(
                zip(known.column("stage").to_pylist(), known.column("p_mean").to_pylist(), strict=True)
            )
    stages = [label for label, state in zip(labels, states.tolist(), strict=True) if state == OPEN]
    if not all(label in rank for label in stages) or len({rank[label] for label in stages}) < len(stages):
        return ()
    return tuple(sorted(stages, key=lambda label: rank[label]))


def read_deals(org: Org, stages: Stages, amounts: Amounts) -> Deals:
    """The opportunities as deals; --won and --lost come before IsWon and IsClosed, these before the stage's meaning."""
    current, options = org.opportunities, org.export.options
    stage = stages.codes(column(current, "StageName"))
    state = np.where(stage >= 0, stages.states[stage], OPEN).astype(np.int8)
    won, _ = booleans(column(current, "IsWon"))
    closed, is_open = booleans(column(current, "IsClosed"))
    chosen = set(options.won) | set(options.lost)
    by_flag = np.where(won, WON, np.where(closed, LOST, np.where(is_open, OPEN, state)))
    named = np.array([label in chosen for label in stages.labels] + [False], dtype=np.bool_)[stage]
    state = np.where(named, state, by_flag).astype(np.int8)
    plan = org.export.times(current, "CloseDate")
    ends = np.where(plan.is_date, end_of_day(plan.us, options.zone), plan.us)
    since = org.export.times(current, "LastStageChangeDate")
    return Deals(
        org.ids, org.created_us, state, stage, np.where(since.known, since.us, NO_TIME),
        np.where(plan.known, ends, NO_TIME), amounts.value, column(current, "LossReason").to_pylist(),
    )  # fmt: skip


def read_moves(org: Org, history: pa.Table, fields: pa.Table, stages: Stages, amounts: Amounts) -> Moves:
    """Stage moves of OpportunityHistory; of OpportunityFieldHistory for the deals that have none there."""
    deal = org.places(column(history, "OpportunityId"))
    us, stage = org.export.times(history, "CreatedDate").us, stages.codes(column(history, "StageName"))
    amount = numbers(org.export, history, "Amount", "OpportunityHistory") * amounts.factor[deal]
    rank = ranks(history, deal, us)

    rows = fields.filter(pa.array(of_fields(org, fields, *STAGE_FIELDS)))
    owner = org.places(column(rows, "OpportunityId"))
    read = org.export.times(rows, "CreatedDate")
    kept = read.known & ~np.isin(owner, np.unique(deal))
    owner, when = owner[kept], read.us[kept]
    old = stages.codes(column(rows, "OldValue").filter(pa.array(kept)))
    new = stages.codes(column(rows, "NewValue").filter(pa.array(kept)))
    order = np.lexsort((when, owner))
    owner, when, old, new = owner[order], when[order], old[order], new[order]
    first = np.concatenate(([True], owner[1:] != owner[:-1])) if len(owner) else np.zeros(0, dtype=np.bool_)
    first &= old >= 0
    return Moves(
        np.concatenate((deal, owner[first], owner)),
        np.concatenate((us, org.created_us[owner[first]], when)),
        np.concatenate((stage, old[first], new)),
        np.concatenate((amount, np.full(int(first.sum()) + len(owner), np.nan))),
        np.concatenate((rank, np.arange(int(first.sum()) + len(owner), dtype=np.int64))),
        stages.labels,
        stages.states,
    )  # fmt: skip


def ranks(history: pa.Table, deal: Ints, us: Ints) -> Ints:
    """The order of rows of one opportunity and instant (m,): by id; without ids each follows the stage it came from."""
    by_id = pc.rank(column(history, "Id"), tiebreaker="first")
    rank: Ints = by_id.to_numpy(zero_copy_only=False).astype(np.int64)
    pairs = list(
        zip(column(history, "FromStage").to_pylist(), column(history, "StageName").to_pylist(), strict=True)
    )
    if column(history, "Id").null_count < len(history) or not any(start for start, _ in pairs):
        return rank
    order = np.lexsort((us, deal))
    keys = list(zip(deal[order].tolist(), us[order].tolist(), strict=True))
    for _, places in groupby(range(len(order)), key=keys.__getitem__):
        rows = order[list(places)]
        rank[rows[chained([pairs[row] for row in rows.tolist()])]] = np.sort(rank[rows])
    return rank


def chained(moves: Sequence[tuple[str | None, str | None]]) -> list[int]:
    """The order of moves (m,) from one stage to another: each begins where the one before it ended, if one does."""
    waiting, order = list(range(len(moves))), list[int]()
    entered = {end for _, end in moves}
    while waiting:
        following = [move for move in waiting if order and moves[move][0] == moves[order[-1]][1]]
        first = [move for move in waiting if moves[move][0] not in entered]
        order.append((following or first or waiting)[0])
        waiting.remove(order[-1])
    return order


def of_fields(org: Org, fields: pa.Table, *names: str) -> Mask:
    """Which rows of a field history are of one of these fields (n,)."""
    return np.array([key in names for key in org.field_keys(fields)], dtype=np.bool_)
