"""Worklist: the page, its API and its CSV at 100,000 leads, for the queries that people make.

Makes its own store. Checks each list against the sorted values before it reads a clock. Reports for each path the
slowest query's p99 with kept figures (no score changed in between) and after a change, and its size; all queries, with
median, p99 and in brackets the p99 of processor time, stand before the table.
LEADCAST_DATABASE_URL names an empty database to measure instead of SQLite.

    python -m benchmarks.bench_worklist [--leads 100000] [--runs 20]
"""

import asyncio
import os
import platform
import random
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import httpx
import msgspec
from sqlalchemy import text

from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import Timing, machine
from benchmarks.service.http_load import quantile
from funnel.state.attention.next_step import Due, Touch
from history.history import OUTBOUND
from history.text.times import DAY_US, format_time
from serving.application import build_app, guarded
from serving.base.clock import clock_us
from serving.base.settings import Settings
from serving.runtime import Runtime
from serving.store import schema as db
from serving.store.database.transaction import Transaction
from serving.store.scores.facts import LeadFacts
from serving.store.scores.saved import save_scores, with_history
from serving.store.scores.worklist.selection import ORDERS
from serving.store.store import Store

STAGES = ("New", "Qualified", "Demo", "Proposal", "Negotiation")
SOURCES = ("web", "fair", "partner", "ads", "referral", "outbound")
GRADES = ("A", "B", "C", "D")
OWNERS = tuple(f"Owner {number}" for number in range(60))
LEADS_PER_COMMIT = 5_000
# Targets: ms of a list by path, also of a million leads; KB of the page.
LIMITS_MS, LIMIT_KB = {"/v1/leads": 30.0, "/v1/leads/summary": 300.0, "/": 300.0}, 150.0
QUERIES = (
    *(f"order={order}" for order in ORDERS),
    "order=change&reverse=true",
    "owner=owner%2017",
    "owner=owner%2017&owner=owner%2018&grade=a&grade=b",
    "stage=proposal&source=fair",
    "attention=silent",
    "attention=silent&attention=stuck&owner=owner%205",
    "grade=d&order=created_at&reverse=true",
)
SEARCHES = ("q=company%2077", "q=nobody")


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    note(f"{machine()}, {platform.platform()}")
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(home=Path(name), database_url=os.environ.get("LEADCAST_DATABASE_URL"))
        report(asyncio.run(measured(settings, options.leads, options.runs)), options.json)


# ---- the store


def fill(store: Store, count: int) -> None:
    """Open leads with made scores, and two moves of each score within the last ten days."""
    draw, now_us = random.Random(1), clock_us()
    for start in range(1, count + 1, LEADS_PER_COMMIT):
        numbers = range(start, min(start + LEADS_PER_COMMIT, count + 1))
        with store.engine.writing() as connection:
            leads = [
                {
                    "lead_no": n,
                    "lead_id": f"L{n:07d}",
                    "created_us": now_us - n * DAY_US // 500,
                    "attributes": "{}",
                }
                for n in numbers
            ]
            connection.execute(db.leads.insert(), leads)
            transaction = Transaction(connection, now_us)
            transaction.numbers("lead_no", len(leads))
            save_scores(transaction, [[score_of(draw, lead, now_us) for lead in leads]])
            transaction.finish()
        with store.engine.writing() as connection:  # a week ago each of them had another probability
            moves = "UPDATE score_history SET as_of_us = :then WHERE entry_no BETWEEN :first AND :last"
            times = {"then": now_us - 9 * DAY_US, "first": numbers[0], "last": numbers[-1]}
            connection.execute(text(moves), times)
            connection.execute(
                text(
                    "UPDATE scores SET base_probability = (1 + probability) * :share, base_until_us = NULL, "
                    "change = probability - (1 + probability) * :share WHERE lead_no BETWEEN :first AND :last"
                ),
                {**times, "share": 0.3},
            )


