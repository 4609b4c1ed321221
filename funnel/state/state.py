"""The state and flow of the funnel: every measure of one period as one JSON-ready record (docs/reference/funnel.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.attributes import text_at
from funnel.state.activity import activity
from funnel.state.attention import SHOWN_LEADS, Chances, attention
from funnel.state.cohorts import triangle
from funnel.state.deals import cycle, deals, funnel_record, velocity
from funnel.state.economics import economics
from funnel.state.leaks import leak_record
from funnel.state.months import month_records
from funnel.state.moves import moves
from funnel.state.paths import Paths, Visits, paths_of, regrouped
from funnel.state.period import Period, Record, View, months_between, view
from funnel.state.reconcile import reconciliation
from funnel.state.stages import flow_ledger, stage_records
from funnel.state.targets import target_records
from funnel.state.touches import Touches, touches_of
from history.arrays import Codes
from history.errors import InvalidInput
from history.history import LOST, History
from history.times import format_time

MOST_GROUPS = 50
OTHER = "(other)"


@dataclass(frozen=True)
class FunnelAsked:
    """What a funnel is asked for.

    The period is from_us <= t < to_us: from_us None is the first creation; to_us None or past as_of_us is up
    to and with as_of_us. by names a column of leads, by the value valid at as_of_us. since_us is the date that
    leads are followed from (None: funnel.state.moves.DEFAULT_DAYS before), attention how many leads are listed.
    """

    from_us: int | None = None
    to_us: int | None = None
    by: str | None = None
    since_us: int | None = None
    attention: int = SHOWN_LEADS


EVERYTHING = FunnelAsked()


def funnel_state(history: History, asked: FunnelAsked = EVERYTHING, chances: Chances | None = None) -> Record:
    """The funnel at history.as_of_us over the period asked for: the total, and one record a group of `by`.

    The MOST_GROUPS - 1 largest groups by leads stand alone, the rest together. Raises InvalidInput for an
    empty or reversed period and for an unknown column.
    """
    from_us, by = asked.from_us, asked.by
    period, warnings = _period(history, from_us, asked.to_us), _warnings(history)
    grouped = None if by is None else _groups(history, by)
    paths = paths_of(history)
    levels = regrouped(paths, stage_groups(paths))
    touches = touches_of(paths, period.from_us, period.to_us)
    state: Record = {
        "funnel": history.config.name,
        "currency": history.config.currency,
        "timezone": history.config.timezone,
        "as_of": format_time(history.as_of_us),
        "from": format_time(period.from_us),
        "to": format_time(min(period.to_us, history.as_of_us)),
        "horizon_days": history.config.horizon_days,
        "by": by,
        "stage_order": list(paths.names),
        "stage_groups_inferred": not history.config.groups,
        "total": _block(view(paths, period, touches), levels),
        "groups": [],
        "leaks": leak_record(paths, levels, touches, period.to_us),
        "attention": attention(paths, touches, chances, asked.attention),
        "economics": economics(
            paths, period, touches, period.edges_us[0] if from_us is None else period.from_us
        ),
        "moves": moves(paths, asked.since_us),
        "warnings": warnings + _path_warnings(paths),
    }
    if grouped is not None:
        state["groups"] = _group_blocks(paths, levels, (period, touches), grouped)
    state["warnings"] += _empty(state, history)
    state["reconciliation"] = reconciliation(state)
    return state


def _block(seen: View, levels: Paths) -> Record:
    mine = np.zeros(len(seen.paths), dtype=np.bool_)
    mine[seen.lead] = True
    grouped = View(levels, seen.period, seen.lead, _of(levels.visits, mine), seen.touches)
    flow, money, days = flow_ledger(seen), deals(seen), cycle(seen)
    block: Record = {
        "funnel": funnel_record(seen),
        "flow": flow,
        "deals": money,
        "cycle_time_days": days,
        "velocity": velocity(flow["open_at_end"], money, days),
        "activity": activity(seen),
        "stages": stage_records(seen),
        "stage_groups": [record for record in stage_records(grouped) if record["stage"] is not None],
        "months": month_records(seen),
        "cohorts": triangle(seen),
    }
    block["targets"] = target_records(seen.paths.history.config.targets, block, seen.period.whole)
    return block


def _of(visits: Visits, mine: Any) -> Visits:
    return visits if mine.all() else visits.take(mine[visits.lead])


def _period(history: History, from_us: int | None, to_us: int | None) -> Period:
    end_us = history.as_of_us + 1 if to_us is None else min(to_us, history.as_of_us + 1)
    start_us = from_us
    if start_us is None:
        start_us = int(history.created_us.min()) if len(history) else history.as_of_us
        start_us = min(start_us, end_us - 1)
    problems = []
    if start_us > history.as_of_us:
        problems.append(
            f"the period begins at {format_time(start_us)}, after the data's as-of {format_time(history.as_of_us)}: "
            "choose an earlier --from or a later --as-of"
        )
    elif start_us >= end_us:
        problems.append(
            f"the period from {format_time(start_us)} to {format_time(end_us)} is empty: "
            "--to is exclusive and lies after --from"
        )
    if problems:
        raise InvalidInput(problems)
    return Period(start_us, end_us, *months_between(start_us, end_us, history.config.zone))


def stage_groups(paths: Paths) -> dict[str, Sequence[str]]:
    """The configured top, middle and bottom; of three or more stages else the first, those between, and the last."""
    given = {name: list(stages) for name, stages in paths.history.config.groups.items() if stages}
    names = list(paths.names)
    if given:
        order = {name: place for place, name in enumerate(names)}
        return dict(sorted(given.items(), key=lambda item: min(order[stage] for stage in item[1])))
    if len(names) < 3:
        return {}
    return {"top": names[:1], "middle": names[1:-1], "bottom": names[-1:]}


def _groups(history: History, by: str) -> tuple[Codes, list[str | None]]:
    """The group of each lead and the groups' names, largest first, the missing value's as None."""
    known = sorted({*history.attributes, *history.changes.attribute.values})
    if by not in known:
        raise InvalidInput(
            f"there is no column {by!r} to group by; the leads have {', '.join(known) or 'no columns'}"
        )
    n = len(history)
    factor = text_at(history, by, np.arange(n, dtype=np.int64), np.full(n, history.as_of_us, dtype=np.int64))
    count = np.bincount(factor.codes + 1, minlength=len(factor.values) + 1)
    used = [code for code in np.argsort(-count, kind="stable").tolist() if count[code]]
    kept = used if len(used) <= MOST_GROUPS else used[: MOST_GROUPS - 1]
    place = np.full(len(count), len(kept), dtype=np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    names: list[str | None] = [None if code == 0 else factor.values[code - 1] for code in kept]
    return place[factor.codes + 1], names + ([OTHER] if len(kept) < len(used) else [])


def _group_blocks(
    paths: Paths, levels: Paths, seen: tuple[Period, Touches], grouped: tuple[Codes, list[str | None]]
) -> list[Record]:
    codes, names = grouped
    return [
        {"group": name, **_block(view(paths, *seen, codes == code), levels)}
        for code, name in enumerate(names)
    ]


def _warnings(history: History) -> list[Record]:
    found = []
    if not len(history.stages.time_us):
        found.append(
            _note("no_stages", "stages", "there are no stage entries: only the whole funnel is reported")
        )
    if not len(history.outcomes.time_us):
        found.append(_note("no_outcomes", "outcomes", "nothing is decided: every lead counts as open"))
    elif not (history.outcomes.state == LOST).any():
        text = "nothing is recorded as lost: the win rate of decided leads says nothing, the rate of the cohort does"
        found.append(_note("no_losses", "outcomes", text))
    if len(history.outcomes.time_us) and not np.isfinite(history.outcomes.amount).any():
        found.append(
            _note(
                "no_amounts",
                "outcomes",
                "no amounts are known: revenue, average deal and velocity in money are null",
            )
        )
    return found


def _empty(state: Record, history: History) -> list[Record]:
    """A period in which nobody was there, which is allowed and says nothing."""
    flow = state["total"]["flow"]
    if flow["open_at_start"] or flow["entered"] or flow["reopened"]:
        return []
    first = format_time(int(history.created_us.min())) if len(history) else None
    seen = f"the first lead entered at {first}" if first else "no lead is known at all"
    text = f"no lead was open or entered from {state['from']} to {state['to']}; {seen}"
    return [_note("empty_period", "period", text)]


def _path_warnings(paths: Paths) -> list[Record]:
    found = []
    if paths.implied.any():
        n = int(paths.implied.sum())
        text = f"{n:,} leads are closed at a time that no column gave; they count in rates, not in times"
        found.append(_note("implied_closing_times", "outcomes", text))
    if paths.ignored:
        text = f"{paths.ignored:,} stage entries of closed leads begin no visit; an `open` outcome reopens a lead"
        found.append(_note("stage_after_closing", "stages", text))
    return found


def _note(code: str, subject: str, detail: str) -> Record:
    return {"code": code, "subject": subject, "detail": detail}
