"""One simulated CRM as a stream of events of persons, with the traps of such streams; each system writes it its way.

The truth of the CRM holds for what is imported, beside what the traps add: visits before the creation, and rows that
must be set aside.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from tests.builders.exports.simulated_crm import (
    Move,
    Row,
    World,
    csv_text,
    currency_of,
    in_currency,
    moves,
    shifted,
    simulated,
    with_reopened,
)  # fmt: skip

# `new` is the stage of the creation; an event is there for a return to it.
STAGE_EVENTS = {
    "new": "new",
    "qualified": "Lead Qualified",
    "proposal": "Proposal Sent",
    "negotiation": "Negotiation Started",
}
WON, LOST = "Order Completed", "Lead Lost"
# Attributes that are said of a person, by the names of tracking plans.
TRAITS = ("owner", "industry", "employees", "product", "seats", "newsletter", "profile_fit")
VISITORS, SHARED_VISITS, ROBOT_VISITS, TEST_EVENTS = 40, 5, 6, 3


@dataclass(frozen=True)
class Event:
    """One event: its id, when it happened and was recorded, the user and the browser, and what it says.

    kind: identify, page or track. skew: the error of the device's clock in seconds.
    """

    id: str
    at: str
    recorded: str
    user: str
    visitor: str
    kind: str
    name: str = ""
    properties: Row = field(default_factory=dict)
    traits: Row = field(default_factory=dict)
    source: str = ""
    skew: int = 0
    agent: str = "Mozilla/5.0"
    is_test: bool = False


@dataclass(frozen=True)
class Stream:
    """Events in order of recording, and what an import must count.

    early: visits before the creation by (lead, event id, time, when it was known that they are of the lead).
    set_aside: rows by reason.
    """

    events: list[Event]
    early: list[tuple[str, str, str, str]]
    set_aside: dict[str, int]


def event_world(
    folder: Path, leads: int, reopened: int = 6, seed: int = 5, end: datetime | None = None
) -> World:
    """A simulated CRM; lost leads that come back return to a stage that an event names."""
    world = simulated(folder, leads, seed, reopened=0, end=end)
    beyond = {row["lead_id"] for row in world.stages if row["stage"] != "new"}
    lost = [row for row in world.outcomes if row["outcome"] == "lost" and row["lead_id"] in beyond]
    others = [row for row in world.outcomes if row not in lost]
    back = with_reopened(replace(world, outcomes=lost), reopened)
    world = replace(back, outcomes=[*others, *back.outcomes])
    for name in ("stages", "outcomes"):
        (folder / f"{name}.csv").write_text(csv_text(getattr(world, name)), encoding="utf-8")
    return world


def user_id(lead_id: str) -> str:
    return f"user-{int(lead_id[1:])}"


def visitor_id(lead_id: str, device: int = 1) -> str:
    return f"{device}{int(lead_id[1:]):07d}.{1_700_000_000 + device}"


def stream(world: World, currencies: bool = False) -> Stream:
    """The events of a world with doubles, late rows, several devices, strangers, robots, tests and repeat orders."""
    rng = random.Random(7)
    events, early = [], []
    aside = dict.fromkeys(
        ("double", "of_no_lead", "of_a_shared_browser", "robot", "test_user", "repeat_win"), 0
    )
    entries = moves(world)
    known = {(row["lead_id"], row["entered_at"]): row["recorded_at"] for row in world.stages}
    for number, lead in enumerate(world.leads):
        user, visitor = user_id(lead["lead_id"]), visitor_id(lead["lead_id"])
        if number % 3 == 0:
            visit = _visit(f"early-{number}", shifted(lead["created_at"], -timedelta(hours=5)), visitor)
            visit = replace(visit, source=lead["source"])
            events.append(visit)
            early.append((user, visit.id, visit.at, lead["created_at"]))
        events.append(_identify(lead, user, visitor))
        events += _decisions(lead["lead_id"], entries[lead["lead_id"]], known, currencies)
        if any(move.state == "won" for move in entries[lead["lead_id"]]) and number % 2:
            last = events[-1]
            later = shifted(last.at, timedelta(hours=3))
            events.append(replace(last, id=f"{last.id}-again", at=later, recorded=later))
            aside["repeat_win"] += 1
    for place, row in enumerate(world.interactions):
        events.append(_touch(row, place))
    for place, row in enumerate(world.attribute_changes):
        if row["attribute"] in TRAITS:
            events.append(_change(row, place))
    events += _strangers(world, rng, aside)
    doubles = [
        replace(event, recorded=shifted(event.recorded, timedelta(minutes=9))) for event in rng.sample(events, 20)
        if not event.is_test and "bot" not in event.agent
    ]  # fmt: skip
    aside["double"] = len(doubles)
    events += doubles
    return Stream(sorted(events, key=lambda event: event.recorded), early, aside)


def _identify(lead: Row, user: str, visitor: str) -> Event:
    traits = {name: lead[name] for name in TRAITS if lead[name]} | {"email": f"{user}@example.org"}
    return Event(
        f"{user}-created", lead["created_at"], lead["created_at"], user, visitor, "identify", traits=traits,
        source=lead["source"], properties={"account": lead["account_id"]},
    )  # fmt: skip


def _decisions(
    lead_id: str, entries: list[Move], known: dict[tuple[str, str], str], currencies: bool
) -> list[Event]:
    """known: when the entry of a lead into a stage was recorded, by lead and time."""
    events, user, visitor = [], user_id(lead_id), visitor_id(lead_id)
    for place, move in enumerate(entries):
        if move.state == "open" and move.stage == "new" and place == 0:
            continue
        name = STAGE_EVENTS[move.stage] if move.state == "open" else WON if move.state == "won" else LOST
        code = currency_of(lead_id) if currencies else "EUR"
        amount = in_currency(move.amount, code) if currencies else move.amount
        properties = {"revenue": amount, "currency": code} if move.state == "won" else {"reason": move.reason}
        events.append(
            Event(
                f"{user}-move-{place}",
                move.at,
                known.get((lead_id, move.at), move.at),
                user,
                visitor,
                "track",
                name,
                properties,
            )
        )
    return events


def _touch(row: Row, place: int) -> Event:
    """Every third one without its user, every fifth one on the second device, every seventh by a wrong clock."""
    user = user_id(row["lead_id"])
    device = 2 if place % 5 == 0 else 1
    is_anonymous = place % 3 == 0 and device == 1
    return Event(
        row["interaction_id"], row["occurred_at"], max(row["recorded_at"], row["occurred_at"]),
        "" if is_anonymous else user, visitor_id(row["lead_id"], device), "track",
        row["kind"].replace("_", " ").title(), {"value": row["value"]}, skew=-86_400 if place % 7 == 0 else 0,
    )  # fmt: skip


def _change(row: Row, place: int) -> Event:
    user = user_id(row["lead_id"])
    return Event(
        f"change-{place}", row["changed_at"], max(row["recorded_at"], row["changed_at"]), user,
        visitor_id(row["lead_id"]), "identify", traits={row["attribute"]: row["value"]},
    )  # fmt: skip


def _visit(id_: str, at: str, visitor: str) -> Event:
    return Event(id_, at, at, "", visitor, "page", "Home", {"path": "/"})


def _strangers(world: World, rng: random.Random, aside: dict[str, int]) -> list[Event]:
    """Visitors who never say who they are, a shared browser, robots and tests."""
    times = sorted(row["occurred_at"] for row in world.interactions)
    events = [_visit(f"stranger-{n}", rng.choice(times), f"90000{n:03d}.1") for n in range(VISITORS)]
    aside["of_no_lead"] = VISITORS
    # A kiosk on which the first two leads log in: whose the visits without a user are, nobody knows.
    for number, lead in enumerate(world.leads[:2]):
        events.append(
            Event(
                f"kiosk-{number}",
                lead["created_at"],
                lead["created_at"],
                user_id(lead["lead_id"]),
                "777.7",
                "identify",
            )
        )
    events += [_visit(f"kiosk-visit-{n}", times[-1 - n], "777.7") for n in range(SHARED_VISITS)]
    aside["of_a_shared_browser"] = SHARED_VISITS
    robot = "Mozilla/5.0 (compatible; Googlebot/2.1)"
    events += [replace(_visit(f"robot-{n}", times[n], "880.8"), agent=robot) for n in range(ROBOT_VISITS)]
    aside["robot"] = ROBOT_VISITS
    events += [
        Event(f"test-{n}", times[n], times[n], "tester", "990.9", "track", "Signed Up", is_test=True)
        for n in range(TEST_EVENTS)
    ]
    aside["test_user"] = TEST_EVENTS
    return events


def real_changes(world: World) -> World:
    """The world without changes of an attribute to the value that it has."""
    values = {(lead["lead_id"], name): lead[name] for lead in world.leads for name in lead}
    kept = []
    for row in sorted(world.attribute_changes, key=lambda row: row["changed_at"]):
        key = (row["lead_id"], row["attribute"])
        if values.get(key) != row["value"]:
            kept.append(row)
        values[key] = row["value"]
    return replace(world, attribute_changes=kept)
