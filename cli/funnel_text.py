"""The state of a funnel, for people, on stderr."""

from typing import Any

from cli.output import say, say_table
from funnel.formatting import number, percent, undone


def tell_state(state: dict[str, Any]) -> None:
    """The state for people, on stderr; that of a snapshot lists no leads."""
    unit = f" {state['currency']}" if state["currency"] else ""
    say(f"{state['funnel']} as of {state['as_of']}, from {state['from']} to {state['to']}")
    for block in (state["total"], *state["groups"]):
        if "group" in block:
            say()
            say(f"{state['by']}: {'(none)' if block['group'] is None else block['group']}")
        _tell_block(block, unit)
    _tell_moves(state["moves"])
    _tell_leaks(state["leaks"], unit)
    _tell_attention(state["attention"])
    _tell_owners(state["owners"])
    _tell_economics(state["economics"], unit)
    for check in state["reconciliation"]["broken"]:
        say(f"does not add up: {check['check']}: {check['left']} and {check['right']}")


def _tell_moves(moves: dict[str, Any]) -> None:
    """A row a place of the earlier date, a column a place now; who was closed at both is left out."""
    from funnel.state.moves import moved, place_name

    nodes = moves["nodes"]
    links = {(link["source"], link["target"]): link["leads"] for link in moved(moves)}
    rows, columns = sorted({i for i, _ in links}), sorted({j for _, j in links})
    if links:
        say(f"leads by where they were at {moves['since']} (down) and are now (across):")
        say_table(
            ("", *(place_name(nodes[j]) for j in columns)),
            [(place_name(nodes[i]), *(links.get((i, j), 0) for j in columns)) for i in rows],
        )


def _tell_leaks(leaks: dict[str, Any], unit: str) -> None:
    if leaks["found"]:
        say(f"leaks, {len(leaks['found'])} of {leaks['tested']} tests:")
    for leak in leaks["found"]:
        lost = f"expected revenue lost: {number(leak['lost_revenue'])}{unit}"
        say(f"  {leak['kind']}: {leak['sentence']} ({lost})")


def _tell_attention(urgent: dict[str, Any]) -> None:
    listed = urgent.get("list", [])
    if urgent["leads"]:
        shown = len(listed)
        first = f"; the {shown:,} most valuable:" if shown < urgent["leads"] else ":"
        say(f"{urgent['leads']:,} open leads need attention{first if shown else ''}")
    for lead in listed:
        say(f"  {lead['lead_id']}: {' | '.join(reason['sentence'] for reason in lead['reasons'])}")


def _tell_owners(owners: list[dict[str, Any]]) -> None:
    if owners:
        say("owners: wins against what their leads promised when they got them")
        keys = ("owner", "leads", "won", "promised", "promised_low", "promised_high")
        header = ("owner", "leads", "won", "promised", "80 % from", "to")
        say_table(header, [[owner[key] for key in keys] for owner in owners])


def _tell_economics(economics: dict[str, Any] | None, unit: str) -> None:
    if economics is not None:
        total = economics["total"]
        say(
            f"cost {number(total['cost'])}{unit}: {number(total['cost_per_lead'])} a lead, "
            f"{number(total['cost_per_deal'])} a deal, paid back in {number(total['payback_days'])} days"
        )


def _tell_block(block: dict[str, Any], unit: str) -> None:
    flow, deals, days = block["flow"], block["deals"], block["cycle_time_days"]["calendar"]
    reopened = f"closed and reopened since {undone(block):,}, " if undone(block) else ""
    say(
        f"open at the start {flow['open_at_start']:,}, entered {flow['entered']:,}, reopened {flow['reopened']:,}, "
        f"won {deals['won']:,}, lost {deals['lost']:,}, {reopened}"
        f"open at the end {flow['open_at_end']:,}"
    )
    say(
        f"win rate {percent(deals['win_rate'])}, average deal {number(deals['average_deal'])}{unit}, "
        f"revenue {number(deals['revenue'])}{unit}, cycle time {number(days['median'])} days (median), "
        f"velocity {number(block['velocity']['revenue_per_day'])}{unit or ' of revenue'} a day"
    )
    say_table(
        ("stage", "entries", "now", "on", "back", "won", "lost", "onward", "to win", "median days"),
        [
            (
                s["stage"] or "(before the first)",
                *(s["ledger"][k] for k in ("entries", "there_now", "moved_on", "moved_back", "won", "lost")),
                percent(s["conversion"]["onward"]["rate"]),
                percent(s["conversion"]["win"]["rate"]),
                number(s["days_in_stage"]["median"]),
            )
            for s in block["stages"]
        ],
    )
    for target in block["targets"]:
        _tell_target(target)


def _tell_target(target: dict[str, Any]) -> None:
    what = target["measure"] + (f" {target['stage']}" if target["stage"] else "")
    since = f", missed since {target['missed_since'][:7]}" if target["missed_since"] else ""
    say(f"target {what}: {target['target']:g}, actual {number(target['actual'])}{since}")
