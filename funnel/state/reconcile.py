"""The sums that must hold, checked on what is reported."""

from collections.abc import Iterator, Mapping
from typing import Any

from funnel.state.period import Record

Sides = tuple[str, int, int]


def reconciliation(state: Mapping[str, Any]) -> Record:
    """How many sums were checked, and those that do not hold: {check, left, right}."""
    sides = [
        (f"{where}{check}", left, right)
        for where, block in _blocks(state)
        for check, left, right in _sums(block)
    ]
    sides += _moved(state)
    if state["groups"]:
        sides += list(_adding_up(state))
    broken = [{"check": check, "left": left, "right": right} for check, left, right in sides if left != right]
    return {"checked": len(sides), "broken": broken}


def _blocks(state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", state["total"]
    for group in state["groups"]:
        yield f"group {group['group']}: ", group


def _sums(block: Mapping[str, Any]) -> Iterator[Sides]:
    funnel, flow = block["funnel"], block["flow"]
    yield (
        "funnel: entered = open + won + lost",
        funnel["entered"],
        funnel["open"] + funnel["won"] + funnel["lost"],
    )
    yield "funnel: entered = entered by flow", funnel["entered"], flow["entered"]
    before = flow["open_at_start"] + flow["entered"] + flow["reopened"] - flow["won"] - flow["lost"]
    yield "flow: open at start + entered + reopened - won - lost = open at end", before, flow["open_at_end"]
    places = [block["stages"], block["stage_groups"]]
    for stage in (stage for records in places for stage in records):
        yield from _stage_sums(stage)
    yield (
        "stages: there at end = open at end",
        sum(s["calendar"]["there_at_end"] for s in block["stages"]),
        flow["open_at_end"],
    )
    for name in ("won", "lost"):
        yield f"stages: {name} = flow {name}", sum(s["calendar"][name] for s in block["stages"]), flow[name]
        yield f"months: {name} = deals {name}", sum(m[name] for m in block["months"]), block["deals"][name]


def _stage_sums(stage: Mapping[str, Any]) -> Iterator[Sides]:
    name, ledger, calendar = stage["stage"], stage["ledger"], stage["calendar"]
    parts = ("there_now", "moved_on", "moved_back", "won", "lost")
    yield (
        f"{name}: entries = there now + moved on + moved back + won + lost",
        ledger["entries"],
        sum(ledger[p] for p in parts),
    )
    yield (
        f"{name}: entries = first + again",
        ledger["entries"],
        ledger["first_entries"] + ledger["re_entries"],
    )
    yield f"{name}: entries = ways in", ledger["entries"], sum(ledger["entered_by"].values())
    yield f"{name}: moves = next", ledger["moved_on"] + ledger["moved_back"], sum(ledger["next"].values())
    exits = sum(calendar[p] for p in parts[1:])
    left = calendar["there_at_start"] + calendar["entries"] - exits
    yield f"{name}: there at start + entries - exits = there at end", left, calendar["there_at_end"]
    yield f"{name}: entries of the period", ledger["entries"], calendar["entries"]


def _moved(state: Mapping[str, Any]) -> Iterator[Sides]:
    """Every lead at both dates once: each node is the sum of its links, and the stages hold what they hold now."""
    nodes, links = state["moves"]["nodes"], state["moves"]["links"]
    for place, node in enumerate(nodes):
        end = "source" if node["when"] == "then" else "target"
        flow = sum(link["leads"] for link in links if link[end] == place)
        yield f"moves: {node['when']} {node['stage'] or node['kind']}", node["leads"], flow
    there = {stage["stage"]: stage["now"]["leads"] for stage in state["total"]["stages"]}
    for node in nodes:
        if node["when"] == "now" and node["kind"] in ("stage", "before_first_stage"):
            yield f"moves: now in {node['stage']}", node["leads"], there.get(node["stage"], 0)


def _adding_up(state: Mapping[str, Any]) -> Iterator[Sides]:
    total, groups = state["total"], state["groups"]
    for part, name in (
        ("funnel", "entered"),
        ("funnel", "won"),
        ("flow", "open_at_end"),
        ("deals", "won"),
        ("deals", "lost"),
    ):
        yield f"groups: {part} {name}", sum(g[part][name] for g in groups), total[part][name]