def score_of(draw: random.Random, lead: dict[str, Any], now_us: int) -> Any:
    """The score of one lead, of the size that a model's scores have."""
    probability, amount = draw.betavariate(1, 5), draw.lognormvariate(9, 1)
    touched_us = now_us - draw.randrange(30 * DAY_US)
    entered_us = now_us - draw.randrange(60 * DAY_US)
    stage, owner, source = draw.choice(STAGES), draw.choice(OWNERS), draw.choice(SOURCES)
    facts = LeadFacts(
        entered_us=entered_us,
        last_touch=Touch(touched_us, "call", "phone", OUTBOUND),
        asked=None,
        due=Due(None, touched_us + 12 * DAY_US, entered_us + 40 * DAY_US, touched_us + 7 * DAY_US),
        next_stage="Proposal",
        answer_hours=4.0,
    )
    company = f"Company {lead['lead_no']} Ltd"
    row = {
        "lead_no": lead["lead_no"],
        "is_open": 1,
        "revenue_rank": probability * amount,
        "amount_rank": amount,
        "probability": probability,
        "created_us": lead["created_us"],
        "touch_us": touched_us,
        "entered_us": entered_us,
        "base_probability": None,
        "base_until_us": None,
        "change": 0.0,
        **facts.due._asdict(),
        "status": "scored",
        "grade": draw.choice(GRADES),
        "stage": stage,
        "owner": owner,
        "source": source,
        "stage_key": stage.casefold(),
        "owner_key": owner.casefold(),
        "source_key": source,
        "search": f"{lead['lead_id']}\n{company}\nmara lindqvist, berlin\nm@example.org\n+49 30 1234".casefold(),
        "as_of_us": now_us,
        "through_row": 0,
        "model_version": "1",
    }
    row["record"] = record_text(row, lead, facts, company)
    return with_history(row, None, [])


def record_text(row: dict[str, Any], lead: dict[str, Any], facts: LeadFacts, company: str) -> str:
    reason = {
        "feature": "days_since_last_touch",
        "label": "Last touch 3 days ago raises the chance",
        "points": 4.1,
    }
    record = {
        **{
            name: row[name]
            for name in ("status", "stage", "probability", "grade", "owner", "source", "model_version")
        },
        "lead_id": lead["lead_id"],
        "as_of": format_time(row["as_of_us"]),
        "probability_low": row["probability"] * 0.7,
        "probability_high": min(1.0, row["probability"] * 1.4),
        "horizon_days": 90,
        "score": 100 * row["probability"],
        "expected_amount": row["amount_rank"],
        "expected_amount_low": row["amount_rank"] / 2,
        "expected_amount_high": row["amount_rank"] * 2,
        "expected_revenue": row["revenue_rank"],
        "currency": "EUR",
        "expected_close_date": "2027-02-01",
        "baseline_probability": 0.15,
        "reasons": [{**reason, "value": "3", "direction": "up"}] * 3,
        "warnings": [],
        "rank": None,
        "created_at": format_time(lead["created_us"]),
        "account_id": None,
        "name": company,
        "detail": "Mara Lindqvist, Berlin",
        "facts": facts.to_dict(),
    }
    return msgspec.json.encode(record).decode()


# ---- requests


