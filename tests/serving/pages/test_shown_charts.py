"""Every number in the tables behind charts, and in the sentences of leaks and losses, is one of the API's answer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from starlette.testclient import TestClient

from funnel.forecast.report.explain import PARTS
from tests.builders.pages.page_content import answer_of, classed, differences, figures, page_of, part, words

Record = Mapping[str, Any]
Row = Sequence[float | None]

FUNNEL_QUERIES = ["", "?as_of=2026-01-15"]
FORECAST_QUERIES = ["", "?by=owner"]


def chart(main: Element, name: str) -> list[list[Element]]:
    """The rows of the table behind a chart, without its heads."""
    for figure in main.iter("figure"):
        if any(node.get("id") == f"chart-{name}" for node in figure.iter()):
            return [list(row) for row in figure.findall(".//tbody/tr")]
    raise AssertionError(f"no chart {name}")


def charted(main: Element, name: str, expected: Sequence[Row]) -> Iterator[str]:
    """What the table shows otherwise than these rows of numbers."""
    rows = chart(main, name)
    if len(rows) != len(expected):
        yield f"{name} has {len(rows)} rows, expected {len(expected)}"
        return
    for cells, values in zip(rows, expected, strict=True):
        if len(cells) != 1 + len(values):
            yield f"{name}: {words(cells[0])} has {len(cells) - 1} numbers, expected {len(values)}"
            continue
        for cell, value in zip(cells[1:], values, strict=True):
            yield from (f"{name}: {words(cells[0])}: {fault}" for fault in differences(words(cell), value))


# ---- the funnel


@pytest.mark.parametrize("query", FUNNEL_QUERIES)
def test_charts_of_the_funnel(world: TestClient, query: str) -> None:
    main, state = page_of(world, f"/funnel{query}"), answer_of(world, f"/funnel{query}")
    total = state["total"]
    named = [stage for stage in total["stages"] if stage["stage"] is not None]
    onward = [stage["conversion"]["onward"] for stage in named]
    timed = [stage["days_in_stage"] for stage in named if stage["days_in_stage"]["median"] is not None]
    ages = max((len(cohort["rate"]) for cohort in total["cohorts"]), default=0)
    found = [
        *charted(main, "funnel", [(each["leads"], each["so_far"]) for each in onward]),
        *charted(main, "time_in_stage", [(days["median"], days["q25"], days["q75"]) for days in timed]),
        *charted(
            main, "months", [(month["entered"], month["won"], month["lost"]) for month in total["months"]]
        ),
        *charted(main, "cohorts", [shares(cohort["rate"], ages) for cohort in total["cohorts"]]),
    ]
    assert found == []
    assert flows(main, "flow") == visits(total["stages"])
    assert flows(main, "moves") == moves(state["moves"])


def moves(answer: Record) -> list[tuple[str, str, int]]:
    """The links between two dates, without leads that were won, or lost, at both."""
    names = {"won": "won", "lost": "lost", "new": "(not yet there)"}
    nodes = answer["nodes"]
    labels = [node["stage"] or names.get(node["kind"], node["kind"]) for node in nodes]
    return sorted(
        (labels[link["source"]], labels[link["target"]], link["leads"])
        for link in answer["links"]
        if (nodes[link["source"]]["kind"], nodes[link["target"]]["kind"])
        not in (("won", "won"), ("lost", "lost"))
    )


def shares(rates: Sequence[float | None], ages: int) -> Row:
    """The row of a cohort in percent, as long as the oldest one's."""
    percent = [None if rate is None else 100 * rate for rate in rates]
    return [*percent, *[None] * (ages - len(percent))]


def flows(main: Element, name: str) -> list[tuple[str, str, int]]:
    """The links of a Sankey diagram: from, to and leads, in alphabetical order."""
    return sorted(
        (words(start), words(end), int(figures(words(leads))[0].value))
        for start, end, leads in chart(main, name)
    )


