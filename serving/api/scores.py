"""POST /v1/score and POST /v1/score/batch: stateless scores from the history in the request."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from models.bundle import Bundle
from serving.api.openapi import (
    DATE,
    INSTANT,
    INTEGER,
    NUMBER,
    NUMBER_OR_NULL,
    RATE,
    SCALAR,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    body,
    list_of,
    nullable,
    object_of,
    problems,
    query,
    ref,
    response,
)
from serving.api.records import SCORE_SHAPES, words_of
from serving.api.score_bodies import check_batch, read_lead
from serving.base import metrics
from serving.base.clock import clock_us
from serving.base.cooperative import collect
from serving.base.instant import read_instant
from serving.base.limits import MAX_BODY_BYTES, MAX_LEAD_BYTES, MAX_LEADS
from serving.base.micro_batch import MicroBatch
from serving.base.problems import Problem
from serving.http.bodies import json_body, json_content
from serving.http.queries import ScoreQuery, score_query
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.model.scoring import Lead, Record, score_leads

LEADS_PER_TURN = 32  # of a batch: other requests wait for about as long as these take

routes = Routes()

EXAMPLE = {
    "lead_id": "L-1042",
    "created_at": "2026-01-05T08:00:00Z",
    "owner": "Ann",
    "attributes": {"industry": "software", "employees": 120},
    "interactions": [
        {
            "kind": "email_open",
            "occurred_at": "2026-01-06T10:12:00+01:00",
            "channel": "email",
            "direction": "inbound",
        }
    ],
    "stages": [{"stage": "new", "entered_at": "2026-01-05T08:00:00Z"}],
}
_QUERY = [
    query(
        "as_of",
        "Stand at this instant: an RFC 3339 time, or a date, which means its start in the funnel's time zone. "
        "Default: now.",
        INSTANT,
    ),
    query(
        "reasons",
        "Number of reasons per score, or all. Default: 5.",
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 9999}, {"const": "all"}]},
    ),
    query("flat", "true for one level: reason_1_label, reason_1_points and so on.", {"type": "boolean"}),
]
SCORE: Json = {
    "operationId": "score",
    "tags": ["scores"],
    "parameters": _QUERY,
    "requestBody": body(ref("Lead"), EXAMPLE),
    "responses": {
        "200": response("The score.", {"anyOf": [ref("Score"), ref("FlatScore")]}),
        **problems(408, 413, 415, 422),
    },
}
SCORE_BATCH: Json = {
    "operationId": "score_batch",
    "tags": ["scores"],
    "parameters": _QUERY,
    "requestBody": body(ref("Batch"), {"leads": [EXAMPLE]}),
    "responses": {
        "200": response("One result per lead, in order.", ref("BatchResults")),
        **problems(408, 413, 415, 422),
    },
}
_SCORE: dict[str, Json] = {
    "lead_id": TEXT,
    "status": {"type": "string", "enum": ["scored", "insufficient_data", "won", "lost", "gone"]},
    "stage": TEXT_OR_NULL,
    "as_of": TIME,
    "probability": RATE,
    "probability_low": RATE,
    "probability_high": RATE,
    "horizon_days": INTEGER,
    "score": {"type": "number", "minimum": 0, "maximum": 100},
    "grade": TEXT,
    "expected_amount": NUMBER_OR_NULL,
    "expected_amount_low": NUMBER_OR_NULL,
    "expected_amount_high": NUMBER_OR_NULL,
    "expected_revenue": NUMBER_OR_NULL,
    "currency": TEXT_OR_NULL,
    "expected_close_date": nullable(DATE),
    "baseline_probability": RATE,
    "model_version": TEXT,
    "name": {**TEXT_OR_NULL, "description": "For people, as [display] of funnel.toml sets or guesses it."},
    "rank": {"type": ["integer", "null"], "description": "In lists; null otherwise."},
}
SCORE_FIELDS: dict[str, Json] = {
    **_SCORE,
    "reasons": list_of(ref("Reason")),
    "warnings": list_of(ref("Warning")),
}
_REASON: dict[str, Json] = {
    "feature": TEXT,
    "label": {**TEXT, "description": "A sentence for a salesperson."},
    "value": SCALAR,
    "direction": {"type": "string", "enum": ["up", "down"]},
    "points": {**NUMBER, "description": "Percentage points of probability."},
}
_ANY_LEAD: Json = {"anyOf": [ref("Lead"), {"description": "An invalid lead: its result is its problem."}]}
SCHEMAS: dict[str, Json] = {
    **{shape.name: shape.schema for shape in SCORE_SHAPES},
    "Batch": object_of({"leads": list_of(_ANY_LEAD, description=f"At most {MAX_LEADS}.")}),
    "Reason": object_of(
        {**_REASON, "evidence": ref("Evidence")},
        required=list(_REASON),
    ),
    "Evidence": {
        **object_of(
            {"share_with": RATE, "n_with": INTEGER, "share_without": RATE, "n_without": INTEGER},
        ),
        "description": "Share won within the horizon of the training leads like this one in the feature, and of the "
        "others, with their numbers of leads; absent if the shares may be equal.",
    },
    "Warning": object_of({"code": TEXT, "subject": TEXT, "detail": TEXT}),
    "Score": object_of(SCORE_FIELDS),
    "FlatScore": object_of({**_SCORE, "warnings": INTEGER}, more=True),
    "BatchResults": object_of(
        {"results": list_of({"anyOf": [ref("Score"), ref("FlatScore"), ref("BatchError")]})}
    ),
    "BatchError": object_of({"lead_id": TEXT_OR_NULL, "error": ref("Problem")}),
}


@dataclass(frozen=True, eq=False)
class _ScoreRequest:
    bundle: Bundle
    lead: Lead
    query: ScoreQuery


ScoreBatch = MicroBatch[_ScoreRequest, Record | Problem]


def new_score_batch() -> ScoreBatch:
    """The micro-batch of an application's single scores."""
    return MicroBatch(_score_alike)


