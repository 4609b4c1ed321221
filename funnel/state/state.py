"""The state and flow of the funnel: every figure of one period as one JSON-ready record (docs/reference/funnel.md)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funnel.columns import MAX_GROUPS, OTHER, column_values, known_columns, refuse_unknown_column
from funnel.recording import known_leads, recording_warnings
from funnel.records import Record
from funnel.state.activity import activity
from funnel.state.attention.attention import SHOWN_LEADS, attention
from funnel.state.cohorts import triangle
from funnel.state.leads.paths import StagePaths, Visits, group_stages, stage_paths
from funnel.state.leads.probabilities import LeadProbabilities
from funnel.state.leads.touches import Touches, touches_of
from funnel.state.leaks.drop_off import drop_off
from funnel.state.leaks.leaks import leak_record
from funnel.state.money.attribution import attribution
from funnel.state.money.deals import cycle_time, deals, decided_in, funnel_record, velocity
from funnel.state.money.economics import economics
from funnel.state.money.targets import target_records
from funnel.state.months import month_records
from funnel.state.moves import lead_moves
from funnel.state.period import Period, View, calendar_period, view_of
from funnel.state.reconcile import reconciliation
from funnel.state.stages import flow_ledger, stage_records
from history.base.arrays import Codes, Mask
from history.base.errors import InvalidInput
from history.base.warnings import Warning, json_of
from history.history import LOST, History
from history.odd_creations import first_creation_us
from history.text.times import format_time
from models.reasons.pace import Pace

FEWEST_STAGES = 3  # from which stages are grouped without configuration


@dataclass(frozen=True)
class FunnelOptions:
    """Scope of a funnel report.

    The period is from_us <= t < to_us: from_us None is the first creation; to_us None or past as_of_us is up to and
    with as_of_us. by: column to group by, with the value valid at as_of_us. since_us: the date from which moves are
    followed (None: funnel.state.moves.DEFAULT_DAYS before). attention: length of the list of leads.
    """

    from_us: int | None = None
    to_us: int | None = None
    by: str | None = None
    since_us: int | None = None
    attention: int = SHOWN_LEADS


EVERYTHING = FunnelOptions()


@dataclass(frozen=True)
class _Scope:
    """The inputs of all blocks: paths over stages and over stage groups, the period, and the touches in it."""

    paths: StagePaths
    groups: StagePaths
    period: Period
    touches: Touches


def funnel_state(
    history: History,
    options: FunnelOptions = EVERYTHING,
    probabilities: LeadProbabilities | None = None,
    columns: Sequence[str] | None = None,
    pace: Pace | None = None,
) -> Record:
    """The funnel at history.as_of_us: the total, and one record a group of `by`.

    columns: the attributes that the drop-off looks at, by default those of funnel.state.leaks.drop_off. pace: limits of
    attention, by default those of the history.

    The MAX_GROUPS - 1 largest groups by leads stand alone, the rest together. Raises InvalidInput for an empty or
    reversed period and for an unknown column.
    """
    period = _period(history, options.from_us, options.to_us)
    lead_groups = None if options.by is None else _lead_groups(history, options.by)
    scope = _scope(history, period)
    paths, touches = scope.paths, scope.touches
    # Without --from, costs of the first month count whole: they belong to the first leads.
    spent_from_us = period.edges_us[0] if options.from_us is None else period.from_us
    money = economics(paths, period, touches, spent_from_us)
    state: Record = {
        **_head(history, period, options.by),
        "stage_order": list(paths.names),
        "stage_groups_inferred": not history.config.groups,
        "total": _block(scope),
        "groups": [] if lead_groups is None else _group_blocks(scope, lead_groups),
        "leaks": leak_record(paths, scope.groups, touches, period.to_us),
        "drop_off": drop_off(paths, period, columns),
        "attention": attention(paths, touches, probabilities, options.attention, pace),
        "economics": money,
        "attribution": _attribution(scope) if money is None else money["attribution"],
        "moves": lead_moves(paths, options.since_us),
    }
    state["warnings"] = json_of(
        [*_data_warnings(history), *_path_warnings(paths), *_period_warnings(state, history)]
    )
    state["reconciliation"] = reconciliation(state)
    return state


def _head(history: History, period: Period, by: str | None) -> Record:
    config = history.config
    return {
        "funnel": config.name,
        "currency": config.currency,
        "timezone": config.timezone,
        "as_of": format_time(history.as_of_us),
        "from": format_time(period.from_us),
        "to": format_time(min(period.to_us, history.as_of_us)),
        "horizon_days": config.horizon_days,
        "by": by,
    }


def _scope(history: History, period: Period) -> _Scope:
    paths = stage_paths(history)
    return _Scope(
        paths=paths,
        groups=group_stages(paths, stage_groups(paths)),
        period=period,
        touches=touches_of(paths, period.from_us, period.to_us),
    )


def _block(scope: _Scope, members: Mask | None = None) -> Record:
    """The figures of the leads marked by `members` (n,), of all without it."""
    view = view_of(scope.paths, scope.period, scope.touches, members)
    group_visits = _visits_of(scope.groups, members)
    group_view = View(scope.groups, scope.period, view.lead, group_visits, view.touches)
    flow, money, days = flow_ledger(view), deals(view), cycle_time(view)
    block: Record = {
        "funnel": funnel_record(view),
        "flow": flow,
        "deals": money,
        "cycle_time_days": days,
        "velocity": velocity(flow["open_at_end"], money, days),
        "activity": activity(view),
        "stages": stage_records(view),
        "stage_groups": [record for record in stage_records(group_view) if record["stage"] is not None],
        "months": month_records(view),
        "cohorts": triangle(view),
    }
    block["targets"] = target_records(view.paths.history.config.targets, block, scope.period.whole_months)
    return block


def _attribution(scope: _Scope) -> list[Record]:
    view = view_of(scope.paths, scope.period, scope.touches)
    return attribution(scope.paths, decided_in(view))


def _visits_of(paths: StagePaths, members: Mask | None) -> Visits:
    return paths.visits if members is None else paths.visits.take(members[paths.visits.lead])


def _period(history: History, from_us: int | None, to_us: int | None) -> Period:
    """The period with the defaults of FunnelOptions; raises InvalidInput if it is empty."""
    end_us = history.as_of_us + 1 if to_us is None else min(to_us, history.as_of_us + 1)
    if from_us is None:
        first_us = first_creation_us(history.created_us) if len(history) else history.as_of_us
        from_us = min(first_us, end_us - 1)
    start, end, as_of = (format_time(instant) for instant in (from_us, end_us, history.as_of_us))
    if from_us > history.as_of_us:
        raise InvalidInput(
            f"the period begins at {start}, after the data's as-of {as_of}: "
            "choose an earlier --from or a later --as-of"
        )
    if from_us >= end_us:
        raise InvalidInput(f"the period from {start} to {end} is empty: choose a --to after --from")
    return calendar_period(from_us, end_us, history.config.zone)


def stage_groups(paths: StagePaths) -> dict[str, Sequence[str]]:
    """The configured groups in stage order; else top, middle and bottom: the first stage, those between, the last.

    Empty with fewer than FEWEST_STAGES stages.
    """
    configured = {name: list(stages) for name, stages in paths.history.config.groups.items() if stages}
    names = list(paths.names)
    if configured:
        place = {name: i for i, name in enumerate(names)}
        return dict(sorted(configured.items(), key=lambda item: min(place[stage] for stage in item[1])))
    if len(names) < FEWEST_STAGES:
        return {}
    return {"top": names[:1], "middle": names[1:-1], "bottom": names[-1:]}


@dataclass(frozen=True)
class _LeadGroups:
    """The group (n,) of each lead, an index into `names`; None is the group of leads without a value."""

    codes: Codes
    names: list[str | None]


def _lead_groups(history: History, by: str) -> _LeadGroups:
    """Groups by a column, largest first."""
    refuse_unknown_column(by, known_columns(history))
    factor = column_values(history, by, history.as_of_us)
    count = np.bincount(factor.codes + 1, minlength=len(factor.values) + 1)
    largest = np.argsort(-count, kind="stable")
    used = largest[count[largest] > 0].tolist()
    alone = used if len(used) <= MAX_GROUPS else used[: MAX_GROUPS - 1]
    # All other codes share the place after the last group of its own.
    place = np.full(len(count), len(alone), dtype=np.int32)
    place[alone] = np.arange(len(alone), dtype=np.int32)
    names: list[str | None] = [None if code == 0 else factor.values[code - 1] for code in alone]
    if len(alone) < len(used):
        names.append(OTHER)
    return _LeadGroups(place[factor.codes + 1], names)


def _group_blocks(scope: _Scope, groups: _LeadGroups) -> list[Record]:
    return [{"group": name, **_block(scope, groups.codes == code)} for code, name in enumerate(groups.names)]


def _data_warnings(history: History) -> list[Warning]:
    """Those of reading, then missing stages, outcomes, losses or amounts."""
    warnings = list(history.warnings)
    outcomes = history.decisions
    if not len(history.stages.time_us):
        text = "no stage entries are recorded; only figures of the whole funnel are reported"
        warnings.append(Warning("no_stages", "stages", text))
    if not len(outcomes.time_us):
        text = "no wins or losses are recorded; every lead counts as open"
        warnings.append(Warning("no_outcomes", "outcomes", text))
        return warnings
    if not (outcomes.state == LOST).any():
        text = (
            "no losses are recorded, so the win rate of decided leads is always 100 %; "
            "use the conversion of the leads created in the period instead"
        )
        warnings.append(Warning("no_losses", "outcomes", text))
    warnings += recording_warnings(known_leads(history, history.as_of_us))
    if not np.isfinite(outcomes.amount).any():
        text = "no amounts are known; revenue, average deal and revenue velocity are null"
        warnings.append(Warning("no_amounts", "outcomes", text))
    return warnings


def _path_warnings(paths: StagePaths) -> list[Warning]:
    warnings = []
    implied = int(paths.is_implied.sum())
    if implied:
        text = f"{implied:,} closed leads have no closing time; they count in rates but not in durations"
        warnings.append(Warning("implied_closing_times", "outcomes", text))
    if paths.ignored_entries:
        text = (
            f"{paths.ignored_entries:,} stage entries of closed leads are ignored; "
            "record an `open` outcome to reopen a lead"
        )
        warnings.append(Warning("stage_after_closing", "stages", text))
    return warnings


def _period_warnings(state: Record, history: History) -> list[Warning]:
    """A period without leads is allowed, but its figures are empty."""
    flow = state["total"]["flow"]
    if flow["open_at_start"] or flow["entered"] or flow["reopened"]:
        return []
    known = "no leads exist by this date"
    if len(history):
        known = f"the first lead entered at {format_time(int(history.created_us.min()))}"
    text = f"no lead was open or entered between {state['from']} and {state['to']}; {known}"
    return [Warning("empty_period", "period", text)]
