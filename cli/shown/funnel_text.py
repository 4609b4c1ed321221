"""The state of a funnel as text for people, on stderr."""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.shown.output import echo, echo_table
from funnel.formatting import format_number, format_percent
from funnel.state.report.headline import reopened_closings

SHOWN_DROP_OFF = 5


def echo_state(state: Mapping[str, Any]) -> None:
    """Prints a funnel's state; that of a snapshot has no leads to list."""
    unit = f" {state['currency']}" if state["currency"] else ""
    echo(f"{state['funnel']} as of {state['as_of']}, from {state['from']} to {state['to']}")
    for block in (state["total"], *state["groups"]):
        if "group" in block:
            echo()
            echo(f"{state['by']}: {'(none)' if block['group'] is None else block['group']}")
        _echo_block(block, unit)
    _echo_moves(state["moves"])
    _echo_leaks(state["leaks"], unit)
    _echo_drop_off(state["drop_off"])
    _echo_attention(state["attention"])
    _echo_owners(state["owners"])
    _echo_economics(state["economics"], unit)
    for check in state["reconciliation"]["broken"]:
        echo(f"figures that do not add up: {check['check']}: {check['left']} and {check['right']}")


def _echo_block(block: Mapping[str, Any], unit: str) -> None:
    _echo_flow(block)
    _echo_key_figures(block, unit)
    header = ("stage", "entries", "now", "on", "back", "won", "lost", "onward", "to win", "median days")
    echo_table(header, [_stage_cells(stage) for stage in block["stages"]])
    for target in block["targets"]:
        _echo_target(target)


def _echo_flow(block: Mapping[str, Any]) -> None:
    flow, deals = block["flow"], block["deals"]
    reopened_since = (
        f"closed and reopened since {reopened_closings(block):,}, " if reopened_closings(block) else ""
    )
    echo(
        f"open at the start {flow['open_at_start']:,}, entered {flow['entered']:,}, "
        f"reopened {flow['reopened']:,}, won {deals['won']:,}, lost {deals['lost']:,}, "
        f"{reopened_since}open at the end {flow['open_at_end']:,}"
    )


def _echo_key_figures(block: Mapping[str, Any], unit: str) -> None:
    deals = block["deals"]
    cycle_days = block["cycle_time_days"]["calendar"]["median"]
    velocity = block["velocity"]["revenue_per_day"]
    echo(
        f"win rate {format_percent(deals['win_rate'])}, average deal {format_number(deals['average_deal'])}{unit}, "
        f"revenue {format_number(deals['revenue'])}{unit}, cycle time {format_number(cycle_days)} days (median), "
        f"velocity {format_number(velocity)}{unit or ' of revenue'} a day"
    )


def _stage_cells(stage: Mapping[str, Any]) -> tuple[object, ...]:
    ledger, conversion = stage["ledger"], stage["conversion"]
    return (
        stage["stage"] or "(before the first)",
        ledger["entries"],
        ledger["there_now"],
        ledger["moved_on"],
        ledger["moved_back"],
        ledger["won"],
        ledger["lost"],
        format_percent(conversion["onward"]["rate"]),
        format_percent(conversion["win"]["rate"]),
        format_number(stage["days_in_stage"]["median"]),
    )


def _echo_target(target: Mapping[str, Any]) -> None:
    name = f"{target['measure']} {target['stage']}" if target["stage"] else target["measure"]
    since = f", missed since {target['missed_since'][:7]}" if target["missed_since"] else ""
    echo(f"target {name}: {target['target']:g}, actual {format_number(target['actual'])}{since}")


def _echo_moves(moves: dict[str, Any]) -> None:
    """A row for each place at the earlier date, a column for each place now; leads closed at both are left out."""
    from funnel.state.moves import place_name, shown_links

    nodes = moves["nodes"]
    leads = {(link["source"], link["target"]): link["leads"] for link in shown_links(moves)}
    if not leads:
        return
    places_then = sorted({source for source, _ in leads})
    places_now = sorted({target for _, target in leads})
    rows = []
    for then in places_then:
        counts = [leads.get((then, now), 0) for now in places_now]
        rows.append((place_name(nodes[then]), *counts))
    echo(f"leads by their place at {moves['since']} (down) and now (across):")
    echo_table(("", *(place_name(nodes[place]) for place in places_now)), rows)


def _echo_leaks(leaks: Mapping[str, Any], unit: str) -> None:
    if leaks["found"]:
        echo(f"leaks, {len(leaks['found'])} of {leaks['tested']} tests:")
    for leak in leaks["found"]:
        lost = f"expected revenue lost: {format_number(leak['lost_revenue'])}{unit}"
        echo(f"  {leak['kind']}: {leak['sentence']} ({lost})")


def _echo_drop_off(drop_off: Mapping[str, Any] | None) -> None:
    """The strongest associations; that of a snapshot was not kept."""
    if not drop_off or not drop_off["found"]:
        return
    shown = drop_off["found"][:SHOWN_DROP_OFF]
    echo(
        f"what goes with losses, {len(shown)} of {drop_off['significant']} findings in {drop_off['tested']} tests "
        "(associations, not causes):"
    )
    for record in shown:
        echo(f"  {record['sentence']}")


def _echo_attention(attention: Mapping[str, Any]) -> None:
    listed = attention.get("list", [])
    count, shown = attention["leads"], len(listed)
    if count:
        selection = ":" if shown == count else f"; the {shown:,} most valuable:"
        echo(f"{count:,} open leads need attention{_budget(attention)}{selection if shown else ''}")
    for lead in listed:
        sentences = " | ".join(reason["sentence"] for reason in lead["reasons"])
        echo(f"  {lead['name'] or lead['lead_id']}: {sentences}")


def _budget(attention: Mapping[str, Any]) -> str:
    """How many remain if nobody is to look after more than their most valuable leads."""
    chosen = attention.get("chosen", attention["leads"])
    if chosen == attention["leads"]:
        return ""
    return f", {chosen:,} with at most {attention['per_owner']:,} an owner"


def _echo_owners(owners: Sequence[Mapping[str, Any]]) -> None:
    if not owners:
        return
    echo("owners: wins, and the wins expected of their leads at assignment")
    keys = ("owner", "leads", "won", "promised", "promised_low", "promised_high")
    header = ("owner", "leads", "won", "expected", "80 % from", "to")
    echo_table(header, [[owner[key] for key in keys] for owner in owners])


def _echo_economics(economics: Mapping[str, Any] | None, unit: str) -> None:
    if economics is None:
        return
    total = economics["total"]
    echo(
        f"cost {format_number(total['cost'])}{unit}: {format_number(total['cost_per_lead'])} a lead, "
        f"{format_number(total['cost_per_deal'])} a deal, paid back in {format_number(total['payback_days'])} days"
    )
