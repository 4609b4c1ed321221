"""Every feature of one lead at one instant in plain Python, as its definition reads."""

import itertools
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from features.attributes.category_rates import SHRINKAGE
from features.vocabulary import Vocabulary
from history.history import INBOUND, OUTBOUND
from history.text.times import DAY_US, HOUR_US
from tests.builders.leads.lead_histories import STAGES, Change, Entry, Lead, Touch

Figures = dict[str, float]
NAN = math.nan
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reference(lead: Lead, as_of: int, vocabulary: Vocabulary) -> Figures:
    """name -> value of every feature of the vocabulary of tests/builders/feature_words.py."""
    touches = [row for row in sorted(lead.touches, key=lambda r: r.time) if row.known <= as_of]
    entries = [row for row in sorted(lead.entries, key=lambda r: r.time) if row.known <= as_of]
    changes = [row for row in sorted(lead.changes, key=lambda r: r.time) if row.known <= as_of]
    return {
        **stage_figures(lead, entries, as_of, vocabulary),
        **talk_figures(lead, touches, _runs(entries), as_of),
        **attribute_figures(lead, changes, as_of, vocabulary),
        **calendar_figures(lead, as_of, vocabulary),
    }


def _days(us: float) -> float:
    return us / DAY_US


def _runs(entries: Sequence[Entry]) -> list[Entry]:
    """Stage entries without those into the stage the lead is in already."""
    runs: list[Entry] = []
    for row in entries:
        if not runs or runs[-1].stage != row.stage:
            runs.append(row)
    return runs


def stage_figures(lead: Lead, entries: Sequence[Entry], as_of: int, vocabulary: Vocabulary) -> Figures:
    n = len(STAGES)
    place = {name: i + 1 for i, name in enumerate(STAGES)}
    runs = _runs(entries)
    at = [place.get(row.stage, n + 1) for row in runs]
    moves = list(zip(runs[1:], at[:-1], at[1:], strict=True))
    age = [as_of - row.time for row, _, _ in moves]
    out: Figures = {
        "lead_age_days": _days(as_of - lead.created),
        "stage_moves": len(moves),
        "stage_regressions": sum(b < a for _, a, b in moves),
        "stage_skips": sum(b > a + 1 for _, a, b in moves),
        "stages_visited": len({p for p in at if p <= n}),
        "funnel_share": len({p for p in at if p <= n}) / n,
        "stage_moves_7d": sum(a < 7 * DAY_US for a in age),
        "stage_moves_30d": sum(a < 30 * DAY_US for a in age),
        "stage": 0,
        "stage_returns": 0,
    }
    ends = [*(row.time for row in runs[1:]), *([as_of] if runs else [])]
    for name in STAGES:
        spent = sum(_days(end - row.time) for row, end in zip(runs, ends, strict=True) if row.stage == name)
        out[f"days_at_{name}"] = spent if runs else NAN
    if moves:
        out["days_since_move"] = _days(as_of - runs[-1].time)
        out["days_in_previous_stage"] = _days(runs[-1].time - runs[-2].time)
    if runs:
        days = _days(as_of - runs[-1].time)
        usual = vocabulary.stage_medians[at[-1] - 1] if at[-1] <= n else None
        out |= {
            "stage": at[-1] + 1 if at[-1] <= n else 1,
            "stage_position": at[-1],
            "furthest_position": max(at),
            "days_in_stage": days,
            "stage_pace": NAN if usual is None else days / max(usual, 1 / 24),
            "days_to_first_stage": _days(runs[0].time - lead.created),
            "days_to_stage": _days(runs[-1].time - lead.created),
            "stage_returns": at.count(at[-1]) - 1,
        }
    return out


