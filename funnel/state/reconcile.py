"""Identities that the figures of a report must satisfy, checked on every report."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from funnel.records import Record

EXITS = ("moved_on", "moved_back", "won", "lost")
OPEN_PLACES = ("stage", "before_first_stage")  # kinds of nodes that hold open leads
GROUP_SUMS = (
    ("funnel", "entered"),
    ("funnel", "won"),
    ("flow", "open_at_end"),
    ("deals", "won"),
    ("deals", "lost"),
)  # counts that add up over groups, since every lead is in one group


class Identity(NamedTuple):
    """Two counts that must be equal."""

    check: str
    left: int
    right: int


def reconciliation(state: Mapping[str, Any]) -> Record:
    """The number of identities checked, and those that fail: {check, left, right}."""
    identities = list(_identities(state))
    broken = [identity for identity in identities if identity.left != identity.right]
    return {"checked": len(identities), "broken": [identity._asdict() for identity in broken]}


def _identities(state: Mapping[str, Any]) -> Iterator[Identity]:
    yield from _block_identities(state["total"])
    for group in state["groups"]:
        for identity in _block_identities(group):
            yield identity._replace(check=f"group {group['group']}: {identity.check}")
    yield from _move_identities(state)
    if state["groups"]:
        yield from _group_identities(state)


def _block_identities(block: Mapping[str, Any]) -> Iterator[Identity]:
    yield from _flow_identities(block["funnel"], block["flow"])
    for stage in (*block["stages"], *block["stage_groups"]):
        yield from _ledger_identities(stage["stage"], stage["ledger"])
        yield from _calendar_identities(stage)
    yield from _sum_identities(block)


def _flow_identities(funnel: Mapping[str, int], flow: Mapping[str, int]) -> Iterator[Identity]:
    by_state = funnel["open"] + funnel["won"] + funnel["lost"]
    yield Identity("funnel: entered = open + won + lost", funnel["entered"], by_state)
    yield Identity("funnel: entered = entered by flow", funnel["entered"], flow["entered"])

    came = flow["open_at_start"] + flow["entered"] + flow["reopened"]
    left = flow["won"] + flow["lost"]
    check = "flow: open at start + entered + reopened - won - lost = open at end"
    yield Identity(check, came - left, flow["open_at_end"])


def _ledger_identities(name: str | None, ledger: Mapping[str, Any]) -> Iterator[Identity]:
    entries = ledger["entries"]
    fates = ledger["there_now"] + _exits(ledger)
    yield Identity(f"{name}: entries = there now + moved on + moved back + won + lost", entries, fates)

    by_visit = ledger["first_entries"] + ledger["re_entries"]
    yield Identity(f"{name}: entries = first entries + re-entries", entries, by_visit)

    entered_by = sum(ledger["entered_by"].values())
    yield Identity(f"{name}: entries = entered by", entries, entered_by)

    moves = ledger["moved_on"] + ledger["moved_back"]
    yield Identity(f"{name}: moves = next", moves, sum(ledger["next"].values()))


def _calendar_identities(stage: Mapping[str, Any]) -> Iterator[Identity]:
    name, calendar = stage["stage"], stage["calendar"]
    came = calendar["there_at_start"] + calendar["entries"]
    check = f"{name}: there at start + entries - exits = there at end"
    yield Identity(check, came - _exits(calendar), calendar["there_at_end"])

    entries = stage["ledger"]["entries"]
    yield Identity(f"{name}: entries of ledger = entries of calendar", entries, calendar["entries"])


def _exits(counts: Mapping[str, Any]) -> int:
    return sum(counts[name] for name in EXITS)


def _sum_identities(block: Mapping[str, Any]) -> Iterator[Identity]:
    """Sums over stages and over months equal the figures of the whole block."""
    calendars = [stage["calendar"] for stage in block["stages"]]
    flow, deals = block["flow"], block["deals"]
    there_at_end = sum(calendar["there_at_end"] for calendar in calendars)
    yield Identity("stages: there at end = open at end", there_at_end, flow["open_at_end"])
    for name in ("won", "lost"):
        of_stages = sum(calendar[name] for calendar in calendars)
        yield Identity(f"stages: {name} = flow {name}", of_stages, flow[name])
        of_months = sum(month[name] for month in block["months"])
        yield Identity(f"months: {name} = deals {name}", of_months, deals[name])


def _move_identities(state: Mapping[str, Any]) -> Iterator[Identity]:
    """Each node is the sum of its links, and the nodes of now hold as many leads as the stages."""
    nodes, links = state["moves"]["nodes"], state["moves"]["links"]
    linked = [0] * len(nodes)
    for link in links:
        linked[link["source"]] += link["leads"]
        linked[link["target"]] += link["leads"]
    for node, leads in zip(nodes, linked, strict=True):
        name = node["stage"] or node["kind"]
        yield Identity(f"moves: {node['when']} {name}", node["leads"], leads)

    stages = state["total"]["stages"]
    there_now = {stage["stage"]: stage["now"]["leads"] for stage in stages}
    for node in nodes:
        if node["when"] == "now" and node["kind"] in OPEN_PLACES:
            in_stage = there_now.get(node["stage"], 0)
            yield Identity(f"moves: now in {node['stage']}", node["leads"], in_stage)


def _group_identities(state: Mapping[str, Any]) -> Iterator[Identity]:
    for part, name in GROUP_SUMS:
        of_groups = sum(group[part][name] for group in state["groups"])
        of_total = state["total"][part][name]
        yield Identity(f"groups: {part} {name}", of_groups, of_total)
