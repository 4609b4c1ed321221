"""The pictures of the funnel's state (plotly), for reports and pages alike,
and one page of them that needs no network.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from funnel.formatting import number, percent, undone
from funnel.state.moves import moved, place_name

State = Mapping[str, Any]

BLUE, GREY, GREEN, RED = "#2b6cb0", "#a0aec0", "#2f855a", "#c53030"
LAYOUT = {
    "template": "plotly_white",
    "margin": {"l": 60, "r": 30, "t": 60, "b": 50},
    "font": {"family": "system-ui, sans-serif"},
    "height": 420,
}

CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]]}  # no button that sends anything anywhere


def funnel_figure(state: State) -> go.Figure:
    """Leads that entered each stage for the first time in the period, and of them those that went on or were won."""
    stages = _named(state["total"]["stages"])
    figure = go.Figure()
    names = [_text(s["stage"]) for s in stages]
    entered = [s["conversion"]["onward"]["leads"] for s in stages]
    went_on = [s["conversion"]["onward"]["so_far"] for s in stages]
    rates = [percent(s["conversion"]["onward"]["rate"]) for s in stages]
    figure.add_bar(y=names, x=entered, orientation="h", name="entered", marker_color=GREY, text=entered)
    figure.add_bar(
        y=names,
        x=went_on,
        orientation="h",
        name="went on or won so far",
        marker_color=BLUE,
        text=rates,
        textposition="auto",
    )
    figure.update_yaxes(autorange="reversed", type="category")
    return figure.update_layout(**LAYOUT, title="Leads by stage, and the share that goes on", barmode="group")


def flow_figure(state: State) -> go.Figure:
    """Where the visits that began in the period led: a Sankey of stages, the win, the loss and those still there."""
    nodes, links = flow_links(state)
    figure = go.Figure(
        go.Sankey(
            node={"label": [_text(n) for n in nodes], "pad": 18},
            link={
                "source": [link["source"] for link in links],
                "target": [link["target"] for link in links],
                "value": [link["value"] for link in links],
            },
        )
    )
    return figure.update_layout(**LAYOUT, title="Where the visits of each stage led")


def flow_links(state: State) -> tuple[list[str], list[dict[str, int]]]:
    """The nodes, and links {source, target, value} between places in that list;
    moves back go to a node of their own.
    """
    stages = state["total"]["stages"]
    names = [s["stage"] or "before the first stage" for s in stages]
    nodes = [*names, "moved back", "still there", "won", "lost"]
    place = {name: i for i, name in enumerate(names)}
    end = {name: len(names) + i for i, name in enumerate(("moved_back", "there_now", "won", "lost"))}
    links = []
    for i, stage in enumerate(stages):
        ledger = stage["ledger"]
        links += [
            {"source": i, "target": place[to], "value": n}
            for to, n in ledger["next"].items()
            if place.get(to, -1) > i
        ]
        links += [
            {"source": i, "target": at, "value": ledger[name]} for name, at in end.items() if ledger[name]
        ]
    return nodes, links


def moves_figure(state: State) -> go.Figure:
    """Where the leads of an earlier date are now: a Sankey from the funnel then to the funnel now."""
    flow = state["moves"]
    links = moved(flow)
    colour = {"won": GREEN, "lost": RED, "new": GREY}
    figure = go.Figure(
        go.Sankey(
            node={
                "label": [_text(place_name(node)) for node in flow["nodes"]],
                "color": [colour.get(node["kind"], BLUE) for node in flow["nodes"]],
                "pad": 18,
            },
            link={
                "source": [link["source"] for link in links],
                "target": [link["target"] for link in links],
                "value": [link["leads"] for link in links],
            },
        )
    )
    title = f"Moves of leads from {flow['since'][:10]} to {flow['until'][:10]}"
    return figure.update_layout(**LAYOUT, title=title)


def time_in_stage_figure(state: State) -> go.Figure:
    """The quartiles of days in each stage, visits that go on accounted for."""
    stages = [s for s in _named(state["total"]["stages"]) if s["days_in_stage"]["median"] is not None]
    names = [_text(s["stage"]) for s in stages]
    days = [s["days_in_stage"] for s in stages]
    middle = [d["median"] for d in days]
    above = [(d["q75"] if d["q75"] is not None else d["median"]) - d["median"] for d in days]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=middle,
            marker_color=BLUE,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": above,
                "arrayminus": [d["median"] - d["q25"] for d in days],
            },
        )
    )
    figure.update_xaxes(type="category")
    return figure.update_layout(**LAYOUT, title="Days in stage: median and quartiles", yaxis_title="days")


def cohort_figure(state: State) -> go.Figure:
    """The share won by age, one row a month of entry; cells that not every lead has reached are empty."""
    cohorts = state["total"]["cohorts"]
    ages = max((len(c["rate"]) for c in cohorts), default=0)
    figure = go.Figure(
        go.Heatmap(
            z=[[None if r is None else 100 * r for r in c["rate"]] for c in cohorts],
            x=[f"{30 * (k + 1)} days" for k in range(ages)],
            y=[f"{c['month'][:7]} ({c['leads']})" for c in cohorts],
            colorscale="Blues",
            hoverongaps=False,
            colorbar={"title": "% won"},
        )
    )
    figure.update_yaxes(autorange="reversed", type="category")
    layout = {**LAYOUT, "height": max(300, 28 * len(cohorts) + 140)}
    return figure.update_layout(**layout, title="Won by age, by month of entry")


def months_figure(state: State) -> go.Figure:
    """Entrances, wins and losses by calendar month."""
    months = state["total"]["months"]
    figure = go.Figure()
    for key, name, colour in (("entered", "entered", GREY), ("won", "won", GREEN), ("lost", "lost", RED)):
        figure.add_scatter(
            x=[m["month"][:7] for m in months],
            y=[m[key] for m in months],
            name=name,
            mode="lines+markers",
            line={"color": colour},
        )
    figure.update_xaxes(type="category")
    return figure.update_layout(**LAYOUT, title="Leads by month", yaxis_title="leads")


def figures(state: State) -> dict[str, go.Figure]:
    """Every picture of a state, by name, in the order of the report."""
    return {
        "funnel": funnel_figure(state),
        "flow": flow_figure(state),
        "moves": moves_figure(state),
        "time_in_stage": time_in_stage_figure(state),
        "months": months_figure(state),
        "cohorts": cohort_figure(state),
    }


def pictures(drawn: Mapping[str, go.Figure]) -> list[dict[str, str]]:
    """Figures as {name, title, json}, for a page that draws them with `script`."""
    return [
        {"name": name, "title": figure.layout.title.text, "json": figure.to_json()}
        for name, figure in drawn.items()
    ]


def script() -> bytes:
    """plotly.js, which draws the figures in a browser."""
    return str(get_plotlyjs()).encode()


def report_page(state: State) -> str:
    """One HTML page with everything in it: the headline figures, pictures, targets, leaks and leads that need
    attention.
    """
    total, currency = state["total"], state["currency"]
    unit = f", {currency}" if currency else ""
    parts = [
        figure.to_html(full_html=False, include_plotlyjs=i == 0, div_id=f"figure-{name}", config=CONFIG)
        for i, (name, figure) in enumerate(figures(state).items())
    ]
    flow, money = total["flow"], total["deals"]
    head = (
        ("open at the start", flow["open_at_start"]),
        ("entered", flow["entered"]),
        ("reopened", flow["reopened"]),
        ("won", money["won"]),
        ("lost", money["lost"]),
        ("won or lost and reopened since", undone(total)),
        ("open at the end", flow["open_at_end"]),
        ("win rate", percent(money["win_rate"])),
        (f"revenue{unit}", number(money["revenue"])),
        (f"average deal{unit}", number(money["average_deal"])),
        ("cycle time, days (median)", number(total["cycle_time_days"]["calendar"]["median"])),
        (f"velocity, {currency or 'revenue'} a day", number(total["velocity"]["revenue_per_day"])),
    )
    body = [
        f"<h1>{_text(state['funnel'])}</h1>",
        f"<p>As of {state['as_of']}, from {state['from']} to {state['to']}.</p>",
        *(f"<p>{_text(w['detail'])}.</p>" for w in state["warnings"]),
        _table(("", ""), head),
        *parts,
        *_lists(state, unit),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_text(state["funnel"])}</title>'
        "<style>body{font-family:system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse}td,th{padding:.3rem .8rem;border-bottom:1px solid #ddd;text-align:left}</style>"
        f"</head><body>{''.join(body)}</body></html>\n"
    )


def _lists(state: State, unit: str) -> list[str]:
    targets, leaks, leads = state["total"]["targets"], state["leaks"]["found"], state["attention"]["list"]
    found = []
    if targets:
        rows = [
            (
                f"{t['measure']} {t['stage'] or ''}",
                number(t["target"]),
                number(t["actual"]),
                t["missed_since"] or "",
            )
            for t in targets
        ]
        found += ["<h2>Targets</h2>", _table(("measure", "target", "actual", "missed since"), rows)]
    if leaks:
        rows2 = [(leak["kind"], leak["sentence"], number(leak["lost_revenue"])) for leak in leaks]
        found += ["<h2>Leaks</h2>", _table(("kind", "what", f"expected revenue lost{unit}"), rows2)]
    if leads:
        rows3 = [
            (lead["lead_id"], lead["stage"] or "", "; ".join(r["sentence"] for r in lead["reasons"]))
            for lead in leads
        ]
        count = f"<p>{state['attention']['leads']:,} in all, the {len(leads):,} most valuable.</p>"
        found += ["<h2>Leads that need attention</h2>", count, _table(("lead", "stage", "why"), rows3)]
    return found


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{_text(h)}</th>" for h in header) if any(header) else ""
    cells = "".join("<tr>" + "".join(f"<td>{_text(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{cells}</table>"


def _named(stages: Sequence[Any]) -> list[Any]:
    return [s for s in stages if s["stage"] is not None] or list(stages)


def _text(value: object) -> str:
    """Text that neither HTML nor plotly reads as a tag."""
    return html.escape("before the first stage" if value is None else str(value))
