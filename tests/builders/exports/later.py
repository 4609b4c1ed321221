"""A simulated CRM at two exports: between them records are merged and deleted, and some rows are entered late."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from tests.builders.exports.event_stream import event_world
from tests.builders.exports.simulated_crm import Row, World, open_ids, shifted

LATE_SHARE = 0.05  # of the interactions


@dataclass(frozen=True)
class Exports:
    """What each of two exports knows; `later` is the truth, with the records that are gone."""

    earlier: World
    later: World


def exports(folder: Path, leads: int, merges: int, deletes: int, seed: int = 3) -> Exports:
    """Two exports of one CRM of so many leads in the end.

    Each merged record has one stage and some interactions, which the survivor takes over; survivors are open and older.
    """
    world = event_world(folder, leads + merges + deletes)
    rng = random.Random(seed)
    still_open = open_ids(world)
    by_age = [lead["lead_id"] for lead in world.leads]
    survivors = [id_ for id_ in by_age[: len(by_age) // 2] if id_ in still_open]
    younger = by_age[len(by_age) // 2 :]
    gone_ids = rng.sample(younger, merges)
    gone = {old: rng.choice(survivors) for old in gone_ids}
    rest = [id_ for id_ in by_age if id_ not in gone and id_ not in set(survivors)]
    gone |= dict.fromkeys(rng.sample(rest, deletes), "")
    earlier = _with_short_records(world, {old for old, new in gone.items() if new})
    late = set(rng.sample(range(len(earlier.interactions)), round(LATE_SHARE * len(earlier.interactions))))
    return Exports(_without_late(earlier, late), _after(earlier, gone, late))


def _with_short_records(world: World, merged: set[str]) -> World:
    """The world in which records that will be merged have entered their first stage and nothing more."""
    first: dict[str, Row] = {}
    for row in sorted(world.stages, key=lambda row: row["entered_at"]):
        first.setdefault(row["lead_id"], row)
    return replace(
        world,
        stages=[row for row in world.stages if row["lead_id"] not in merged or row is first[row["lead_id"]]],
        outcomes=[row for row in world.outcomes if row["lead_id"] not in merged],
        attribute_changes=[row for row in world.attribute_changes if row["lead_id"] not in merged],
    )


def _without_late(world: World, late: set[int]) -> World:
    return replace(
        world, interactions=[row for place, row in enumerate(world.interactions) if place not in late]
    )


def _after(world: World, gone: Mapping[str, str], late: set[int]) -> World:
    """Late rows are entered on the days after the earlier export, and a deal is lost then; rows of merged records are
    their survivors'.
    """
    end = max(row["recorded_at"] for row in world.interactions)
    interactions = [
        row | ({"recorded_at": shifted(end, timedelta(days=1 + place % 5))} if place in late else {})
        for place, row in enumerate(world.interactions)
    ]
    moved = [row | {"lead_id": gone.get(row["lead_id"]) or row["lead_id"]} for row in interactions]
    tables = {
        name: [row for row in getattr(world, name) if row["lead_id"] not in gone]
        for name in ("leads", "stages", "outcomes", "attribute_changes")
    }
    deleted = {old for old, new in gone.items() if not new}
    after = World(
        **tables,
        interactions=[row for row in moved if row["lead_id"] not in deleted],
        gone=dict(gone),
        gone_created={row["lead_id"]: row["created_at"] for row in world.leads if row["lead_id"] in gone},
        gone_at=shifted(end, timedelta(days=5)),
    )
    lost = {
        "lead_id": max(open_ids(after)), "outcome": "lost", "closed_at": shifted(end, timedelta(days=6)),
        "amount": "", "reason": "price",
    }  # fmt: skip
    return replace(after, outcomes=[*after.outcomes, lost])
