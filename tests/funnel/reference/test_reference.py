"""Reports of random folders against a plain count over their raw rows (docs/reference/funnel.md)."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from funnel.state.leaks import comparisons, groups, leaks, stages
from funnel.state.state import FunnelOptions, funnel_state
from history.read import read_folder
from tests.builders.worlds.random_world import World, random_world
from tests.funnel.reference import figures as reference
from tests.funnel.reference import leaks as reference_leaks
from tests.funnel.reference import money as reference_money
from tests.funnel.reference.leads import DAY, Funnel, instant, known_funnel

SEEDS = range(40)
DIRECTED = (
    "follow_ups",
    "follow_ups_per_lead",
    "first_response_hours",
    "response_hours",
    "waiting_for_answer",
)


def differences(reported: Any, counted: Any, path: str = "") -> Iterator[str]:
    """Differences between the report and the count; numbers are compared to nine digits."""
    if isinstance(counted, Mapping) and isinstance(reported, Mapping):
        if set(reported) != set(counted):
            yield f"{path}: {sorted(set(reported) ^ set(counted), key=str)} on one side only"
        for key in counted.keys() & reported.keys():
            yield from differences(reported[key], counted[key], f"{path}.{key}")
    elif isinstance(counted, Sequence) and isinstance(reported, Sequence) and not isinstance(counted, str):
        if len(reported) != len(counted):
            yield f"{path}: {len(reported)} reported, {len(counted)} counted"
        for place, (one, other) in enumerate(zip(reported, counted, strict=False)):
            yield from differences(one, other, f"{path}[{place}]")
    elif isinstance(counted, float | Fraction) and isinstance(reported, float | int):
        if not math.isclose(reported, counted, rel_tol=1e-9, abs_tol=1e-9):
            yield f"{path}: {reported} reported, {float(counted)} counted"
    elif reported != counted or isinstance(reported, bool) != isinstance(counted, bool):
        yield f"{path}: {reported!r} reported, {counted!r} counted"


def options_of(world: World, seed: int) -> tuple[int, FunnelOptions]:
    """A date and a period for the world: early, late, cutting leads, longer than the data."""
    rng, zone = random.Random(seed + 10**6), ZoneInfo(world.zone)
    created = sorted(instant(row["created_at"], zone) for row in world.tables["leads"])
    middle, last = created[len(created) // 2], created[-1]
    as_of = rng.choice((last + 30 * DAY, middle + 15 * DAY, last + 300 * DAY, middle))
    by = rng.choice((None, "source", "owner"))
    if rng.random() < 0.5:
        return as_of, FunnelOptions(by=by)
    start = min(created[0] + rng.choice((-1, 0, 1, 5, 20)) * DAY, as_of)
    return as_of, FunnelOptions(start, start + rng.choice((1, DAY // 8, 2 * DAY, 9 * DAY, 60 * DAY)), by)


def groups_of(world: World, funnel: Funnel) -> Mapping[str, Sequence[str]]:
    """The configured groups; else the first stage, those between, and the last."""
    if world.groups or len(funnel.order) < 3:
        return world.groups
    return {"top": funnel.order[:1], "middle": funnel.order[1:-1], "bottom": funnel.order[-1:]}


def counted_block(world: World, funnel: Funnel, span: reference.Span, directed: bool) -> dict[str, Any]:
    """The reference's block; without outbound touches responses are null."""
    block = reference.block(funnel, span)
    if not directed:
        block["activity"].update(dict.fromkeys(DIRECTED))
        for month in block["months"]:
            month["response_hours"] = None
    whole = reference.whole_months(funnel, span)
    block["targets"] = reference.targeted(block, world.targets, world.stage_targets, whole)
    levels = reference.stages(reference.regrouped(funnel, groups_of(world, funnel)), span)
    block["stage_groups"] = [level for level in levels if level["stage"] is not None]
    return block


