"""A forecast and its arithmetic, for people, on stderr."""

from collections.abc import Mapping
from typing import Any

from cli.output import say, say_table


def tell_periods(result: Mapping[str, Any]) -> None:
    """The table of periods and its total."""
    periods, total = result["periods"], result["total"]
    basis = periods[0]["interval_basis"]
    say(f"forecast at {result['as_of']} by version {result['model_version']}, intervals {basis}:")
    grouped = "group" in periods[0]
    header = ["from", *(["group"] if grouped else []), "wins", "p10-p90", "already", "open", "new"]
    say_table([*header, "revenue", "p10-p90"], [_line(row, grouped) for row in periods])
    money = _money(", revenue ", total["revenue_expected"], result["currency"])
    say(f"in all {total['wins_expected']:.1f} wins{money}")


def _line(row: dict[str, Any], grouped: bool) -> list[str]:
    money = row["revenue_expected"] is not None
    return [
        row["period_start"],
        *([row["group"] or "(none)"] if grouped else []),
        f"{row['wins_expected']:.1f}",
        f"{row['wins_p10']:.0f}-{row['wins_p90']:.0f}",
        str(row["already_won"]),
        f"{row['open_wins_expected']:.1f}",
        f"{row['new_wins_expected']:.1f}",
        f"{row['revenue_expected']:,.0f}" if money else "-",
        f"{row['revenue_p10']:,.0f}-{row['revenue_p90']:,.0f}" if money else "-",
    ]


def _money(before: str, value: float | None, currency: str | None) -> str:
    return "" if value is None else f"{before}{value:,.0f} {currency or ''}".rstrip()


def tell_explained(parts: dict[str, Any]) -> None:
    """Top leads, open leads by stage and source, leads yet to come, and what changed."""
    if parts["top_leads"]:
        say("\nlargest contributions of open leads:")
        say_table(
            ("lead", "stage", "probability", "wins", "revenue"),
            [
                (lead["lead_id"], lead["stage"], lead["probability"], lead["wins"], _amount(lead["revenue"]))
                for lead in parts["top_leads"]
            ],
        )
    for name in ("stage", "source"):
        if parts[f"by_{name}"]:
            say(f"\nopen leads by {name}:")
            rows = [(r["name"], r["leads"], r["wins"], _amount(r["revenue"])) for r in parts[f"by_{name}"]]
            say_table((name, "leads", "wins", "revenue"), rows)
    say("\nleads yet to come:")
    say_table(
        ("from", "arrivals", "wins", "mean amount"),
        [(r["period_start"], r["arrivals"], r["wins"], _amount(r["amount"])) for r in parts["new_leads"]],
    )
    changes = parts["changes"]
    say(f"\nwhat changed since {changes['since'][:10]}:")
    columns = ("wins", "revenue") if changes["revenue"] else ("wins",)
    say_table(("", *columns), [(n, *(_amount(changes[c][n]) for c in columns)) for n in changes["wins"]])


def _amount(value: float | None) -> str | None:
    if value is None:
        return None
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"
