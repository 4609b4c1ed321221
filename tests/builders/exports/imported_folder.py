"""What an import wrote, in the form in which it is compared with the truth of a simulated CRM."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from connectors.reading.options import ReadOptions
from connectors.run import Imported, run_import
from tests.builders.exports.simulated_crm import World

NOW_US = 1_790_000_000_000_000  # September 2026, after the simulated data
UTC = ZoneInfo("UTC")
TO_THE_SECOND, TO_THE_MINUTE, TO_THE_DAY = 20, 16, 10  # characters of a time
Facts = list[tuple[str, ...]]


@dataclass(frozen=True)
class Spelling:
    """How a system writes the truth: ids of leads, labels of stages, kinds of interactions, precision of times."""

    lead_id: Callable[[str], str]
    stages: Mapping[str, str]
    kinds: Mapping[str, str]
    precision: int = TO_THE_SECOND

    def kind(self, kind: str) -> str:
        return self.kinds.get(kind, kind)


def bring_in(
    system: str, source: Path, output: Path, mapping: Path | None = None, **options: Any
) -> Imported:
    """Imports an export as the command does, in September 2026 and in UTC."""
    read = ReadOptions(NOW_US, UTC, **options)
    return run_import(system, [source], output, read, lambda _text, _share: None, mapping)


def rows_of(output: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table; none if it was not written."""
    path = output / f"{table}.parquet"
    return [dict(row) for row in pq.read_table(path).to_pylist()] if path.exists() else []


def moment(value: Any, precision: int = TO_THE_SECOND) -> str:
    """A time as text of so many characters."""
    text = value if isinstance(value, str) else value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""
    return text[:precision]


def agree(got: Facts, true: Facts, minutes: int = 0) -> bool:
    """Whether facts are the same, their second entry, a time, within so many minutes."""
    if [(row[0], *row[2:]) for row in got] != [(row[0], *row[2:]) for row in true]:
        return False
    times = [[datetime.fromisoformat(row[1]) for row in facts] for facts in (got, true)]
    return all(abs(a - b) <= timedelta(minutes=minutes) for a, b in zip(*times, strict=True))


def imported_leads(output: Path, precision: int) -> Facts:
    return sorted((r["lead_id"], moment(r["created_at"], precision)) for r in rows_of(output, "leads"))


def true_leads(world: World, spelling: Spelling) -> Facts:
    return sorted(
        (spelling.lead_id(r["lead_id"]), moment(r["created_at"], spelling.precision)) for r in world.leads
    )


def imported_stages(output: Path, precision: int) -> Facts:
    return sorted(
        (r["lead_id"], moment(r["entered_at"], precision), r["stage"]) for r in rows_of(output, "stages")
    )


def true_stages(world: World, spelling: Spelling) -> Facts:
    return sorted(
        (
            spelling.lead_id(r["lead_id"]),
            moment(r["entered_at"], spelling.precision),
            spelling.stages[r["stage"]],
        )
        for r in world.stages
    )


def imported_outcomes(output: Path, precision: int) -> Facts:
    return sorted(
        (
            r["lead_id"],
            moment(r["closed_at"], precision),
            r["outcome"],
            "" if r["amount"] is None else f"{r['amount']:.2f}",
        )
        for r in rows_of(output, "outcomes")
    )


def true_outcomes(world: World, spelling: Spelling) -> Facts:
    return sorted(
        (
            spelling.lead_id(r["lead_id"]),
            moment(r["closed_at"], spelling.precision),
            r["outcome"],
            f"{float(r['amount']):.2f}" if r["amount"] and r["outcome"] == "won" else "",
        )
        for r in world.outcomes
    )


def imported_interactions(output: Path, precision: int) -> Facts:
    return sorted(
        (r["lead_id"], moment(r["occurred_at"], precision), r["kind"])
        for r in rows_of(output, "interactions")
    )


def true_interactions(world: World, spelling: Spelling) -> Facts:
    return sorted(
        (
            spelling.lead_id(r["lead_id"]),
            moment(r["occurred_at"], spelling.precision),
            spelling.kind(r["kind"]),
        )
        for r in world.interactions
    )


def imported_changes(output: Path, attribute: str, precision: int) -> Facts:
    return sorted(
        (r["lead_id"], moment(r["changed_at"], precision), r["value"])
        for r in rows_of(output, "attribute_changes")
        if r["attribute"] == attribute
    )


def true_changes(world: World, attribute: str, spelling: Spelling) -> Facts:
    """The changes to another value; a value that is entered again is none."""
    last = {lead["lead_id"]: lead[attribute] for lead in world.leads}
    facts: Facts = []
    for row in sorted(world.attribute_changes, key=lambda r: r["changed_at"]):
        if row["attribute"] == attribute and row["value"] != last[row["lead_id"]]:
            last[row["lead_id"]] = row["value"]
            at = moment(row["changed_at"], spelling.precision)
            facts.append((spelling.lead_id(row["lead_id"]), at, row["value"]))
    return sorted(facts)


def open_leads(output: Path) -> set[str]:
    """The leads whose latest outcome, if any, is `open`."""
    state: dict[str, str] = {}
    for row in sorted(rows_of(output, "outcomes"), key=lambda r: (r["closed_at"] is None, r["closed_at"])):
        state[row["lead_id"]] = row["outcome"]
    return {r["lead_id"] for r in rows_of(output, "leads") if state.get(r["lead_id"], "open") == "open"}


def unbalanced(imported: Imported) -> list[str]:
    """The sources whose rows are not accounted for."""
    return [
        source["file"]
        for source in imported.record["sources"]
        if source["rows_read"]
        != source["rows_used"] + sum(entry["count"] for entry in source["set_aside"].values())
    ]
