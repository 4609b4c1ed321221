"""Identities that the figures of a report must satisfy, checked on every report."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from funnel.records import Record

EXITS = ("moved_on", "moved_back", "won", "lost")


class Identity(NamedTuple):
    """Two counts that must be equal."""

    check: str
    left: int
    right: int


def reconciliation(state: Mapping[str, Any]) -> Record:
    """The number of identities checked, and those that fail: {check, left, right}."""
    identities = list(_identities(state))
    broken = [identity._asdict() for identity in identities if identity.left != identity.right]
    return {"checked": len(identities), "broken": broken}


def _identities(state: Mapping[str, Any]) -> Iterator[Identity]:
    yield from _block_identities(state["total"])
    for group in state["groups"]:
        for identity in _block_identities(group):
            yield identity._replace(check=f"group {group['group']}: {identity.check}")
    yield from _move_identities(state)
    if state["groups"]:
        yield from _group_identities(state)


def _block_identities(block: Mapping[str, Any]) -> Iterator[Identity]:
    funnel, flow, stages = block["funnel"], block["flow"], block["stages"]
    by_state = funnel["open"] + funnel["won"] + funnel["lost"]
    yield Identity("funnel: entered = open + won + lost", funnel["entered"], by_state)
    yield Identity("funnel: entered = entered by flow", funnel["entered"], flow["entered"])
    end = flow["open_at_start"] + flow["entered"] + flow["reopened"] - flow["won"] - flow["lost"]
    check = "flow: open at start + entered + reopened - won - lost = open at end"
    yield Identity(check, end, flow["open_at_end"])
    for stage in (*stages, *block["stage_groups"]):
        yield from _stage_identities(stage)
    there_at_end = sum(stage["calendar"]["there_at_end"] for stage in stages)
    yield Identity("stages: there at end = open at end", there_at_end, flow["open_at_end"])
    for name in ("won", "lost"):
        of_stages = sum(stage["calendar"][name] for stage in stages)
        of_months = sum(month[name] for month in block["months"])
        yield Identity(f"stages: {name} = flow {name}", of_stages, flow[name])
        yield Identity(f"months: {name} = deals {name}", of_months, block["deals"][name])


def _stage_identities(stage: Mapping[str, Any]) -> Iterator[Identity]:
    name, ledger, calendar = stage["stage"], stage["ledger"], stage["calendar"]
    entries = ledger["entries"]
    fates = ledger["there_now"] + sum(ledger[exit_] for exit_ in EXITS)
    yield Identity(f"{name}: entries = there now + moved on + moved back + won + lost", entries, fates)
    by_visit = ledger["first_entries"] + ledger["re_entries"]
    yield Identity(f"{name}: entries = first entries + re-entries", entries, by_visit)
    yield Identity(f"{name}: entries = entered by", entries, sum(ledger["entered_by"].values()))
    moves = ledger["moved_on"] + ledger["moved_back"]
    yield Identity(f"{name}: moves = next", moves, sum(ledger["next"].values()))
    end = calendar["there_at_start"] + calendar["entries"] - sum(calendar[exit_] for exit_ in EXITS)
    check = f"{name}: there at start + entries - exits = there at end"
    yield Identity(check, end, calendar["there_at_end"])
    yield Identity(f"{name}: entries of ledger = entries of calendar", entries, calendar["entries"])


def _move_identities(state: Mapping[str, Any]) -> Iterator[Identity]:
    """Each node is the sum of its links, and the nodes of now hold as many leads as the stages."""
    nodes, links = state["moves"]["nodes"], state["moves"]["links"]
    for place, node in enumerate(nodes):
        end = "source" if node["when"] == "then" else "target"
        linked = sum(link["leads"] for link in links if link[end] == place)
        yield Identity(f"moves: {node['when']} {node['stage'] or node['kind']}", node["leads"], linked)
    there_now = {stage["stage"]: stage["now"]["leads"] for stage in state["total"]["stages"]}
    for node in nodes:
        if node["when"] == "now" and node["kind"] in ("stage", "before_first_stage"):
            in_stage = there_now.get(node["stage"], 0)
            yield Identity(f"moves: now in {node['stage']}", node["leads"], in_stage)


def _group_identities(state: Mapping[str, Any]) -> Iterator[Identity]:
    total, groups = state["total"], state["groups"]
    for part, names in (
        ("funnel", ("entered", "won")),
        ("flow", ("open_at_end",)),
        ("deals", ("won", "lost")),
    ):
        for name in names:
            of_groups = sum(group[part][name] for group in groups)
            yield Identity(f"groups: {part} {name}", of_groups, total[part][name])
