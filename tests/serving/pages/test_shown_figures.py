"""Every number of the worklist and of a lead equals the API's for the same query, within its printed digits."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import pytest
from starlette.testclient import TestClient

from models.bundle import Bundle
from serving.pages.lead.waterfall import OF_STAGE
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from tests.builders.pages.page_content import (
    INTERVAL,
    answer_of,
    cards,
    classed,
    differences,
    figures,
    page_of,
    part,
    words,
)
from tests.builders.service.store_fakes import FakeRuntime

Record = Mapping[str, Any]


@pytest.fixture(scope="module")
def scored(world: TestClient, world_runtime: FakeRuntime, bundle: Bundle) -> TestClient:
    """The world with its leads scored, and pages in English."""
    while rescore_dirty(world_runtime.stored.store, bundle):
        pass
    world.headers.update({"accept-language": "en", "accept": "text/html,application/json"})
    return world


def day_in(text: str) -> str:
    """The date at the end of a text, as the API writes it."""
    return str(datetime.strptime(" ".join(text.split()[-3:]), "%d %b %Y").date())  # noqa: DTZ007


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("\u2212€\u00a03,637", [-3636.7], [3636.7]),
        ("€ 1.92 M of € 12", [1_922_000, 12], [1_930_000, 12]),
        ("12 %, 0.5 %", [0.1249, 0.005], [0.1251, 0.005]),
        ("+1.2", [1.16], [1.14]),
        ("L0004, 7 d", [7], [4, 7]),
        ("", [None], [0]),
    ],
)
def test_wrong_figure_is_seen(text: str, right: list[float | None], wrong: list[float]) -> None:
    assert differences(text, *right) == []
    assert differences(text, *wrong) != []


# ---- the worklist


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"order": "change", "limit": "12"},
        {"stage": ["new", "proposal"], "reverse": "true"},
        {"grade": "B"},
    ],
)
def test_worklist(scored: TestClient, query: dict[str, Any]) -> None:
    text = urlencode({"limit": "50", **query}, doseq=True)
    main = page_of(scored, f"/?{text}&capacity=9")
    answer = answer_of(scored, f"/leads?{text}")
    rows = [row for row in main.findall(".//tbody/tr") if row.get("class") != "cut"]
    found = [fault for row, lead in zip(rows, answer["leads"], strict=True) for fault in lead_line(row, lead)]
    selection = urlencode({key: value for key, value in query.items() if key != "limit"}, doseq=True)
    found += sums_of_list(main, answer, answer_of(scored, f"/leads/summary?{selection}&capacity=9"))
    assert found == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_worklist_is_light(scored: TestClient, language: str) -> None:
    query = urlencode({"stage": ["new", "qualified", "proposal"], "order": "probability"}, doseq=True)
    page = scored.get(f"/?{query}&capacity=20", headers={"accept-language": language})
    assert page.text.count('class="why"') == 50
    assert len(page.content) < 135_000, "the bound is 150 KB, and names may be longer"


def lead_line(row: Element, lead: Record) -> Iterator[str]:
    cells = {cell.get("class", "").split()[-1]: cell for cell in row}
    chance = [lead["probability"], INTERVAL, lead["probability_low"], lead["probability_high"]]
    yield from differences(words(cells["chance-cell"]), *chance)
    change = lead["change_7d"]
    yield from differences(words(cells["change-cell"]), None if change is None else 100 * change)
    yield from differences(words(cells["revenue"]), lead["expected_revenue"], lead["expected_amount"])
    yield from differences(words(cells["stage"]).removeprefix(lead["stage"] or ""), lead["days_in_stage"])
    reasons = cells["next"].findall(".//li")
    for shown, reason in zip(reasons, lead["reasons"], strict=True):
        label, points = shown.text or "", words(shown[0])
        if label.strip() != reason["label"]:
            yield f"{label} is not {reason['label']}"
        yield from differences(points, reason["points"])
    text = words(cells["next"])
    for said in (lead["next_action"], lead["next_fact"]):
        if (said or "") not in text:
            yield f"{said} is not in {text}"
    if lead["expected_close_date"]:
        closing = next(words(p) for p in cells["next"].iter("p") if "If won" in words(p))
        if day_in(closing) != lead["expected_close_date"]:
            yield f"{closing} is not {lead['expected_close_date']}"


def sums_of_list(main: Element, answer: Record, summary: Record) -> Iterator[str]:
    head = words(classed(main, "page-head")[0].find("div/p"))
    asleep = summary["snoozed"] or None
    sums = (summary["leads"], summary["expected_wins"], summary["expected_revenue"])
    yield from differences(head, *sums, answer["leads"][0]["horizon_days"], asleep)
    plan = summary["capacity"]
    yield from differences(
        words(classed(main, "call-plan")[0].find("output")), plan["expected_wins"], plan["expected_revenue"]
    )
    for cut in classed(main, "cut"):
        own, random = (
            (plan["expected_wins"], plan["expected_revenue"]),
            (plan["random_wins"], plan["random_revenue"]),
        )
        yield from differences(words(cut), plan["n"], *own, plan["n"], *random)
    pager = words(classed(main, "pager")[0].find("span")).replace("\u2013", " ")
    yield from differences(pager, 1, len(answer["leads"]), answer["total"])


def test_menus_of_the_worklist(scored: TestClient) -> None:
    main = page_of(scored, "/")
    by = answer_of(scored, "/leads/summary")["by"]
    for name in ("grade", "stage", "owner", "source", "attention"):
        options = [label for label in main.iter("label") if label.find(f"input[@name='{name}']") is not None]
        counts = {
            option.find("input").get("value"): words(option.find("small"))  # type: ignore[union-attr]
            for option in options
        }
        assert counts == {value: f"{of_value['leads']:,}" for value, of_value in by[name].items() if value}


# ---- a lead


@pytest.fixture(scope="module")
def lead_ids(scored: TestClient) -> list[str]:
    """Leads from the top, the middle and the end of the list, with a score of their own or without."""
    listed = answer_of(scored, "/leads?limit=1000&order=probability")["leads"]
    return [lead["lead_id"] for lead in (*listed[:3], listed[len(listed) // 2], listed[-1])]


def test_lead(scored: TestClient, lead_ids: list[str]) -> None:
    found = [fault for lead_id in lead_ids for fault in lead_page(scored, lead_id)]
    assert found == []


def lead_page(scored: TestClient, lead_id: str) -> Iterator[str]:
    main, document = page_of(scored, f"/leads/{lead_id}"), answer_of(scored, f"/leads/{lead_id}")
    score = document["score"]
    yield from score_cards(main, score)
    yield from bars(part(main, "why"), score)
    yield from moves(part(main, "moves"), answer_of(scored, f"/leads/{lead_id}/history"))
    rows = part(main, "raise").findall(".//ul[@class='rows']/li")
    for row, suggestion in zip(rows, document["suggestions"], strict=True):
        yield from differences(words(row[1]), suggestion["points"])
        if words(row[0]) != suggestion["change"]:
            yield f"{words(row[0])} is not {suggestion['change']}"
    for row, past in zip(part(main, "similar").iter("li"), document["similar"], strict=True):
        yield from differences(words(row[0]), past["days"])
        yield from differences(words(row[1]), past["amount"])


def score_cards(main: Element, score: Record) -> Iterator[str]:
    chance, revenue, close = cards(main).items()
    yield from differences(chance[0], score["horizon_days"])
    yield from differences(chance[1][0], score["probability"])
    interval = (score["probability_low"], score["probability_high"])
    yield from differences(chance[1][1], *interval, score["baseline_probability"])
    yield from differences(revenue[1][0], score["expected_revenue"])
    amounts = ("expected_amount", "expected_amount_low", "expected_amount_high")
    yield from differences(revenue[1][1], *(score[name] for name in amounts))
    if day_in(close[1][0]) != score["expected_close_date"]:
        yield f"{close} is not {score['expected_close_date']}"


def bars(why: Element, score: Record) -> Iterator[str]:
    """The first bar is the base, the last the probability, and those between lead from one to the other."""
    yield from differences(words(why.find("h2")), score["probability"])
    rows = classed(why, "waterfall")[0].findall("li")
    shown = [words(classed(row, "figure")[0]) for row in rows]
    yield from differences(shown[0], score["baseline_probability"])
    yield from differences(shown[-1], score["probability"])
    steps = [reason for reason in score["reasons"] if reason["feature"] not in OF_STAGE]
    for text, row, reason in zip(shown[1:-1], rows[1:-1], steps, strict=False):
        yield from differences(text, reason["points"])
        evidence = reason.get("evidence")
        if evidence:
            note = words(row.find(".//small"))
            values = ("share_with", "share_without", "n_with", "n_without")
            if not all(
                not differences(text, evidence[name])
                for name, text in zip(values, tail(note, 4), strict=True)
            ):
                yield f"{note} is not {evidence}"
    between = [figures(text)[0] for text in shown[1:-1]]
    sum_of_points = 100 * score["baseline_probability"] + sum(figure.value for figure in between)
    if abs(sum_of_points - 100 * score["probability"]) > sum(figure.half for figure in between) + 1e-6:
        yield f"{shown} do not add up"


def tail(text: str, count: int) -> list[str]:
    """The last figures of a text, each as a text."""
    return [found.group(0) for found in re.finditer(r"\d[\d,.]*\d(?: %)?|\d(?: %)?", text)][-count:]


def moves(shown: Element, answer: Record) -> Iterator[str]:
    rows = shown.findall("ol[@class='rows']/li")
    for row, move in zip(rows, answer["history"], strict=False):
        day, _, rest = (row[0].text or "").partition(": ")
        if day_in(day.replace("\u00a0", " ")) != move["as_of"][:10]:
            yield f"{day} is not {move['as_of']}"
        yield from differences(rest, move["probability"])
        if move["causes"]:
            yield from differences(words(row[1]), 100 * move["delta"])
    if len(rows) != min(8, len(answer["history"])):
        yield f"{len(rows)} moves of {len(answer['history'])}"
