"""Small exports with one trap each: tables are written, imported, and the folder is read."""

import json
from pathlib import Path
from typing import Any

from connectors.run import Imported
from tests.builders.exports.imported_folder import bring_in, rows_of
from tests.builders.exports.simulated_crm import Row, csv_text


class Trial:
    """An export of a system in a folder of its own, and the data folder that is imported from it."""

    def __init__(self, system: str, folder: Path) -> None:
        self.system = system
        self.source, self.output = folder / "export", folder / "crm"
        self.source.mkdir()

    def write(self, name: str, rows: list[Row]) -> None:
        (self.source / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8")

    def write_json(self, name: str, document: Any) -> None:
        (self.source / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")

    def run(self, mapping: Path | None = None, **options: Any) -> Imported:
        return bring_in(self.system, self.source, self.output, mapping, **options)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return rows_of(self.output, table)

    def stages(self) -> list[tuple[str, str, str]]:
        """Lead, day and hour, and stage of each entry."""
        rows = sorted(self.rows("stages"), key=lambda r: (r["lead_id"], r["entered_at"]))
        return [(r["lead_id"], r["entered_at"].strftime("%m-%d %H:%M"), r["stage"]) for r in rows]

    def stage_days(self) -> list[tuple[str, str, str]]:
        """Lead, day, and stage of each entry, as the folder has them."""
        return [(r["lead_id"], r["entered_at"].strftime("%m-%d"), r["stage"]) for r in self.rows("stages")]

    def outcomes(self) -> list[tuple[str, str, str, float | None]]:
        """Lead, outcome, day and hour, and amount of each outcome."""
        return [
            (
                r["lead_id"],
                r["outcome"],
                r["closed_at"].strftime("%m-%d %H:%M") if r["closed_at"] else "",
                r["amount"],
            )
            for r in self.rows("outcomes")
        ]

    def touches(self) -> list[tuple[str, str, str]]:
        """Lead, day and hour, and kind of each interaction."""
        rows = sorted(self.rows("interactions"), key=lambda r: (r["lead_id"], r["occurred_at"]))
        return [(r["lead_id"], r["occurred_at"].strftime("%m-%d %H:%M"), r["kind"]) for r in rows]


def reasons(imported: Imported) -> dict[str, int]:
    """Reason -> rows that are set aside for it."""
    counts: dict[str, int] = {}
    for source in imported.record["sources"]:
        for reason, entry in source["set_aside"].items():
            counts[reason] = counts.get(reason, 0) + entry["count"]
    return counts