def talk_figures(lead: Lead, touches: Sequence[Touch], runs: Sequence[Entry], as_of: int) -> Figures:
    kinds, channels = ("call", "mail"), ("phone",)
    groups = {
        "interactions": touches,
        "inbound": [t for t in touches if t.direction == INBOUND],
        "outbound": [t for t in touches if t.direction == OUTBOUND],
        "kind_call": [t for t in touches if t.kind == "call"],
        "kind_mail": [t for t in touches if t.kind == "mail"],
        "other_kinds": [t for t in touches if t.kind is not None and t.kind not in kinds],
        "channel_phone": [t for t in touches if t.channel == "phone"],
        "other_channels": [t for t in touches if t.channel is not None and t.channel not in channels],
    }
    out: Figures = {}
    for name, rows in groups.items():
        for days in (7, 30, 90):
            out[f"{name}_{days}d"] = sum(as_of - days * DAY_US < t.time <= as_of for t in rows)
        out[f"{name}_count"] = len(rows)
        out[f"days_since_{name}"] = _days(as_of - max(t.time for t in rows)) if rows else NAN
    ages = [_days(as_of - t.time) for t in touches]
    gaps = [b.time - a.time for a, b in itertools.pairwise(touches)]
    out |= {
        "activity_decay_7d": sum(0.5 ** (age / 7) for age in ages),
        "activity_decay_30d": sum(0.5 ** (age / 30) for age in ages),
        "activity_trend": sum(age < 7 for age in ages) - sum(7 <= age < 35 for age in ages) / 4,
        "active_days_30d": len({math.floor(age) for age in ages if age < 30}),
        "distinct_kinds": len({t.kind for t in touches} - {None}),
        "distinct_channels": len({t.channel for t in touches} - {None}),
        "median_gap_days": _days(median(gaps)) if gaps else NAN,
        "interactions_before_creation": sum(t.time < lead.created for t in touches),
        "last_kind": {"call": 2, "mail": 3, None: 0}.get(touches[-1].kind, 1) if touches else 0,
        "last_channel": {"phone": 2, None: 0}.get(touches[-1].channel, 1) if touches else 0,
    }
    if touches:
        out["days_since_first_interaction"] = ages[0]
        out["longest_silence_days"] = _days(max([*gaps, as_of - touches[-1].time]))
    if runs:
        out["interactions_in_stage"] = sum(t.time >= runs[-1].time for t in touches)
    return out | dialogue_figures(touches, as_of) | value_figures(touches, as_of)


def dialogue_figures(touches: Sequence[Touch], as_of: int) -> Figures:
    inbound = [t for t in touches if t.direction == INBOUND]
    spoken = [t for t in touches if t.direction in (INBOUND, OUTBOUND)]
    ours, theirs = [], []
    for before, after in itertools.pairwise(spoken):
        if before.direction == OUTBOUND and after.direction == INBOUND:
            theirs.append(after.time - before.time)
    waiting: int | None = None
    for t in spoken:
        if t.direction == INBOUND and waiting is None:
            waiting = t.time
        elif t.direction == OUTBOUND and waiting is not None:
            ours.append(t.time - waiting)
            waiting = None
    after_last = 0
    for t in reversed(spoken):
        if t.direction == INBOUND:
            break
        after_last += 1
    return {
        "share_inbound": len(inbound) / len(spoken) if spoken else NAN,
        "response_hours_mean": sum(ours) / HOUR_US / len(ours) if ours else NAN,
        "response_hours_last": ours[-1] / HOUR_US if ours else NAN,
        "lead_response_hours_mean": sum(theirs) / HOUR_US / len(theirs) if theirs else NAN,
        "unanswered_hours": NAN if waiting is None else (as_of - waiting) / HOUR_US,
        "outbound_since_inbound": after_last,
    }


def value_figures(touches: Sequence[Touch], as_of: int) -> Figures:
    values = [t.value for t in touches if not math.isnan(t.value)]
    return {
        "value_sum": sum(values),
        "value_mean": sum(values) / len(values) if values else NAN,
        "value_last": values[-1] if values else NAN,
        "value_sum_30d": sum(
            t.value for t in touches if not math.isnan(t.value) and as_of - t.time < 30 * DAY_US
        ),
    }


