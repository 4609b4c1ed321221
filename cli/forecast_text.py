"""The arithmetic of a forecast, for people, on stderr."""

from typing import Any

from cli.output import say, say_table


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
