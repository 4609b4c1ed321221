"""The leads of a folder's raw rows as they were known at T, straight from the definitions, one row after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from zoneinfo import ZoneInfo

Row = Mapping[str, str]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000
HOUR = DAY // 24


@dataclass
class Visit:
    """A stay: how it began (start, forward, skip, back, reopened) and ended (here, moved_on, ..., won, lost)."""

    stage: str | None
    begin: int
    how: str
    again: bool
    end: int = 0
    left: str = "here"
    to: str | None = None


@dataclass
class Known:
    """One lead as known at T; closed is T while open, touches are (time, direction, channel).

    dated are entries of stages (time, known, stage) in file order of each time, entries those in their order.
    """

    id: str
    created: int
    values: dict[str, str | None]
    state: str = "open"
    closed: int = 0
    amount: float | None = None
    implied: bool = False
    reason: str | None = None
    visits: list[Visit] = field(default_factory=list)
    dated: list[tuple[int, int, str]] = field(default_factory=list)
    entries: list[tuple[int, str]] = field(default_factory=list)
    decisions: list[tuple[int, str]] = field(default_factory=list)
    touches: list[tuple[int, str, str]] = field(default_factory=list)
    owners: list[tuple[int, str | None]] = field(default_factory=list)


@dataclass
class Funnel:
    """All leads known at T with the stages in order; costs are (start, end, amount, channel, source)."""

    leads: list[Known]
    order: list[str]
    as_of: int
    zone: ZoneInfo
    horizon_days: int
    costs: list[tuple[int, int, float, str | None, str | None]] | None


def instant(text: str, zone: ZoneInfo) -> int:
    """Microseconds UTC; without an offset in the zone, the first reading of an overlap, the later of a gap."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone, fold=0)
    return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def local_day(us: int, zone: ZoneInfo) -> date:
    return (EPOCH + timedelta(microseconds=us)).astimezone(zone).date()


class Reader:
    """Rows that are visible at T, by lead, in order of time."""

    def __init__(self, tables: Mapping[str, Sequence[Row]], zone: str, as_of: int) -> None:
        self.tables, self.zone, self.as_of = tables, ZoneInfo(zone), as_of
        self.created: dict[str, int] = {}
        self.first: dict[str, Row] = {}
        for row in tables["leads"]:
            at = instant(row["created_at"], self.zone)
            seen = instant(row["recorded_at"], self.zone) if row.get("recorded_at") else at
            if max(at, seen) <= as_of:
                self.created.setdefault(row["lead_id"], at)
                self.first.setdefault(row["lead_id"], row)

    def rows(self, table: str, own: str, default: int | None = None) -> dict[str, list[tuple[int, int, Row]]]:
        """(time, known, row) of each lead in file order; `default` days after creation stand for a missing time."""
        found: dict[str, list[tuple[int, int, Row]]] = {}
        for row in self.tables.get(table, ()):
            if (lead := row["lead_id"]) not in self.created:
                continue
            recorded = instant(row["recorded_at"], self.zone) if row.get("recorded_at") else None
            if row.get(own):
                at = instant(row[own], self.zone)
            elif recorded is not None:
                at = recorded
            else:
                at = self.created[lead] + (default or 0) * DAY
            if own == "closed_at":
                row, at = self._decided(row, at, recorded)
            known = at if recorded is None else max(at, recorded)
            if known <= self.as_of:
                found.setdefault(lead, []).append((at, known, row))
        return found

    def _decided(self, row: Row, at: int, recorded: int | None) -> tuple[Row, int]:
        """A decision, marked "early" if it is before the creation, and its time: for a date the end of that day."""
        created, bound = self.created[row["lead_id"]], at
        if len(row.get("closed_at", "")) == 10:
            following = date.fromisoformat(row["closed_at"]) + timedelta(days=1)
            bound = instant(following.isoformat(), self.zone) - 1
            at = recorded if recorded is not None and at <= recorded <= bound else bound
        early = {"early": "yes"} if bound < created else {}
        return {**row, **early}, max(at, created)


def known_funnel(
    tables: Mapping[str, Sequence[Row]],
    zone: str,
    as_of: int,
    horizon_days: int = 90,
    stages: Sequence[str] = (),
) -> Funnel:
    """The funnel of the rows at T; stages () are ordered by their mean rank of first entry."""
    reader = Reader(tables, zone, as_of)
    entries, outcomes = (
        reader.rows("stages", "entered_at"),
        reader.rows("outcomes", "closed_at", horizon_days),
    )
    touches, changes = (
        reader.rows("interactions", "occurred_at"),
        reader.rows("attribute_changes", "changed_at"),
    )
    leads = []
    for name, created in reader.created.items():
        values = {
            k: v or None
            for k, v in reader.first[name].items()
            if k not in ("lead_id", "created_at", "recorded_at")
        }
        lead = Known(name, created, values, closed=as_of)
        lead.owners = [(created, values.get("owner"))]
        for at, _, row in sorted(changes.get(name, ()), key=lambda r: r[0]):
            lead.values[row["attribute"]] = row["value"] or None
            if row["attribute"] == "owner" and (row["value"] or None) != lead.owners[-1][1]:
                lead.owners.append((at, row["value"] or None))
        lead.dated = [(at, known, row["stage"]) for at, known, row in entries.get(name, ())]
        lead.dated.sort(key=lambda entry: entry[0])
        lead.touches = _once(touches.get(name, ()))
        _decide(lead, outcomes.get(name, ()))
        leads.append(lead)
    ranked = _ranked(leads)
    order = list(stages) + sorted(set(ranked) - set(stages)) if stages else ranked
    for lead in leads:
        lead.entries = _in_order(lead.dated, stages or ranked)
        lead.visits = walk(lead, order, as_of)
    return Funnel(leads, order, as_of, reader.zone, horizon_days, _costs(tables.get("costs", ()), reader))