def attribute_figures(lead: Lead, changes: Sequence[Change], as_of: int, vocabulary: Vocabulary) -> Figures:
    now = {name: value for name, value in lead.attributes.items() if name != "score"}
    for change in changes:
        now[change.attribute] = change.value
    known = [c for c in changes if c.attribute in ("size", "score", "due", "agreed", "plan", "tools")]
    plan_changes = [c for c in changes if c.attribute == "plan"]
    out: Figures = {
        "attr_size": _number(now.get("size")),
        "attr_score": _number(now.get("score")),
        "attr_agreed": {"true": 1.0, "1": 1.0, "FALSE": 0.0, "0": 0.0, "True": 1.0, "y": 1.0}.get(
            now.get("agreed") or "", NAN
        ),
        "attr_plan_changes": len(plan_changes),
        "days_since_attr_plan_changed": _days(as_of - plan_changes[-1].time) if plan_changes else NAN,
        "attribute_changes_count": len(known),
        "attribute_changes_30d": sum(as_of - c.time < 30 * DAY_US for c in known),
    }
    return (
        out
        | _date_figures(lead, now.get("due"), as_of)
        | _plan_figures(now.get("plan"), vocabulary)
        | _tools_figures(now.get("tools"))
    )


def _tools_figures(text: str | None) -> Figures:
    picks = {"ERP;BI": {"erp", "bi"}, "bi": {"bi"}, " erp ;x; X": {"erp", "x"}, ";": set[str]()}.get(
        text or ""
    )
    if picks is None:
        return {}
    return {
        "attr_tools_count": len(picks),
        "attr_tools_has_erp": "erp" in picks,
        "attr_tools_has_bi": "bi" in picks,
    }


def _number(text: str | None) -> float:
    return {"1": 1.0, "2.5": 2.5, "-3e2": -300.0}.get(text or "", NAN)


def _date_figures(lead: Lead, text: str | None, as_of: int) -> Figures:
    known = {
        "2023-12-24": datetime(2023, 12, 24, tzinfo=UTC),
        "2024-02-29T10:30:00+02:00": datetime(2024, 2, 29, 8, 30, tzinfo=UTC),
        "2023-11-01 08:00": datetime(2023, 11, 1, 8, tzinfo=UTC),
    }
    if text not in known:
        return {}
    day = known[text]
    at = (day - EPOCH) // timedelta(microseconds=1)
    return {
        "attr_due_days_ahead": _days(at - as_of),
        "attr_due_days_after_creation": _days(at - lead.created),
        "attr_due_weekday": day.weekday(),
        "attr_due_week": (day.timetuple().tm_yday - 1) // 7 + 1,
    }


def _plan_figures(text: str | None, vocabulary: Vocabulary) -> Figures:
    """Levels x and 3 have codes 2 and 3; of the frozen table x has 8 leads with 4 wins, 3 2 and 0, all 100 and 30."""
    assert vocabulary.tables.base_leads.tolist() == [100]
    name = {"3.0": "3", "True": "true"}.get(text or "", text)
    if name is None:
        return {"attr_plan": 0}
    leads, wins = {"x": (8, 4), "3": (2, 0)}.get(name, (0, 0))
    return {
        "attr_plan": {"x": 2, "3": 3}.get(name, 1),
        "attr_plan_share": {"x": 0.5, "3": 0.25}.get(name, 0.0),
        "attr_plan_past_leads": leads,
        "attr_plan_win_rate": (wins + SHRINKAGE * 0.3) / (leads + SHRINKAGE),
    }


def calendar_figures(lead: Lead, as_of: int, vocabulary: Vocabulary) -> Figures:
    zone = vocabulary.config.zone
    born = (EPOCH + timedelta(microseconds=lead.created)).astimezone(zone)
    now = (EPOCH + timedelta(microseconds=as_of)).astimezone(zone)
    quarter = (now.month - 1) // 3 * 3 + 3
    return {
        "created_weekday": born.weekday(),
        "created_hour": born.hour,
        "as_of_weekday": now.weekday(),
        "as_of_month": now.month,
        "days_to_month_end": _days_to_end(now, now.month),
        "days_to_quarter_end": _days_to_end(now, quarter),
    }


def _days_to_end(now: datetime, month: int) -> int:
    following = datetime(now.year + month // 12, month % 12 + 1, 1, tzinfo=UTC).date()
    return (following - now.date()).days - 1