@routes.post("/v1/score", SCORE)
async def post_score(request: Request) -> Response:
    """The score of one lead, from the history in the request."""
    query = score_query(request.scope["query_string"])
    content = await json_content(request.scope, request.receive, MAX_LEAD_BYTES)
    watch = request.app.state.runtime.watch
    lead = read_lead(content, words_of(watch.current))
    bundle = watch.bundle()
    batch: ScoreBatch = request.app.state.score_batch
    result = await batch.submit((id(bundle), query), _ScoreRequest(bundle, lead, query))
    if isinstance(result, Problem):
        raise result
    metrics.count_score(result)
    return json_response(flattened(result) if query.flat else result)


@routes.post("/v1/score/batch", SCORE_BATCH)
async def post_score_batch(request: Request) -> Response:
    """The scores of up to 1,000 leads in order; a lead that cannot be scored gets its problem instead."""
    query = score_query(request.scope["query_string"])
    value, content = await json_body(request.scope, request.receive, MAX_BODY_BYTES)
    watch = request.app.state.runtime.watch
    leads = check_batch(value, content, words_of(watch.current))
    bundle = watch.bundle()
    results = await _score_in_turns(bundle, await collect(leads), query)
    entries = [
        _entry(lead, index, result, query.flat)
        for index, (lead, result) in enumerate(zip(value["leads"], results, strict=True))
    ]
    return json_response({"results": entries})


def _as_of_us(query: ScoreQuery, bundle: Bundle, now_us: int) -> int:
    return now_us if query.as_of is None else read_instant(query.as_of, bundle.config.zone)


def _score_alike(requests: Sequence[_ScoreRequest]) -> list[Record | Problem]:
    """Scores requests with the same model and query."""
    bundle, query = requests[0].bundle, requests[0].query
    now_us = clock_us()
    leads = [request.lead for request in requests]
    return score_leads(bundle, leads, _as_of_us(query, bundle, now_us), now_us, query.reasons)


async def _score_in_turns(
    bundle: Bundle, leads: Sequence[Lead | Problem], query: ScoreQuery
) -> list[Record | Problem]:
    """Scores the valid leads, all at one as_of; yields to other requests after every `LEADS_PER_TURN`."""
    now_us = clock_us()
    as_of_us = _as_of_us(query, bundle, now_us)
    results: list[Record | Problem] = [lead if isinstance(lead, Problem) else {} for lead in leads]
    valid = [(place, lead) for place, lead in enumerate(leads) if not isinstance(lead, Problem)]
    for start in range(0, len(valid), LEADS_PER_TURN):
        part = valid[start : start + LEADS_PER_TURN]
        scored = score_leads(bundle, [lead for _, lead in part], as_of_us, now_us, query.reasons)
        for (place, _), result in zip(part, scored, strict=True):
            results[place] = result
        await asyncio.sleep(0)
    return results


def _entry(lead: Any, index: int, result: Record | Problem, flat: bool) -> dict[str, Any]:
    """One entry of `results`."""
    if isinstance(result, Problem):
        lead_id = lead.get("lead_id") if isinstance(lead, dict) else None
        shown_id = lead_id if isinstance(lead_id, str) else None
        return {"lead_id": shown_id, "error": _located(result, index).body()}
    metrics.count_score(result)
    return flattened(result) if flat else result


def _located(problem: Problem, index: int) -> Problem:
    """The problem of one lead of a batch, with paths within the whole request."""
    for entry in problem.errors:
        if entry["loc"][:2] != ["body", "leads"]:
            entry["loc"] = ["body", "leads", index, *entry["loc"][1:]]
    return problem


def flattened(record: Record) -> Record:
    """The record on one level: reasons as reason_1_label, reason_1_points and so on, warnings as their count."""
    flat = {key: value for key, value in record.items() if key not in ("reasons", "warnings")}
    for number, reason in enumerate(record["reasons"], start=1):
        evidence = reason.get("evidence", {})
        plain = {key: value for key, value in reason.items() if key != "evidence"}
        flat |= {f"reason_{number}_{key}": value for key, value in {**plain, **evidence}.items()}
    flat["warnings"] = len(record["warnings"])
    return flat
