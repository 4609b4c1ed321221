"""Every number of the funnel, the forecast and the model equals the API's for the same query, within its digits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from starlette.testclient import TestClient

from funnel.forecast.report.explain import PARTS
from tests.builders.pages.page_content import (
    INTERVAL,
    Values,
    answer_of,
    cards,
    classed,
    differences,
    numbered,
    page_of,
    part,
    table,
    table_differences,
    tables,
    words,
)

Record = Mapping[str, Any]


def at(path: str) -> Values:
    """The one number at a path of keys, such as deals.win_rate."""

    def value(record: Record) -> Sequence[float | None]:
        found: Any = record
        for key in path.split("."):
            found = found[key]
        return (found,)

    return value


def of(*paths: str) -> Values:
    """The numbers at several paths."""
    return lambda record: [value for path in paths for value in at(path)(record)]


# ---- the funnel


@pytest.mark.parametrize(
    "query", ["", "?by=source&from=2025-09-01&to=2026-03-01", "?as_of=2026-01-15", "?by=owner"]
)
def test_funnel(world: TestClient, query: str) -> None:
    main, state = page_of(world, f"/funnel{query}"), answer_of(world, f"/funnel{query}")
    found = [*funnel_cards(main, state["total"]), *attention(main, state), *leaks(main, state["leaks"])]
    found += table_differences(table(main, "Stages"), state["total"]["stages"], STAGE_COLUMNS)
    found += targets(main, state["total"]["targets"])
    if state["drop_off"]["found"]:
        found += table_differences(
            table(main, "What goes with losses"), state["drop_off"]["found"][:40], DROP_OFF_COLUMNS
        )
    if state["groups"]:
        found += table_differences(table(main, f"Compared by {state['by']}"), state["groups"], GROUP_COLUMNS)
    if state["owners"]:
        found += table_differences(
            table(main, "Sales people, given their leads"), state["owners"], OWNER_COLUMNS
        )
    found += table_differences(
        table(main, "Which channels bring wins"), state["attribution"][:20], CHANNEL_COLUMNS
    )
    assert found == []


STAGE_COLUMNS: Mapping[str, Values] = {
    "Entered": at("conversion.onward.leads"),
    "There now": at("now.leads"),
    "Move on": at("conversion.onward.rate"),
    "Win rate": at("conversion.win.rate"),
    "Lost here": at("ledger.lost"),
    "Days (median)": at("days_in_stage.median"),
}
DROP_OFF_COLUMNS: Mapping[str, Values] = {
    "Lost": of("lost_rate_with", "n_with"),
    "Of the others": of("lost_rate_without", "n_without"),
    "Odds ratio": of("odds_ratio", "odds_ratio_low", "odds_ratio_high"),
}
GROUP_COLUMNS: Mapping[str, Values] = {
    "Entered": at("flow.entered"),
    "Open": at("flow.open_at_end"),
    "Won": at("deals.won"),
    "Lost": at("deals.lost"),
    "Win rate": at("deals.win_rate"),
    "Revenue": at("deals.revenue"),
    "Days to win": at("cycle_time_days.calendar.median"),
}
OWNER_COLUMNS: Mapping[str, Values] = {
    "Leads": at("leads"),
    "Won": at("won"),
    "Expected": of("promised", "promised_low", "promised_high"),
    "Difference": at("above"),
}
CHANNEL_COLUMNS: Mapping[str, Values] = {
    "First touch": at("wins_first"),
    "Last touch": at("wins_last"),
    "Would be missing": at("wins_markov"),
    "Revenue, first": at("revenue_first"),
    "Revenue, last": at("revenue_last"),
}


def funnel_cards(main: Element, total: Record) -> Iterator[str]:
    flow, deals = total["flow"], total["deals"]
    expected = {
        "Entered": ((flow["entered"],), (flow["open_at_end"],)),
        "Win rate": ((deals["win_rate"],), (deals["won"], deals["lost"])),
        "Revenue": ((deals["revenue"],), (deals["average_deal"],)),
        "Days to win": ((total["cycle_time_days"]["calendar"]["median"],), ()),
        "Velocity": ((total["velocity"]["revenue_per_day"],), ()),
    }
    shown = cards(main)
    assert set(shown) == set(expected)
    for name, (value, note) in expected.items():
        yield from differences(shown[name][0], *value)
        yield from differences(shown[name][1], *note)


def attention(main: Element, state: Record) -> Iterator[str]:
    panel, said = part(main, "attention"), state["attention"]
    if not said["leads"]:
        return
    yield from differences(words(panel.find("p")), said["leads"], said["chosen"], said["per_owner"])
    for link, reason in zip(classed(panel, "button"), said["by_reason"], strict=True):
        yield from differences(words(link), reason["leads"])
    for row, lead in zip(panel.findall("ul/li"), said["list"][:8], strict=True):
        revenue = lead["expected_revenue"]
        yield from differences(words(row.find("b")), lead["probability"] if revenue is None else revenue)
        if lead["next_action"] and lead["next_action"] not in words(row):
            yield f"{lead['next_action']} is not in {words(row)}"


def leaks(main: Element, answer: Record) -> Iterator[str]:
    panel, found = part(main, "leaks"), answer["found"]
    if not found:
        yield from differences(words(panel.find("p")), answer["tested"] or None)
        return
    yield from differences(words(panel.find("p")), len(found), answer["tested"])
    for row, leak in zip([*panel.iter("li")], found[:40], strict=True):
        revenue = leak["lost_revenue"]
        yield from differences(words(row.find("b")), leak["lost_wins"] if revenue is None else revenue)
        texts = words(row.find("small"))
        for name in ("now", "before"):
            numbers = [part for part in texts.replace(",", "").split() if part[:1].isdigit()]
            if all(
                differences(number, leak[name]) and differences(f"{number} %", leak[name])
                for number in numbers
            ):
                yield f"{leak[name]} is not in {texts}"


def targets(main: Element, answer: Sequence[Record]) -> Iterator[str]:
    shown = table(main, "Targets")
    places = numbered(shown.columns)
    for row, target in zip(shown.rows, answer, strict=True):
        share = target["measure"] in ("win_rate", "stage_conversion")
        gap = target["gap"]
        values = {
            "Attained": target["attained"],
            "Actual": target["actual"],
            "Target": target["target"],
            "Gap": gap if gap is None or not share else 100 * gap,
        }
        for name, value in values.items():
            yield from differences(words(row[places[name]]), value)


# ---- the forecast


@pytest.mark.parametrize(
    "query", ["", "?period=week&periods=6", "?by=owner", "?as_of=2026-04-15&since=2026-03-01"]
)
def test_forecast(world: TestClient, query: str) -> None:
    main = page_of(world, f"/forecast{query}")
    answer = answer_of(world, f"/forecast{query}{'&' if query else '?'}explain=true")
    rows = answer.get("total") or answer["periods"]
    found = [*headline(main, rows, answer), *forecast_cards(main, rows, answer)]
    found += table_differences(table(main, "By period"), with_target(rows, answer), period_columns(answer))
    found += table_differences(
        table(main, "As a CRM counts it"), with_expected(answer["views"], rows), VIEW_COLUMNS
    )
    found += changes(main, answer["explain"]["changes"])
    found += table_differences(
        table(main, "The leads that make or break it"), answer["explain"]["top_leads"], LEAD_COLUMNS
    )
    for name in ("stage", "source"):
        sums = answer["explain"][f"by_{name}"][:10]
        found += table_differences(table(main, f"Open leads by {name}"), sums, SUM_COLUMNS)
    if answer["past"]:
        found += table_differences(
            table(main, "Earlier forecasts and what came"), answer["past"][::-1], PAST_COLUMNS
        )
    if "total" in answer:
        found += groups(main, answer)
    assert found == []


VIEW_COLUMNS: Mapping[str, Values] = {
    "Commit": at("commit_revenue"),
    "Expected": at("revenue_expected"),
    "Best case": at("best_case_revenue"),
    "Weighted pipeline": at("weighted_pipeline_revenue"),
}
LEAD_COLUMNS: Mapping[str, Values] = {
    "Chance": at("probability"),
    "If won": at("expected_amount"),
    "Expected here": at("revenue"),
}
SUM_COLUMNS: Mapping[str, Values] = {"Leads": at("leads"), "Revenue": at("revenue")}
PAST_COLUMNS: Mapping[str, Values] = {
    "Expected then": at("revenue_expected"),
    "80 % interval": of("revenue_p10", "revenue_p90"),
    "Came": at("revenue"),
}


def period_columns(answer: Record) -> dict[str, Values]:
    columns: dict[str, Values] = {
        "Revenue 80 % interval": of("revenue_expected", "revenue_p10", "revenue_p90"),
        "Wins 80 % interval": of("wins_expected", "wins_p10", "wins_p90"),
        "Won already": at("already_revenue"),
        "From open leads": at("open_revenue_expected"),
        "From leads to come": at("new_revenue_expected"),
    }
    if answer["target"]:
        columns |= {"Target": at("goal"), "Chance": at("chance")}
    return columns


def chance_shown(value: float) -> float:
    """A chance of simulations is never told as certain: over 99 %, under 1 %."""
    return 0.99 if value > 0.995 else 0.01 if value < 0.005 else value


def with_target(rows: Sequence[Record], answer: Record) -> list[Record]:
    if not answer["target"]:
        return list(rows)
    goals = answer["target"]["periods"]
    return [
        {**row, "goal": goal["revenue"], "chance": chance_shown(goal["chance"])}
        for row, goal in zip(rows, goals, strict=True)
    ]


def with_expected(views: Sequence[Record], rows: Sequence[Record]) -> list[Record]:
    return [{**row, **view} for view, row in zip(views, rows, strict=True)]


def headline(main: Element, rows: Sequence[Record], answer: Record) -> Iterator[str]:
    said = words(classed(main, "page-head")[0].find("div/p")).partition(": ")[2]
    first = rows[0]
    values = [first["revenue_expected"], first["revenue_p10"], first["revenue_p90"]]
    if answer["target"]:
        goal = answer["target"]["periods"][0]
        values += [goal["revenue"], chance_shown(goal["chance"])]
    yield from differences(said, *values)


def forecast_cards(main: Element, rows: Sequence[Record], answer: Record) -> Iterator[str]:
    shown, first, whole = list(cards(main).values()), rows[0], answer["sum"]
    yield from differences(shown[0][0], first["revenue_expected"])
    yield from differences(shown[0][1], INTERVAL, first["revenue_p10"], first["revenue_p90"])
    if answer["target"]:
        goal = answer["target"]["periods"][0]
        yield from differences(shown[1][0], chance_shown(goal["chance"]))
        yield from differences(shown[1][1], goal["revenue"], goal["attained"])
    yield from differences(shown[-2][0], first["already_revenue"])
    yield from differences(shown[-1][0], whole["revenue_expected"])
    yield from differences(shown[-1][1], INTERVAL, whole["revenue_p10"], whole["revenue_p90"])


def changes(main: Element, answer: Record) -> Iterator[str]:
    panel, moved = part(main, "changes"), answer["revenue"]
    yield from differences(words(panel.find("p")), moved["then"], moved["now"])
    parts = [moved[name] for name in PARTS if abs(moved[name]) >= 0.005]
    for row, value in zip(panel.findall("ul/li"), parts, strict=True):
        yield from differences(words(row.find("b")), value)


def groups(main: Element, answer: Record) -> Iterator[str]:
    shown = table(main, f"By {answer.get('by', 'owner')}")
    by_name: dict[str, list[Record]] = {}
    for record in answer["periods"]:
        by_name.setdefault(record["group"], []).append(record)
    by_name["All together"] = answer["total"]
    names = {"Not yet created": "(not yet created)", "Others": "(other)"}
    assert len(shown.rows) == len(by_name)
    for row in shown.rows:
        name = words(row[0])
        records = by_name.get(name) or by_name.get(names.get(name, "")) or by_name["(not yet created)"]
        for cell, record in zip(row[1:], records[:3], strict=True):
            values = of("revenue_expected", "revenue_p10", "revenue_p90")(record)
            yield from (f"{name}: {fault}" for fault in differences(words(cell), *values))


# ---- the model

METRICS = {
    "Lift of the best tenth": "lift_10",
    "AUC": "auc",
    "PR-AUC": "pr_auc",
    "Log loss": "log_loss",
    "Brier score": "brier",
    "Calibration error": "ece",
    "Promised wins": "wins_error",
    "Promised revenue": "revenue_error",
    "Revenue first": "gini",
}


def test_model(world: TestClient) -> None:
    main, model = page_of(world, "/model"), answer_of(world, "/model")
    found = [*ranking(part(main, "ranking"), model), *claim(main, model)]
    calibration: dict[str, Values] = {"Leads": at("n"), "Promised": at("probability"), "Won": at("won")}
    found += table_differences(table(main, "Do promises come true?"), model["calibration"], calibration)
    effects: dict[str, Values] = {"Mean effect": at("mean_abs_log_odds")}
    found += table_differences(table(main, "What the scores rest on"), model["importance"][:20], effects)
    assert [words(row[0]) for row in table(main, "What the scores rest on").rows] == [
        row["label"] for row in model["importance"][:20]
    ]
    for name, rows in model["segments"].items():
        found += table_differences(table(main, f"By {name.replace('_', ' ')}"), rows, SEGMENT_COLUMNS)
    if model["versions"]:
        found += table_differences(table(main, "Versions"), model["versions"], VERSION_COLUMNS)
    assert found == []


SEGMENT_COLUMNS: Mapping[str, Values] = {
    "Leads": at("leads"),
    "Promised": at("mean_probability"),
    "Won": at("win_rate"),
    "Among the best 20 %": at("selection_rate"),
    "AUC": at("auc"),
}
VERSION_COLUMNS: Mapping[str, Values] = {
    "Leads": at("n_leads"),
    "Lift of the best tenth": at("metrics.lift_10"),
    "Log loss": at("metrics.log_loss"),
}


def ranking(panel: Element, model: Record) -> Iterator[str]:
    (shown,) = tables(panel)
    assert len(shown.columns) == 2 + len(model["baselines"])
    for row in shown.rows:
        name = METRICS[(row[0].text or "").strip()]
        interval = model["intervals"].get(name) or ()
        yield from differences(words(row[1]), model["metrics"][name], *interval)
        for cell, baseline in zip(row[2:], model["baselines"].values(), strict=True):
            yield from differences(words(cell), baseline.get(name))
    best = max(figures["auc"] for figures in model["baselines"].values() if figures.get("auc") is not None)
    yield from differences(words(panel.find("p")), model["metrics"]["auc"], best)


def claim(main: Element, model: Record) -> Iterator[str]:
    metrics = model["metrics"]
    error = metrics.get("wins_error")
    said = words(classed(main, "claim")[0])
    yield from differences(said, metrics["lift_10"], None if error is None else abs(error))
    shown = cards(main)
    yield from differences(shown["Base rate"][0], model["base_rate"])
    yield from differences(shown["Base rate"][1], model["horizon_days"])
    yield from differences(shown["Looks ahead"][0], model["horizon_days"])
    basis = words(main.find("p[@class='quiet']")).partition(" leads,")[0]
    yield from differences(basis, model["n_leads"])
