"""One simulated CRM whose truth is known: the rows that an import of any system's export must give."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from simulation.simulate import simulate

Row = dict[str, str]
TABLES = ("leads", "stages", "outcomes", "interactions", "attribute_changes")
DECIDED = ("won", "lost")
# Units of each currency for one of the CRM's own: exact in binary, so that a conversion returns the truth.
RATES = {"EUR": 1.0, "USD": 1.25, "JPY": 128.0}


@dataclass(frozen=True)
class World:
    """The rows of a simulated data folder by table; times are ISO 8601 with Z.

    gone: records that are no leads any more, with the lead each was merged into, "" for a deleted one; gone_created,
    gone_at: when each was created, and when they went.
    """

    leads: list[Row]
    stages: list[Row]
    outcomes: list[Row]
    interactions: list[Row]
    attribute_changes: list[Row]
    gone: Mapping[str, str] = field(default_factory=dict)
    gone_created: Mapping[str, str] = field(default_factory=dict)
    gone_at: str = ""

    @property
    def tables(self) -> dict[str, list[Row]]:
        """The rows by the name of their table."""
        return {name: getattr(self, name) for name in TABLES}

    @property
    def merged(self) -> list[tuple[str, str]]:
        """Each merged record with its survivor."""
        return [(old, new) for old, new in self.gone.items() if new]

    @property
    def deleted(self) -> list[str]:
        return [old for old, new in self.gone.items() if not new]


@dataclass(frozen=True)
class Move:
    """A deal enters a stage, or is won or lost; state is `open`, `won` or `lost`, stage empty for a decision."""

    at: str
    state: str
    stage: str
    amount: str = ""
    reason: str = ""


def simulated(
    folder: Path, leads: int = 300, seed: int = 5, reopened: int = 6, end: datetime | None = None
) -> World:
    """A simulated CRM, in `folder` as the native data folder; `reopened` lost deals come back and are lost again."""
    simulate(folder, leads=leads, months=12, seed=seed, end=end)
    leads_, stages, outcomes, interactions, changes = (read_csv(folder / f"{name}.csv") for name in TABLES)
    world = World(leads_, stages, outcomes, interactions, changes)
    if reopened:
        world = with_reopened(world, reopened)
        for name in ("stages", "outcomes"):
            (folder / f"{name}.csv").write_text(csv_text(getattr(world, name)), encoding="utf-8")
    return world


def with_reopened(world: World, count: int) -> World:
    """Up to `count` lost deals return to their last stage after 10 days and are lost for good 10 days later."""
    last_stage = {row["lead_id"]: row["stage"] for row in sorted(world.stages, key=lambda r: r["entered_at"])}
    end = max(row["occurred_at"] for row in world.interactions)
    stages, outcomes = list(world.stages), list(world.outcomes)
    lost = [row for row in world.outcomes if row["outcome"] == "lost" and row["lead_id"] in last_stage]
    for row in [row for row in lost if shifted(row["closed_at"], timedelta(days=20)) < end][:count]:
        back = shifted(row["closed_at"], timedelta(days=10))
        again = shifted(row["closed_at"], timedelta(days=20))
        id_ = row["lead_id"]
        place = outcomes.index(row)
        outcomes[place : place + 1] = [
            row | {"reason": ""},
            {"lead_id": id_, "outcome": "open", "closed_at": back, "amount": "", "reason": ""},
            row | {"closed_at": again},
        ]
        stages.append(
            {"lead_id": id_, "entered_at": back, "recorded_at": back, "stage": last_stage[id_]},
        )
    return replace(world, stages=stages, outcomes=outcomes)


def moves(world: World) -> dict[str, list[Move]]:
    """The moves of each lead in order of time; a decision comes before a stage entry of the same instant."""
    by_lead: dict[str, list[Move]] = {lead["lead_id"]: [] for lead in world.leads}
    for row in world.outcomes:
        if row["outcome"] in DECIDED:
            move = Move(row["closed_at"], row["outcome"], "", row["amount"], row["reason"])
            by_lead[row["lead_id"]].append(move)
    for row in world.stages:
        by_lead[row["lead_id"]].append(Move(row["entered_at"], "open", row["stage"]))
    return {lead: sorted(entries, key=lambda move: move.at) for lead, entries in by_lead.items()}


def until(world: World, end: str) -> World:
    """What had happened by a time: the world of an older export."""
    return World(
        leads=[row for row in world.leads if row["created_at"] <= end],
        stages=[row for row in world.stages if row["entered_at"] <= end],
        outcomes=[row for row in world.outcomes if row["closed_at"] <= end],
        interactions=[row for row in world.interactions if row["occurred_at"] <= end],
        attribute_changes=[row for row in world.attribute_changes if row["changed_at"] <= end],
    )


def values_today(world: World) -> dict[str, Row]:
    """The attributes of each lead with their present values, as a CRM shows them."""
    today = {lead["lead_id"]: dict(lead) for lead in world.leads}
    for change in sorted(world.attribute_changes, key=lambda row: row["changed_at"]):
        today[change["lead_id"]][change["attribute"]] = change["value"]
    return today


def owners(world: World) -> list[str]:
    """The names of all owners, past and present, sorted."""
    names = {row["owner"] for row in world.leads}
    return sorted(names | {row["value"] for row in world.attribute_changes if row["attribute"] == "owner"})


def open_ids(world: World) -> set[str]:
    """The leads that are open at the end."""
    return {lead for lead, entries in moves(world).items() if entries[-1].state == "open"}


def currency_of(lead_id: str) -> str:
    """The currency of a deal in an export with several."""
    return list(RATES)[int(lead_id[1:]) % len(RATES)]


def in_currency(amount: str, code: str) -> str:
    """An amount of the CRM's own currency in another one."""
    return f"{float(amount) * RATES[code]:.4f}" if amount else ""


def interaction_counts(world: World) -> Mapping[str, int]:
    """How many interactions each lead has at the end: a counter of today."""
    counts = dict.fromkeys((lead["lead_id"] for lead in world.leads), 0)
    for row in world.interactions:
        counts[row["lead_id"]] += 1
    return counts


def number_of(row: Row) -> int:
    """A number of an interaction that stays its own, whichever other rows an export has."""
    lead, _, number = row["interaction_id"].partition("-")
    return (int(lead[1:]) << 20) + int(number, 16)


def shifted(text: str, by: timedelta) -> str:
    return (datetime.fromisoformat(text) + by).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(text: str) -> int:
    """A time as milliseconds since 1970."""
    return int(datetime.fromisoformat(text).timestamp()) * 1000


def read_csv(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def csv_text(rows: Iterable[Row], delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL) -> str:
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    quoted = csv.QUOTE_ALL if quoting == csv.QUOTE_ALL else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(out, names, restval="", delimiter=delimiter, quoting=quoted, lineterminator="\n")  # type: ignore[arg-type,unused-ignore]
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def snake(name: str) -> str:
    """CloseDate as a warehouse loader names it: close_date."""
    text = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
    return text.replace("__c", "_c")


def sql_time(text: str) -> str:
    """2026-01-31T10:00:00Z as warehouses write it; any other text as it is."""
    return text.replace("T", " ").removesuffix("Z") if len(text) == 20 and text.endswith("Z") else text
