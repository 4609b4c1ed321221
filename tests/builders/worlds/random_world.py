"""Random data folders as text: skips, moves back, reopenings, same instants, late records, odd zones, thin tables."""

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

Row = Mapping[str, str]
ZONES = {  # a zone, and a local day around which its clock does something odd
    "UTC": datetime(2024, 1, 30),  # noqa: DTZ001
    "America/Santiago": datetime(2024, 9, 6),  # noqa: DTZ001
    "America/Asuncion": datetime(2023, 9, 29),  # noqa: DTZ001
    "Africa/Cairo": datetime(2024, 10, 29),  # noqa: DTZ001
    "Asia/Kolkata": datetime(2024, 3, 30),  # noqa: DTZ001
    "Australia/Lord_Howe": datetime(2024, 4, 5),  # noqa: DTZ001
}
WORDS = ("new", "demo", "offer", "talk", "trial", "legal", "price", "sign", "wait", "call", "plan", "test")


@dataclass(frozen=True)
class World:
    """The tables as rows of text, and the keys of funnel.toml."""

    zone: str
    horizon_days: int
    stages: Sequence[str]
    groups: Mapping[str, Sequence[str]]
    targets: Mapping[str, float]
    stage_targets: Mapping[str, float]
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """The world as a data folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "funnel.toml").write_text(self._toml(), encoding="utf-8")
        for name, rows in self.tables.items():
            if rows:
                with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                    writer = csv.DictWriter(file, list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)
        return folder

    def _toml(self) -> str:
        lines = ["[funnel]", f'timezone = "{self.zone}"', f"horizon_days = {self.horizon_days}"]
        if self.stages:
            lines.append(f"stages = {list(self.stages)}")
        for title, values in (
            ("funnel.groups", self.groups),
            ("targets", self.targets),
            ("targets.stage_conversion", self.stage_targets),
        ):
            if values:
                details = [f"{k} = {list(v) if isinstance(v, list) else v}" for k, v in values.items()]
                lines += [f"[{title}]", *details]
        return "\n".join(lines) + "\n"


def random_world(seed: int, leads: int | None = None) -> World:
    """The same world for the same seed, of `leads` leads or of one to forty."""
    return _Maker(random.Random(seed), leads).world()


class _Maker:
    def __init__(self, rng: random.Random, leads: int | None) -> None:
        self.rng = rng
        self.n = rng.choice((1, 2, 6, 15, 40)) if leads is None else leads
        self.zone, self.start = rng.choice(list(ZONES.items()))
        self.days = rng.choice((3, 20, 70, 200)) if leads is None else 200
        self.names = WORDS[: rng.choice((0, 1, 2, 3, 5, 12))]
        self.money = rng.choice(("none", "some", "all", "zero"))
        self.ends = rng.choice(("both", "both", "both", "won", "lost", "none", "flat"))

    def world(self) -> World:
        rng, names = self.rng, self.names
        configured = list(names) if names and rng.random() < 0.6 else []
        grouped = len(configured) >= 3 and rng.random() < 0.5
        groups = {"top": configured[:1], "bottom": configured[2:]} if grouped else {}
        targets = {
            "win_rate": 0.3,
            "cycle_time_days": 9.0,
            "revenue_per_month": 90.0,
            "response_time_hours": 12.0,
        }
        conversion_targets = {name: rng.choice((0.2, 0.6)) for name in names[:2]}
        rows: dict[str, list[Row]] = {name: [] for name in ("leads", "interactions", "stages", "outcomes")}
        changes: list[Row] = []
        for i in range(self.n):
            self._lead(f"L{i}", rows, changes)
        for table in (*rows.values(), changes):
            if rng.random() < 0.5:
                rng.shuffle(table)
        odd = len(configured) > 1 and rng.random() < 0.3
        return World(
            self.zone,
            rng.choice((5, 30)),
            configured[:-1] if odd and not groups else configured,
            groups,
            targets if rng.random() < 0.6 else {},
            conversion_targets if rng.random() < 0.6 and not odd else {},
            {**rows, "attribute_changes": changes, "costs": self._costs()},
        )

    def _lead(self, lead: str, rows: dict[str, list[Row]], changes: list[Row]) -> None:
        rng = self.rng
        created = rng.uniform(0, self.days * 0.8)
        source, owner = rng.choice(("web", "fair", "", "ads")), rng.choice(("ann", "bo", ""))
        account = rng.choice(("", f"A{rng.randrange(6)}"))
        first = {"lead_id": lead, "created_at": self._time(created), "source": source, "owner": owner}
        rows["leads"].append({**first, "account_id": account, "recorded_at": self._recorded(created)})
        if rng.random() < 0.05:  # a second row of a lead, and rows of none: both are set aside
            rows["leads"].append(
                {**rows["leads"][-1], "created_at": self._time(created + 3), "owner": "twice"}
            )
            rows["outcomes"] += self._decisions("nobody", created)
        for _ in range(rng.choice((0, 0, 1, 3, 6)) if self.names else 0):
            at = created + rng.choice((-1, 0, 0, 1, 1, 2, 3, 5, 8)) * rng.choice((0.5, 1, 3))
            recorded = self._recorded(at)
            name = rng.choice(self.names)
            rows["stages"].append(
                {"lead_id": lead, "stage": name, "entered_at": self._time(at), "recorded_at": recorded}
            )
        for _ in range(rng.choice((0, 0, 1, 4))):
            rows["interactions"].append(self._touch(lead, created))
        rows["outcomes"] += self._decisions(lead, created)
        for _ in range(rng.choice((0, 0, 0, 1, 2))):
            at, what = created + rng.uniform(0, 9), rng.choice(("owner", "source"))
            value = rng.choice(("ann", "cy", "")) if what == "owner" else rng.choice(("web", "new", ""))
            row = {"lead_id": lead, "changed_at": self._time(at), "attribute": what, "value": value}
            changes.append({**row, "recorded_at": self._recorded(at)})

    def _touch(self, lead: str, created: float) -> Row:
        rng = self.rng
        at = created + rng.choice((-1, 0, 1, 2, 4, 9)) * rng.choice((0.25, 1, 2))
        return {
            "lead_id": lead,
            "occurred_at": self._time(at),
            "kind": "call",
            "channel": rng.choice(("mail", "phone", "web", "")),
            "direction": rng.choice(("inbound", "outbound", "inbound", "outbound", "")),
            "interaction_id": rng.choice(("", "", "1", "2")),
            "recorded_at": self._recorded(at),
        }

    def _decisions(self, lead: str, created: float) -> list[Row]:
        rng = self.rng
        if self.ends == "none":
            return []
        if self.ends == "flat":
            outcome = rng.choice(("won", "lost", "open"))
            return [{"lead_id": lead, "outcome": outcome, "amount": self._amount()}]
        kinds = ("won", "lost", "open") if self.ends == "both" else (self.ends, self.ends, "open")
        rows: list[Row] = []
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            at = created + rng.choice((-1, 0, 1, 2, 3, 5, 8)) * rng.choice((0.5, 1, 4))
            row = {"lead_id": lead, "outcome": rng.choice(kinds), "closed_at": self._time(at)}
            if rng.random() < 0.05:
                row["closed_at"] = ""
            details = {"amount": self._amount(), "reason": rng.choice(("", "price", "time"))}
            rows.append({**row, **details, "recorded_at": self._recorded(at)})
        return rows

    def _amount(self) -> str:
        if self.money == "none" or (self.money == "some" and self.rng.random() < 0.5):
            return ""
        return "0" if self.money == "zero" else str(self.rng.choice((0, 10, 25.5, 300)))

    def _costs(self) -> list[Row]:
        if self.rng.random() < 0.4:
            return []
        rows: list[Row] = []
        for month in range(-1, self.days // 30 + 2):
            at = self.start + timedelta(days=30 * month)
            end = (
                ""
                if self.rng.random() < 0.5
                else (at + timedelta(days=self.rng.choice((1, 9)))).date().isoformat()
            )
            kind = {
                "channel": self.rng.choice(("mail", "fax", "")),
                "source": self.rng.choice(("web", "tv", "")),
            }
            amount = str(self.rng.choice((0, 5, 70)))
            rows.append({"period_start": at.date().isoformat(), "period_end": end, "amount": amount, **kind})
        return rows

    def _time(self, day: float) -> str:
        """On a coarse clock, so that instants meet; local, with an offset, or a bare date."""
        rng = self.rng
        at = self.start + timedelta(hours=round(day * 4) * 6 + rng.choice((0, 0, 0, 0, 0.5)))
        kind = rng.random()
        if kind < 0.15:
            return at.date().isoformat()
        text = at.isoformat()
        return text if kind < 0.8 else text + rng.choice(("Z", "+05:30", "-04:00"))

    def _recorded(self, day: float) -> str:
        return self._time(day + self.rng.choice((1, 10))) if self.rng.random() < 0.15 else ""
