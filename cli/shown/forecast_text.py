"""A forecast and its explanation as text for people, on stderr."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cli.shown.output import echo, echo_table

ALL_GROUPS: Final = "(all)"


def echo_periods(result: Mapping[str, Any]) -> None:
    """Prints the table of periods, with groups also that of all together, and the sum with its interval.

    If it is unknown when leads are won, one sentence says so instead.
    """
    periods = result["periods"]
    basis = periods[0]["interval_basis"]
    if periods[0]["wins_expected"] is None:
        _echo_within_horizon(result)
        return
    echo(f"forecast as of {result['as_of']} by version {result['model_version']}, intervals {basis}:")

    grouped = "group" in periods[0]
    group_header = ["group"] if grouped else []
    header = ["from", *group_header, "wins", "p10-p90", "already", "open", "new", "revenue", "p10-p90"]
    totals = [{**row, "group": ALL_GROUPS} for row in _totals(result)] if grouped else []
    echo_table(header, [_period_cells(row, grouped) for row in (*periods, *totals)])
    _echo_sum(result)
    _echo_target(result)


def _echo_within_horizon(result: Mapping[str, Any]) -> None:
    of_open = result["within_horizon"]
    revenue = of_open["revenue_expected"]
    money = "" if revenue is None else f" and {revenue:,.0f} {result['currency'] or ''}".rstrip()
    echo(
        f"forecast as of {result['as_of']} by version {result['model_version']}: when leads are won is unknown, so no "
        f"period has figures; {of_open['open_leads']:,} open leads have {of_open['wins_expected']:.1f} expected "
        f"wins{money} within {of_open['days']} days"
    )


def _totals(result: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The rows of all groups together; forecasts saved by versions before 0.2 have none."""
    totals = result.get("total")
    return totals if isinstance(totals, list) else ()


def _echo_sum(result: Mapping[str, Any]) -> None:
    # Versions before 0.2 saved the sum as `total`.
    of_all = result["sum"] if "sum" in result else result["total"]
    wins = f"{of_all['wins_expected']:.1f} wins"
    if of_all.get("wins_p10") is not None:
        wins += f" ({of_all['wins_p10']:.0f}-{of_all['wins_p90']:.0f})"
    revenue = ""
    if of_all["revenue_expected"] is not None:
        revenue = f", revenue {of_all['revenue_expected']:,.0f} {result['currency'] or ''}".rstrip()
        if of_all.get("revenue_p10") is not None:
            revenue += f" ({of_all['revenue_p10']:,.0f}-{of_all['revenue_p90']:,.0f})"
    echo(f"in total {wins}{revenue}")


def _echo_target(result: Mapping[str, Any]) -> None:
    """The chance to reach the target in each period; forecasts saved by versions before 0.2 have none."""
    target = result.get("target")
    if not target:
        return
    unit = f" {result['currency']}" if result["currency"] else ""
    chances = [f"{100 * row['chance']:.0f} % from {row['period_start']}" for row in target["periods"]]
    echo(f"chance to reach the target of {target['periods'][0]['revenue']:,.0f}{unit}: {', '.join(chances)}")


def _period_cells(row: Mapping[str, Any], grouped: bool) -> list[str]:
    cells = [row["period_start"]]
    if grouped:
        cells.append(row["group"] or "(none)")
    cells += [
        f"{row['wins_expected']:.1f}",
        f"{row['wins_p10']:.0f}-{row['wins_p90']:.0f}",
        str(row["already_won"]),
        f"{row['open_wins_expected']:.1f}",
        f"{row['new_wins_expected']:.1f}",
    ]
    if row["revenue_expected"] is None:
        return [*cells, "-", "-"]
    return [*cells, f"{row['revenue_expected']:,.0f}", f"{row['revenue_p10']:,.0f}-{row['revenue_p90']:,.0f}"]


def echo_explanation(explanation: Mapping[str, Any]) -> None:
    """Prints the top leads, open leads by stage and source, expected new leads, and the changes."""
    if explanation["top_leads"]:
        echo("\nopen leads that contribute most:")
        echo_table(
            ("lead", "stage", "probability", "wins", "revenue"),
            [
                (
                    lead["name"] or lead["lead_id"],
                    lead["stage"],
                    lead["probability"],
                    lead["wins"],
                    _amount(lead["revenue"]),
                )
                for lead in explanation["top_leads"]
            ],
        )
    for name in ("stage", "source"):
        if groups := explanation[f"by_{name}"]:
            echo(f"\nopen leads by {name}:")
            rows = [(row["name"], row["leads"], row["wins"], _amount(row["revenue"])) for row in groups]
            echo_table((name, "leads", "wins", "revenue"), rows)

    if explanation["changes"]["wins"] is None:
        return
    echo("\nnew leads expected:")
    echo_table(
        ("from", "arrivals", "wins", "mean amount"),
        [
            (row["period_start"], row["arrivals"], row["wins"], _amount(row["amount"]))
            for row in explanation["new_leads"]
        ],
    )
    _echo_changes(explanation["changes"])


def _echo_changes(changes: Mapping[str, Any]) -> None:
    echo(f"\nchanges since {changes['since'][:10]}:")
    figures = ("wins", "revenue") if changes["revenue"] else ("wins",)
    rows = [(name, *(_amount(changes[figure][name]) for figure in figures)) for name in changes["wins"]]
    echo_table(("", *figures), rows)


def _amount(value: float | None) -> str | None:
    if value is None:
        return None
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"