def visits(stages: Sequence[Record]) -> list[tuple[str, str, int]]:
    """The same of the stages of an answer: moves on, and the ends of visits."""
    names = [stage["stage"] or "before the first stage" for stage in stages]
    ends = {"moved_back": "moved back", "there_now": "still there", "won": "won", "lost": "lost"}
    links = []
    for place, stage in enumerate(stages):
        ledger = stage["ledger"]
        later = [name for name in ledger["next"] if name in names[place + 1 :]]
        links += [(names[place], name, ledger["next"][name]) for name in later]
        links += [(names[place], ends[end], ledger[end]) for end in ends if ledger[end]]
    return sorted(links)


@pytest.mark.parametrize("query", FUNNEL_QUERIES)
def test_sentences_of_leaks_and_losses(world: TestClient, query: str) -> None:
    main, state = page_of(world, f"/funnel{query}"), answer_of(world, f"/funnel{query}")
    leaks = state["leaks"]
    rows = list(part(main, "leaks").iter("li"))
    for row, leak in zip(rows, leaks["found"][: len(rows)], strict=True):
        known = [leak["now"], leak["before"], leak["n_now"], leaks["window"]["age_days"]]
        assert foreign(words(row.find("small")), known) == []
    drop_off = state["drop_off"]
    notes = [words(note) for note in classed(main, "quiet") if "comparisons" in words(note)]
    known = [drop_off["significant"], drop_off["tested"], leaks["tested"], len(leaks["found"])]
    known += [drop_off.get("window_days", 7), 7]
    assert [fault for note in notes for fault in foreign(note, known)] == []


def foreign(text: str, known: Sequence[float | None]) -> list[float]:
    """The numbers of a sentence that are none of the known values."""
    values = [value for value in known if value is not None]
    return [
        figure.value
        for figure in figures(text)
        if all(abs(figure.value - value) > figure.half + 1e-9 * max(1.0, abs(value)) for value in values)
    ]


# ---- the forecast


@pytest.mark.parametrize("query", FORECAST_QUERIES)
def test_charts_of_the_forecast(world: TestClient, query: str) -> None:
    main = page_of(world, f"/forecast{query}")
    answer = answer_of(world, f"/forecast{query}{'&' if query else '?'}explain=true")
    rows = answer.get("total") or answer["periods"]
    found: list[str] = []
    for measure in ("revenue", "wins"):
        found += charted(main, f"{measure}_fan", fan(answer, rows, measure))
        origin = (ALREADY[measure], f"open_{measure}_expected", f"new_{measure}_expected")
        found += charted(main, f"{measure}_origin", [[row[name] for name in origin] for row in rows])
        changes = answer["explain"]["changes"][measure]
        levels = [(changes[name],) for name in ("then", *PARTS, "now")]
        found += charted(main, f"{measure}_changes", levels)
    assert found == []


ALREADY = {"wins": "already_won", "revenue": "already_revenue"}


def fan(answer: Record, rows: Sequence[Record], measure: str) -> list[Row]:
    """Past periods, then coming ones: what came, won already, the interval's ends, expected, forecast then, target."""
    past = {row["period_start"]: row[f"{measure}_expected"] for row in answer["past"]}
    has_past = any(value is not None for value in past.values())
    goal = answer["target"]["periods"][0]["revenue"] if answer["target"] and measure == "revenue" else None

    def beside(start: str) -> list[float | None]:
        then = [past.get(start)] if has_past else []
        return [*then, *([goal] if goal is not None else [])]

    came = [
        [actual[measure], None, None, None, None, *beside(actual["period_start"])]
        for actual in answer["actuals"]
    ]
    coming = [
        [None, *(row[name] for name in coming_columns(measure)), *beside(row["period_start"])] for row in rows
    ]
    return [*came, *coming]


def coming_columns(measure: str) -> tuple[str, ...]:
    return (ALREADY[measure], f"{measure}_p90", f"{measure}_p10", f"{measure}_expected")