async def measured(settings: Settings, count: int, runs: int) -> list[Comparison]:
    runtime = Runtime(settings)
    started = perf_counter()
    fill(runtime.stored.store, count)
    note(f"{count:,} leads stored in {perf_counter() - started:.0f} s")
    transport = httpx.ASGITransport(app=guarded(build_app(runtime), runtime.settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        await check(client, count)
        return [one async for one in comparisons(client, runtime.stored.store, count, runs)]


async def comparisons(
    client: httpx.AsyncClient, store: Store, count: int, runs: int
) -> AsyncIterator[Comparison]:
    for path in ("/v1/leads", "/v1/leads/summary", "/"):
        note(f"{path:<20} {'query':<56} {'kept':>19} {'changed':>19} {'kB':>5}")
        visits = {}
        for query in (*QUERIES, *SEARCHES):
            asked = f"{query}&capacity=20" if path != "/v1/leads" else query
            visits[query] = await visited(client, store, f"{path}?{asked}", runs)
        work = f"{path} of {count:,} leads"
        for one in compare_times(work, [visits[query] for query in QUERIES], LIMITS_MS[path]):
            yield one
        for one in compare_times(f"{work}, searched", [visits[query] for query in SEARCHES], None):
            yield one
        largest = max(visit.kilobytes for visit in visits.values())
        yield Comparison(f"{work}, largest answer", largest, "kB", target=LIMIT_KB if path == "/" else None)
    started = perf_counter()
    answer = await client.get("/v1/leads?format=csv")
    note(f"CSV: {len(answer.content) / 1e6:.0f} MB")
    yield Comparison(f"/v1/leads as CSV, {count:,} leads", perf_counter() - started, "s")


@dataclass(frozen=True)
class Visit:
    """Timings of one address, without and with changed scores, and its size."""

    kept: list[Timing]
    changed: list[Timing]
    kilobytes: float


def compare_times(work: str, visits: Sequence[Visit], limit_ms: float | None) -> Iterator[Comparison]:
    """The slowest of some addresses in both states."""
    for state, timings in (
        ("nothing changed", [visit.kept for visit in visits]),
        ("scores changed", [visit.changed for visit in visits]),
    ):
        slowest = max(p99_ms(timing.wall for timing in one) for one in timings)
        name = f"{work}, slowest p99, {state}"
        yield Comparison(name, slowest, "ms", target=limit_ms, equality="order, sums")


async def check(client: httpx.AsyncClient, count: int) -> None:
    """The first page of each order is that of the sorted CSV."""
    keys: dict[str, Callable[[dict[str, Any]], Any]] = {
        "expected_revenue": lambda lead: lead["expected_revenue"],
        "probability": lambda lead: lead["probability"],
        "change": lambda lead: lead["change_7d"],
        "last_touch": lambda lead: lead["last_touch_at"],
    }
    for order, key in keys.items():
        page = (await client.get(f"/v1/leads?order={order}&limit=1000")).json()
        values = [key(lead) for lead in page["leads"]]
        assert page["total"] == count
        assert values == sorted(values, reverse=True)
    summary = (await client.get("/v1/leads/summary")).json()
    assert sum(value["leads"] for value in summary["by"]["owner"].values()) == summary["leads"] == count


async def visited(client: httpx.AsyncClient, store: Store, address: str, runs: int) -> Visit:
    size = len((await client.get(address)).content)
    kept = [await timing(client, address) for _ in range(runs)]
    changed = []
    for _ in range(runs):
        touch(store)
        changed.append(await timing(client, address))
    path, _, query = address.partition("?")
    note(f"{path:<20} {query:<56} {figures(kept)} {figures(changed)} {size / 1e3:>5.0f}")
    return Visit(kept, changed, size / 1e3)


def figures(timings: Sequence[Timing]) -> str:
    walls = sorted(1e3 * timing.wall for timing in timings)
    p95, of_processor = (
        p99_ms(timing.wall for timing in timings),
        p99_ms(timing.processor for timing in timings),
    )
    return f"{quantile(walls, 0.5):>6.0f} {p95:>5.0f} ({of_processor:>4.0f})"


def p99_ms(seconds: Iterable[float]) -> float:
    return 1e3 * quantile(sorted(seconds), 0.99)


def touch(store: Store) -> None:
    """Makes every kept figure stale, as a new score does."""
    with store.engine.writing() as connection:
        transaction = Transaction(connection, clock_us())
        transaction.numbers("score_no", 1)
        transaction.finish()


async def timing(client: httpx.AsyncClient, address: str) -> Timing:
    wall, processor = perf_counter(), process_time()
    answer = await client.get(address)
    timed = Timing(perf_counter() - wall, process_time() - processor)
    assert answer.status_code == 200, answer.text
    return timed


if __name__ == "__main__":
    main()