@pytest.mark.parametrize("seed", SEEDS)
def test_every_figure_equals_the_plain_count(seed: int, tmp_path: Path) -> None:
    world = random_world(seed)
    as_of, options = options_of(world, seed)
    state = funnel_state(read_folder(world.write(tmp_path), as_of_us=as_of), options)
    funnel = known_funnel(world.tables, world.zone, as_of, world.horizon_days, world.stages)
    start = min(lead.created for lead in funnel.leads) if options.from_us is None else options.from_us
    end = as_of + 1 if options.to_us is None else min(options.to_us, as_of + 1)
    directed = any(who == "outbound" for lead in funnel.leads for _, who, _ in lead.touches)
    counted = {"": funnel.leads}
    if options.by is not None:
        for lead in funnel.leads:
            counted.setdefault(f"{options.by} {lead.values.get(options.by)}", []).append(lead)
    reported = {
        "": state["total"],
        **{f"{options.by} {group.pop('group')}": group for group in state["groups"]},
    }
    span = reference.Span(start, end)
    blocks = {
        name: counted_block(world, replace(funnel, leads=leads), span, directed)
        for name, leads in counted.items()
    }
    assert list(differences(reported, blocks)) == []
    assert state["stage_order"] == funnel.order
    assert state["reconciliation"]["broken"] == []


def by_name(records: Sequence[dict[str, Any]]) -> dict[str | None, dict[str, Any]]:
    return {record.pop("name"): record for record in records}


@pytest.mark.parametrize("seed", SEEDS)
def test_money_moves_and_attention_equal_the_plain_count(seed: int, tmp_path: Path) -> None:
    world = random_world(seed, 120 if seed % 10 == 0 else None)
    as_of, options = options_of(world, seed)
    options = replace(options, since_us=as_of - (seed % 4 * 10 + 1) * DAY, attention=10_000)
    state = funnel_state(read_folder(world.write(tmp_path), as_of_us=as_of), options)
    funnel = known_funnel(world.tables, world.zone, as_of, world.horizon_days, world.stages)
    start = min(lead.created for lead in funnel.leads) if options.from_us is None else options.from_us
    end = as_of + 1 if options.to_us is None else min(options.to_us, as_of + 1)
    span = reference.Span(start, end)
    if options.from_us is None:  # what the first month cost counts whole
        start = instant(reference.month_starts(funnel, span)[0].isoformat(), funnel.zone)
    reported = state["economics"]
    if reported is not None:
        reported |= {key: by_name(reported[key]) for key in ("by_source", "by_channel")}
        reported["attribution"] = {record["channel"]: record for record in reported["attribution"]}
    assert list(differences(reported, reference_money.economics(funnel, span, start))) == []
    nodes = [(node["kind"], node["stage"]) for node in state["moves"]["nodes"]]
    moves = {(nodes[m["source"]], nodes[m["target"]]): m["leads"] for m in state["moves"]["links"]}
    dates = options.since_us or 0, as_of
    assert moves == reference_money.moved(world.tables, world.zone, dates, world.horizon_days, world.stages)
    urgent = {
        lead["lead_id"]: (lead["expected_revenue"], {r["code"]: r["value"] for r in lead["reasons"]})
        for lead in state["attention"]["list"]
    }
    counted = reference_money.attention(funnel, world.targets.get("response_time_hours", 24.0))
    assert list(differences(urgent, counted)) == []


@pytest.mark.parametrize("seed", range(4))
def test_every_leak_comparison_equals_the_plain_count(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A low bound on leads a side, so that all are compared.
    for module in (comparisons, groups, stages):
        monkeypatch.setattr(module, "FEWEST", 4)
    monkeypatch.setattr(reference_leaks, "LEAST", 4)
    world = random_world(100 + seed, 250)
    created = [instant(row["created_at"], ZoneInfo(world.zone)) for row in world.tables["leads"]]
    as_of = max(created) + seed % 2 * 20 * DAY
    history = read_folder(world.write(tmp_path), as_of_us=as_of)
    findings = {(leak["kind"], leak["subject"]) for leak in funnel_state(history)["leaks"]["found"]}
    monkeypatch.setattr(leaks, "FALSE_DISCOVERIES", 1.0)
    tested = funnel_state(history)["leaks"]["found"]
    funnel = known_funnel(world.tables, world.zone, as_of, world.horizon_days, world.stages)
    counted = reference_leaks.tests_of(funnel, as_of + 1, groups_of(world, funnel))
    assert findings == {(test.kind, test.subject) for test in reference_leaks.findings(counted)}
    names = ("now", "before", "n_now", "n_before", "p", "lost_wins")
    reported = {(leak["kind"], leak["subject"]): {name: leak[name] for name in names} for leak in tested}
    expected = {(test.kind, test.subject): test.figures() for test in counted}
    assert list(differences(reported, expected)) == []
