"""A simulated CRM up to an instant at which the true chance of each open lead is known, and models of such folders."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from history.base.arrays import Floats
from history.read import read_folder
from history.snapshot import open_leads
from models.scorer import score
from tests.builders.exports.event_stream import event_world
from tests.builders.exports.imported_folder import NOW_US, rows_of
from tests.builders.exports.simulated_crm import TABLES, Row, World, csv_text, read_csv
from training.train import TrainOptions, train

END = datetime(
    2026, 6, 1, tzinfo=UTC
)  # the first of a month: the simulator writes the truth of each open lead
OWN = ("lead_id", "created_at", "account_id", "owner", "source")


@dataclass(frozen=True)
class KnownCrm:
    """The native data folder, its rows, and the true chance of the leads that are open at the end."""

    folder: Path
    world: World
    chance: Mapping[str, float]


@dataclass(frozen=True)
class Ranking:
    """The probability of each open lead under a model of a folder, and the attributes that the model reads."""

    probability: Mapping[str, float]
    learned: frozenset[str]

    @property
    def wins(self) -> float:
        return sum(self.probability.values())

    def auc(self, chance: Mapping[str, float]) -> float:
        """The expected AUC under the true chances: free of the luck of one future."""
        ids = [id_ for id_ in chance if id_ in self.probability]
        probability = np.array([self.probability[id_] for id_ in ids])
        return expected_auc(probability, np.array([chance[id_] for id_ in ids]))


def known_crm(folder: Path, leads: int, seed: int = 5) -> KnownCrm:
    world = event_world(folder, leads, seed=seed, end=END)
    return KnownCrm(folder, world, true_chances(folder, END))


def true_chances(folder: Path, at: datetime) -> dict[str, float]:
    """The true probability of each lead of a simulated CRM that is open at the first of a month, by id."""
    rows = read_csv(folder / "truth" / "leads.csv")
    day = at.date().isoformat()
    return {row["lead_id"]: float(row["probability"]) for row in rows if row["as_of"].startswith(day)}


def ranked(data: Path) -> Ranking:
    """Trains on a data folder as it is, and scores its open leads."""
    history = read_folder(data, now_us=NOW_US)
    bundle = train(history, TrainOptions(trials=0)).bundle
    scores = score(bundle, open_leads(history, history.as_of_us), 0)
    learned = frozenset(
        column.subject or column.name for column in bundle.features if column.block == "attributes"
    )
    return Ranking(dict(zip(scores.lead_ids, scores.probability.tolist(), strict=True)), learned)


def expected_auc(value: Floats, chance: Floats) -> float:
    """P(value of a winner > value of a loser) over all pairs, weighted by the chance of that outcome of the pair."""
    order = np.argsort(value, kind="stable")
    value, won = value[order], chance[order]
    lost = 1 - won
    lost_before = np.concatenate([[0.0], np.cumsum(lost)])
    first, end = np.searchsorted(value, value, "left"), np.searchsorted(value, value, "right")
    equal = lost_before[end] - lost_before[first] - lost  # of other leads
    above = float((won * (lost_before[first] + 0.5 * equal)).sum())
    return above / float(won.sum() * lost.sum() - (won * lost).sum())


def plain_name(column: str) -> str:
    """The truth's name of an attribute: Profile Fit, x_profile_fit, new_profile_fit, Profile_Fit__c, profile__fit_c."""
    name = re.sub("[ _]+", "_", column.lower()).removesuffix("_c")
    return name.removeprefix("x_").removeprefix("new_")


def as_carried(crm: KnownCrm, imported: Path, folder: Path) -> Path:
    """The native folder with what an import carries and no more: its attributes, their changes, its kind of stages.

    An export without a history of stages tells the present ones, which nobody knew before.
    """
    columns = {plain_name(name) for row in rows_of(imported, "leads")[:1] for name in row}
    changed = {plain_name(str(row["attribute"])) for row in rows_of(imported, "attribute_changes")}
    world, entries = crm.world, rows_of(imported, "stages")
    if sum(row["recorded_at"] is not None for row in entries) > len(entries) / 2:
        world = _with_present_stages(world, len({str(row["lead_id"]) for row in entries}) < len(world.leads))
    changes = [
        row for row in world.attribute_changes if row["attribute"] in changed and row["attribute"] in columns
    ]
    leads = [{name: text for name, text in row.items() if name in (*OWN, *columns)} for row in world.leads]
    carried = replace(world, leads=leads, attribute_changes=changes)
    folder.mkdir()
    (folder / "funnel.toml").write_text((crm.folder / "funnel.toml").read_text())
    for name in TABLES:
        if rows := getattr(carried, name):
            (folder / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8")
    return folder


def _with_present_stages(world: World, only_open: bool) -> World:
    """The last stage entry of each lead, known at the end; only_open: not of decided leads."""
    last: dict[str, Row] = {}
    for row in sorted(world.stages, key=lambda row: row["entered_at"]):
        last[row["lead_id"]] = row
    decided = {row["lead_id"] for row in world.outcomes} if only_open else set()
    at = max(row["recorded_at"] for row in world.interactions)
    return replace(
        world, stages=[row | {"recorded_at": at} for id_, row in last.items() if id_ not in decided]
    )