def _in_order(dated: Sequence[tuple[int, int, str]], stages: Sequence[str]) -> list[tuple[int, str]]:
    """Entries by time; those of one instant as they became known, then in the order of the stages, others last."""
    place = {stage: at for at, stage in enumerate(stages)}
    ordered = sorted(dated, key=lambda entry: (entry[0], entry[1], place.get(entry[2], len(place))))
    return [(at, stage) for at, _, stage in ordered]


def _once(rows: Sequence[tuple[int, int, Row]]) -> list[tuple[int, str, str]]:
    """By time; of rows (in file order) with one interaction_id the one known first."""
    kept = []
    for place, (at, known, row) in enumerate(rows):
        same = [
            (k, p)
            for p, (_, k, other) in enumerate(rows)
            if other.get("interaction_id") == row.get("interaction_id")
        ]
        if not row.get("interaction_id") or min(same) == (known, place):
            kept.append((at, row.get("direction", ""), row.get("channel", "")))
    return sorted(kept, key=lambda touch: touch[0])


def _decide(lead: Known, rows: Sequence[tuple[int, int, Row]]) -> None:
    told = [
        (at, known, row, "early" in row or not (row.get("closed_at") or row.get("recorded_at")))
        for at, known, row in rows
    ]
    told = [item for item in told if "early" in item[2] or not (item[3] and item[2]["outcome"] == "open")]
    told.sort(key=lambda item: item[:2])
    lead.decisions = [(at, row["outcome"]) for at, _, row, _ in told]
    if told and told[-1][2]["outcome"] != "open":
        at, _, row, implied = told[-1]
        lead.state, lead.closed, lead.implied = row["outcome"], at, implied
        lead.amount = float(row["amount"]) if row.get("amount") else None
        lead.reason = row.get("reason") or None


def _ranked(leads: Sequence[Known]) -> list[str]:
    """By mean rank of first entry; stages that a lead entered, and that became known, at one instant share theirs."""
    ranks: dict[str, list[Fraction]] = {}
    for lead in leads:
        firsts: dict[str, tuple[int, int]] = {}
        for at, known, stage in lead.dated:
            firsts.setdefault(stage, (at, known))
        place = 0
        for _, group in groupby(firsts.items(), key=lambda first: first[1]):
            tied = [stage for stage, _ in group]
            for stage in tied:
                ranks.setdefault(stage, []).append(place + Fraction(len(tied) - 1, 2))
            place += len(tied)
    return sorted(ranks, key=lambda stage: (sum(ranks[stage]) / len(ranks[stage]), stage))


def walk(lead: Known, order: Sequence[str], as_of: int) -> list[Visit]:
    """The lead's visits of the stages in `order`; entries of any other stage are not seen."""
    events = [(max(at, lead.created), 0, what) for at, what in lead.entries if what in order]
    events += [(at, 1, what) for at, what in lead.decisions]
    events.sort(key=lambda event: event[:2])
    visits = [Visit(None, lead.created, "start", again=False, end=as_of)]
    standing: str | None = None
    for at, kind, what in events:
        now = visits[-1]
        if kind == 1 and what != "open":
            now.left, now.end = what, at
        elif kind == 1 and now.left in ("won", "lost"):
            visits.append(Visit(standing, at, "reopened", any(v.stage == standing for v in visits), as_of))
        elif kind == 0 and what != standing:
            if now.left not in ("won", "lost"):
                _move(visits, (standing, what), at, order, as_of, lead.created)
            standing = what
    return visits


def _move(
    visits: list[Visit], way: tuple[str | None, str], at: int, order: Sequence[str], as_of: int, created: int
) -> None:
    old, new = way
    now = visits[-1]
    if old is None and at == created and len(visits) == 1:
        now.stage = new
        return
    steps = order.index(new) - (-1 if old is None else order.index(old))
    how = "start" if old is None else "back" if steps < 0 else "skip" if steps > 1 else "forward"
    now.left, now.end, now.to = "moved_back" if how == "back" else "moved_on", at, new
    visits.append(Visit(new, at, how, any(v.stage == new for v in visits), as_of))


def _costs(
    rows: Sequence[Row], reader: Reader
) -> list[tuple[int, int, float, str | None, str | None]] | None:
    costs = []
    for row in rows:
        start = instant(row["period_start"], reader.zone)
        end = (
            instant(row["period_end"], reader.zone) if row["period_end"] else _month_later(start, reader.zone)
        )
        if start <= reader.as_of:
            costs.append((start, end, float(row["amount"]), row["channel"] or None, row["source"] or None))
    return costs if rows else None


def _month_later(us: int, zone: ZoneInfo) -> int:
    wall = (EPOCH + timedelta(microseconds=us)).astimezone(zone).replace(tzinfo=None)
    year, month = wall.year + wall.month // 12, wall.month % 12 + 1
    for day in (wall.day, 30, 29, 28):
        try:
            return instant(wall.replace(year=year, month=month, day=day).isoformat(), zone)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
