"""Data folders with known leaks: written by seed, with the truth to judge an audit by."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from history.text.times import DAY_US
from tests.builders.leaking.honest import later_columns, traits_of
from tests.builders.leaking.leaks import KINDS
from tests.builders.leaking.world import Columns, LeadWorld, Shape, shape_of, world_of

MOST_LEAKS = 5
STAGES = ("new", "contacted", "proposal")
DAY_SHARES = (0.0, 0.3, 0.7)  # of the time to the closing, at which stages begin


@dataclass(frozen=True)
class LeakingFolder:
    """A folder's world and columns; leaks: the kind of each leaking column. All others are honest."""

    world: LeadWorld
    columns: Columns
    leaks: dict[str, str]


def leaking_folder(seed: int, shape: Shape | None = None, leaks: int | None = None) -> LeakingFolder:
    """The folder of a seed: 0 to 5 leaks of different kinds, unless told."""
    shape = shape or shape_of(seed)
    rng = np.random.default_rng([seed, 2])
    traits = traits_of(shape, rng)
    world = world_of(shape, traits, rng)
    columns = traits.columns | later_columns(world)
    kinds = rng.permutation(list(KINDS))[: int(rng.integers(0, MOST_LEAKS + 1)) if leaks is None else leaks]
    leaking: dict[str, str] = {}
    for kind in kinds.tolist():
        planted = KINDS[kind](world)
        columns |= planted
        leaking |= dict.fromkeys(planted, kind)
    order = rng.permutation(list(columns)).tolist()
    return LeakingFolder(world, {name: columns[name] for name in order}, leaking)


def write_folder(folder: LeakingFolder, path: Path) -> None:
    """Writes leads and outcomes, and for a history stages and interactions."""
    world, rows = folder.world, np.flatnonzero(folder.world.exported).tolist()
    path.mkdir(parents=True, exist_ok=True)
    created = _times(world.created_us)
    leads = [[f"L{i}", created[i], *(texts[i] for texts in folder.columns.values())] for i in rows]
    _write(path / "leads.csv", ["lead_id", "created_at", *folder.columns], leads)
    closed = _times(world.close_us)
    decided = [i for i in rows if world.closed[i]]
    words = {i: "won" if world.will_win[i] else "lost" for i in decided}
    if world.shape.has_times:
        _write(
            path / "outcomes.csv",
            ["lead_id", "outcome", "closed_at"],
            [[f"L{i}", words[i], closed[i]] for i in decided],
        )
    else:
        _write(path / "outcomes.csv", ["lead_id", "outcome"], [[f"L{i}", words[i]] for i in decided])
    (path / "funnel.toml").write_text("[funnel]\nhorizon_days = 60\n")
    if world.shape.layout == "history":
        _write_history(world, path)


def _write_history(world: LeadWorld, path: Path) -> None:
    rng = np.random.default_rng(len(world))
    days = (world.close_us - world.created_us) / DAY_US
    stages, touches = [], []
    for i in range(len(world)):
        reached = 3 if world.will_win[i] else int(rng.integers(1, 4))
        for stage, share in list(zip(STAGES, DAY_SHARES, strict=True))[:reached]:
            stages.append((world.created_us[i] + int(share * days[i] * DAY_US), f"L{i}", stage))
        for share in rng.random(int(rng.poisson(3))):
            touches.append((world.created_us[i] + int(share * days[i] * DAY_US), f"L{i}", "call"))
    for name, header, events in (
        ("stages", ["lead_id", "entered_at", "stage"], stages),
        ("interactions", ["lead_id", "occurred_at", "kind"], touches),
    ):
        known = [event for event in events if event[0] < world.as_of_us]
        at = _times(np.array([event[0] for event in known], dtype=np.int64))
        _write(path / f"{name}.csv", header, [[lead, at[k], word] for k, (_, lead, word) in enumerate(known)])


def _times(us: np.ndarray) -> list[str]:
    return [f"{text}Z" for text in us.astype("M8[us]").astype("M8[s]").astype(str).tolist()]


def _write(path: Path, header: list[str], rows: list[list[str | None]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
