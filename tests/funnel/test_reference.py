"""The report of random folders, figure by figure, against a plain count over their raw rows (docs/funnel.md)."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from features.history import read_folder
from funnel.flow import FunnelAsked, funnel_state
from tests.funnel import reference_figures as reference
from tests.funnel.random_world import World, random_world
from tests.funnel.reference_leads import DAY, Funnel, instant, known_funnel

SEEDS = range(40)
DIRECTED = (
    "follow_ups",
    "follow_ups_per_lead",
    "first_response_hours",
    "response_hours",
    "waiting_for_answer",
)


def differences(told: Any, counted: Any, path: str = "") -> Iterator[str]:
    """Where the report and the count are not the same; numbers to nine digits."""
    if isinstance(counted, Mapping) and isinstance(told, Mapping):
        if set(told) != set(counted):
            yield f"{path}: {sorted(set(told) ^ set(counted), key=str)} on one side only"
        for key in counted.keys() & told.keys():
            yield from differences(told[key], counted[key], f"{path}.{key}")
    elif isinstance(counted, Sequence) and isinstance(told, Sequence) and not isinstance(counted, str):
        if len(told) != len(counted):
            yield f"{path}: {len(told)} told, {len(counted)} counted"
        for place, (one, other) in enumerate(zip(told, counted, strict=False)):
            yield from differences(one, other, f"{path}[{place}]")
    elif isinstance(counted, float | Fraction) and isinstance(told, float | int):
        if not math.isclose(told, counted, rel_tol=1e-9, abs_tol=1e-9):
            yield f"{path}: {told} told, {float(counted)} counted"
    elif told != counted or isinstance(told, bool) != isinstance(counted, bool):
        yield f"{path}: {told!r} told, {counted!r} counted"


def asked_of(world: World, seed: int) -> tuple[int, FunnelAsked]:
    """A date and a period for the world: early, late, cutting leads, longer than the data."""
    rng, zone = random.Random(seed + 10**6), ZoneInfo(world.zone)
    created = sorted(instant(row["created_at"], zone) for row in world.tables["leads"])
    middle, last = created[len(created) // 2], created[-1]
    as_of = rng.choice((last + 30 * DAY, middle + 2 * DAY, last + 300 * DAY, created[0]))
    by = rng.choice((None, "source", "owner"))
    if rng.random() < 0.5:
        return as_of, FunnelAsked(by=by)
    start = min(created[0] + rng.choice((-1, 0, 1, 5, 20)) * DAY, as_of)
    return as_of, FunnelAsked(start, start + rng.choice((1, DAY // 8, 2 * DAY, 9 * DAY, 60 * DAY)), by)


def counted_block(world: World, funnel: Funnel, span: reference.Span, directed: bool) -> dict[str, Any]:
    """The reference's block; without a known direction anywhere nothing is said of responses."""
    block = reference.block(funnel, span)
    if not directed:
        block["activity"].update(dict.fromkeys(DIRECTED))
        for month in block["months"]:
            month["response_hours"] = None
    whole = reference.whole_months(funnel, span)
    block["targets"] = reference.targeted(block, world.targets, world.stage_targets, whole)
    groups = world.groups
    if not groups and len(funnel.order) > 2:
        groups = {"top": funnel.order[:1], "middle": funnel.order[1:-1], "bottom": funnel.order[-1:]}
    levels = reference.stages(reference.regrouped(funnel, groups), span)
    block["stage_groups"] = [level for level in levels if level["stage"] is not None]
    return block


@pytest.mark.parametrize("seed", SEEDS)
def test_every_figure_is_the_one_counted_by_hand(seed: int, tmp_path: Path) -> None:
    world = random_world(seed)
    as_of, asked = asked_of(world, seed)
    state = funnel_state(read_folder(world.write(tmp_path), as_of_us=as_of), asked)
    funnel = known_funnel(world.tables, world.zone, as_of, world.horizon_days, world.stages)
    start = min(lead.created for lead in funnel.leads) if asked.from_us is None else asked.from_us
    end = as_of + 1 if asked.to_us is None else min(asked.to_us, as_of + 1)
    directed = any(who == "outbound" for lead in funnel.leads for _, who, _ in lead.touches)
    counted = {"": funnel.leads}
    if asked.by is not None:
        for lead in funnel.leads:
            counted.setdefault(f"{asked.by} {lead.values.get(asked.by)}", []).append(lead)
    told = {"": state["total"], **{f"{asked.by} {group.pop('group')}": group for group in state["groups"]}}
    span = reference.Span(start, end)
    blocks = {
        name: counted_block(world, replace(funnel, leads=leads), span, directed)
        for name, leads in counted.items()
    }
    assert list(differences(told, blocks)) == []
    assert state["stage_order"] == funnel.order
    assert state["reconciliation"]["broken"] == []
