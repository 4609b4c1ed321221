"""Plots of the funnel's state, and a report page of them that needs no network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import plotly.graph_objects as go

from funnel.dates import day_name, month_name
from funnel.figures import (
    ACCENT_INK,
    BLUE,
    FEW_TICKS,
    FLOW,
    FLOW_LOST,
    FLOW_WON,
    GREEN,
    GREY,
    LAYOUT,
    NEUTRAL_INK,
    RED,
    SHADES,
    error_bars,
    escape,
    figure_divs,
    html_page,
    scrolled,
)
from funnel.formatting import format_number, format_percent
from funnel.state.moves import place_name, shown_links
from funnel.state.report.headline import reopened_closings

State: TypeAlias = Mapping[str, Any]

SHOWN_DROP_OFF = 20
WAITING = "before the first stage"
ENDS = ("moved_back", "there_now", "won", "lost")
NODE_COLOURS = {"won": GREEN, "lost": RED, "new": GREY, "moved_back": GREY, "there_now": GREY}
LINK_COLOURS = {"won": FLOW_WON, "lost": FLOW_LOST}


def state_figures(state: State) -> dict[str, go.Figure]:
    """Every plot of a state by name, in the order of the report."""
    return {
        "funnel": funnel_figure(state),
        "flow": flow_figure(state),
        "moves": moves_figure(state),
        "time_in_stage": time_in_stage_figure(state),
        "months": months_figure(state),
        "cohorts": cohort_figure(state),
    }


def funnel_figure(state: State) -> go.Figure:
    """Leads that entered each stage for the first time in the period, and how many went on or were won."""
    stages = _named(state["total"]["stages"])
    names = [_stage_name(stage) for stage in stages]
    onward = [stage["conversion"]["onward"] for stage in stages]
    entered = [conversion["leads"] for conversion in onward]
    figure = go.Figure()
    figure.add_bar(
        y=names,
        x=entered,
        orientation="h",
        name="entered",
        marker_color=GREY,
        texttemplate="%{x:,}",
        insidetextfont_color=NEUTRAL_INK,
    )
    figure.add_bar(
        y=names,
        x=[conversion["so_far"] for conversion in onward],
        orientation="h",
        name="went on or won so far",
        marker_color=BLUE,
        text=[format_percent(conversion["rate"]) for conversion in onward],
        textposition="auto",
        insidetextfont_color=ACCENT_INK,
    )
    figure.update_yaxes(autorange="reversed", type="category")
    return figure.update_layout(**LAYOUT, title="Leads by stage, and the share that goes on", barmode="group")


@dataclass(frozen=True)
class FlowLink:
    """Leads that flow from a node to another, indices into the nodes."""

    source: int
    target: int
    leads: int


@dataclass(frozen=True)
class Flow:
    """A Sankey diagram: labels of the nodes, and links."""

    nodes: list[str]
    links: list[FlowLink]

    def figure(self, title: str, kinds: Sequence[str]) -> go.Figure:
        """Wins green, losses red, by the kind of each node; a link has the shade of where it leads."""
        node: dict[str, Any] = {
            "label": [escape(name) for name in self.nodes],
            "color": [NODE_COLOURS.get(kind, BLUE) for kind in kinds],
            "line": {"width": 0},
            "pad": 18,
        }
        link = {
            "color": [LINK_COLOURS.get(kinds[link.target], FLOW) for link in self.links],
            "source": [link.source for link in self.links],
            "target": [link.target for link in self.links],
            "value": [link.leads for link in self.links],
        }
        return go.Figure(go.Sankey(node=node, link=link)).update_layout(**LAYOUT, title=title)


def flow_figure(state: State) -> go.Figure:
    """Fates of the visits that began in the period."""
    flow = stage_flow(state)
    stages = len(flow.nodes) - len(ENDS)
    return flow.figure("Where the visits of each stage led", [*["open"] * stages, *ENDS])


def stage_flow(state: State) -> Flow:
    """From each stage to the next ones, the win, the loss, and those still there.

    Moves back lead to a node of their own, since plotly draws a cycle badly.
    """
    stages = state["total"]["stages"]
    names = [stage["stage"] or WAITING for stage in stages]
    place = {name: i for i, name in enumerate(names)}
    end_place = {name: len(names) + i for i, name in enumerate(ENDS)}
    links = []
    for i, stage in enumerate(stages):
        ledger = stage["ledger"]
        for name, leads in ledger["next"].items():
            if place.get(name, -1) > i:
                links.append(FlowLink(i, place[name], leads))
        for name, target in end_place.items():
            if ledger[name]:
                links.append(FlowLink(i, target, ledger[name]))
    return Flow([*names, "moved back", "still there", "won", "lost"], links)


def moves_figure(state: State) -> go.Figure:
    """From the places of the leads at an earlier date to their places now."""
    moves = state["moves"]
    links = [FlowLink(link["source"], link["target"], link["leads"]) for link in shown_links(moves)]
    flow = Flow([place_name(node) for node in moves["nodes"]], links)
    title = f"Moves of leads from {day_name(moves['since'])} to {day_name(moves['until'])}"
    return flow.figure(title, [node["kind"] for node in moves["nodes"]])


def time_in_stage_figure(state: State) -> go.Figure:
    """Quartiles of the days in each stage; a missing upper quartile draws no upper bar."""
    stages = [
        stage for stage in _named(state["total"]["stages"]) if stage["days_in_stage"]["median"] is not None
    ]
    medians, above, below = [], [], []
    for stage in stages:
        days = stage["days_in_stage"]
        median, q25, q75 = days["median"], days["q25"], days["q75"]
        medians.append(median)
        above.append(0.0 if q75 is None else q75 - median)
        below.append(median - q25)
    names = [_stage_name(stage) for stage in stages]
    bars = error_bars(above, below)
    figure = go.Figure(go.Bar(x=names, y=medians, name="median", marker_color=BLUE, error_y=bars))
    for name, key in (
        ("lower quartile", "q25"),
        ("upper quartile", "q75"),
    ):  # for the table: the bars show them
        ends = [stage["days_in_stage"][key] for stage in stages]
        figure.add_scatter(
            x=names, y=ends, name=name, mode="markers", marker={"opacity": 0}, hoverinfo="skip"
        )
    figure.update_xaxes(type="category")
    return figure.update_layout(
        **LAYOUT, title="Days in stage: median and quartiles", yaxis_title="days", showlegend=False
    )


def cohort_figure(state: State) -> go.Figure:
    """The share won by age, one row a month of creation; incomplete cells are empty."""
    cohorts = state["total"]["cohorts"]
    ages = max((len(cohort["rate"]) for cohort in cohorts), default=0)
    percent = [_percents(cohort["rate"]) for cohort in cohorts]
    heatmap = go.Heatmap(
        z=percent,
        x=[f"{30 * (k + 1)} days" for k in range(ages)],
        y=[f"{month_name(cohort['month'])} ({cohort['leads']})" for cohort in cohorts],
        colorscale=SHADES,
        hoverongaps=False,
        colorbar={"title": "% won", "thickness": 12, "outlinewidth": 0},
    )
    figure = go.Figure(heatmap)
    figure.update_yaxes(autorange="reversed", type="category")
    layout = {**LAYOUT, "height": max(300, 28 * len(cohorts) + 140)}
    return figure.update_layout(**layout, title="Won by age, by month of entry")


def _percents(rates: Sequence[float | None]) -> list[float | None]:
    return [None if rate is None else 100 * rate for rate in rates]


def months_figure(state: State) -> go.Figure:
    """Leads created, won and lost by calendar month."""
    months = state["total"]["months"]
    figure = go.Figure()
    for key, colour in (("entered", GREY), ("won", GREEN), ("lost", RED)):
        figure.add_scatter(
            x=[month_name(month["month"]) for month in months],
            y=[month[key] for month in months],
            name=key,
            mode="lines+markers",
            line={"color": colour},
        )
    figure.update_xaxes(type="category", nticks=FEW_TICKS)
    return figure.update_layout(**LAYOUT, title="Leads by month", yaxis_title="leads")


def report_page(state: State) -> str:
    """One HTML page with everything in it: headline figures, plots, targets, leaks, leads that need attention."""
    title = escape(state["funnel"])
    unit = f", {state['currency']}" if state["currency"] else ""
    body = [
        f"<h1>{title}</h1>",
        f"<p>As of {day_name(state['as_of'])}, from {day_name(state['from'])} to {day_name(state['to'])}.</p>",
        *(f"<p>{escape(warning['detail'])}.</p>" for warning in state["warnings"]),
        *_leaks(state, unit),
        *_attention(state),
        _table((), _headline(state, unit)),
        *_targets(state),
        *figure_divs(state_figures(state).items()),
        *_drop_off(state),
    ]
    return html_page(title, "".join(body))


def _headline(state: State, unit: str) -> list[tuple[str, object]]:
    total = state["total"]
    flow, deals = total["flow"], total["deals"]
    return [
        ("open at the start", flow["open_at_start"]),
        ("entered", flow["entered"]),
        ("reopened", flow["reopened"]),
        ("won", deals["won"]),
        ("lost", deals["lost"]),
        ("won or lost and reopened since", reopened_closings(total)),
        ("open at the end", flow["open_at_end"]),
        ("win rate", format_percent(deals["win_rate"])),
        (f"revenue{unit}", format_number(deals["revenue"])),
        (f"average deal{unit}", format_number(deals["average_deal"])),
        ("cycle time, days (median)", format_number(total["cycle_time_days"]["calendar"]["median"])),
        (
            f"velocity, {state['currency'] or 'revenue'} a day",
            format_number(total["velocity"]["revenue_per_day"]),
        ),
    ]


def _targets(state: State) -> Iterator[str]:
    rows = []
    for target in state["total"]["targets"]:
        name = f"{target['measure']} {target['stage'] or ''}"
        values = format_number(target["target"]), format_number(target["actual"])
        since = month_name(target["missed_since"]) if target["missed_since"] else ""
        rows.append((name, *values, format_percent(target["attained"]), since))
    if rows:
        yield "<h2>Targets</h2>"
        yield _table(("measure", "target", "actual", "attained", "missed since"), rows)


def _drop_off(state: State) -> Iterator[str]:
    drop_off = state["drop_off"]
    rows = [(record["stage"], record["sentence"]) for record in drop_off["found"][:SHOWN_DROP_OFF]]
    if rows:
        yield "<h2>What goes with losses</h2>"
        yield f"<p>Associations, not causes: {len(rows)} of {drop_off['significant']} findings.</p>"
        yield _table(("stage", "finding"), rows)


def _leaks(state: State, unit: str) -> Iterator[str]:
    rows = [
        (leak["kind"], leak["sentence"], format_number(leak["lost_revenue"]))
        for leak in state["leaks"]["found"]
    ]
    if rows:
        yield "<h2>Leaks</h2>"
        yield _table(("kind", "finding", f"expected revenue lost{unit}"), rows)


def _attention(state: State) -> Iterator[str]:
    rows = []
    for lead in state["attention"]["list"]:
        sentences = "; ".join(reason["sentence"] for reason in lead["reasons"])
        rows.append((lead["name"] or lead["lead_id"], lead["stage"] or "", sentences))
    if rows:
        yield "<h2>Leads that need attention</h2>"
        yield f"<p>{state['attention']['leads']:,} in all, the {len(rows):,} most valuable.</p>"
        yield _table(("lead", "stage", "reasons"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = _table_row("th", header) if header else ""
    lines = "".join(_table_row("td", row) for row in rows)
    kind = "" if header else ' class="figures"'  # a list of figures with their names
    return scrolled(f"<table{kind}>{head}{lines}</table>")


def _table_row(tag: str, cells: Sequence[object]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _named(stages: Sequence[Any]) -> list[Any]:
    """The stages without the wait before the first one; only the wait if no stage exists."""
    return [stage for stage in stages if stage["stage"] is not None] or list(stages)


def _stage_name(stage: Mapping[str, Any]) -> str:
    return escape(WAITING if stage["stage"] is None else stage["stage"])
