"""POST /v1/leads/{lead_id}/what-if: the score of a stored lead with more rows, none of which is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from features.matrix import build_matrix
from history.snapshot import Snapshot
from history.text.times import format_time
from models.bundle import Bundle
from models.reasons.explain import Instant, differences
from models.scorer import score_with_evidence as score
from models.scores.scores import SCORED, STATUS
from serving.api.events import read_data
from serving.api.leads.lead_path import WHAT_IF, part_path, unknown_lead
from serving.api.leads.leads import API_PREFIX
from serving.api.leads.leads import LEAD_ID as LEAD_ID_PARAMETER
from serving.api.openapi import body, list_of, object_of, problems, ref, response
from serving.api.records import LEAD
from serving.api.score_bodies import check_lengths
from serving.api.stored import store_of
from serving.base.clock import clock_us
from serving.base.instant import InvalidInstant, read_instant, read_row_time
from serving.base.limits import MAX_LEAD_BYTES
from serving.base.problems import Problem, error, invalid
from serving.http.bodies import json_body
from serving.http.queries import read_query
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.http.shapes import NAME, Field, Shape
from serving.model.scoring import score_leads
from serving.store.config import stored_display
from serving.store.leads.account_mates import mates_of
from serving.store.leads.lead_rows import LeadRow, LeadRows, find_leads, rows_of
from serving.store.leads.leads import current_attributes, seen_lead
from serving.store.scores.what_if import AddedRow, Change, changed, snapshot_of

REASONS = 5
ADDED = ("attributes", "interactions", "stages")

routes = Routes()

REQUEST = Shape(
    "WhatIf",
    {
        **{name: LEAD.fields[name] for name in ADDED},
        "as_of": Field(NAME, "Stand at this time, or at the start of this date. Default: now."),
    },
)
_EXAMPLE = {
    "interactions": [{"kind": "demo", "occurred_at": "2026-01-06T09:00:00Z", "direction": "outbound"}],
    "attributes": {"budget_confirmed": True},
    "as_of": "2026-01-06T10:00:00Z",
}
_WHAT_IF: Json = {
    "operationId": "what_if",
    "tags": ["leads"],
    "parameters": [LEAD_ID_PARAMETER],
    "requestBody": body(ref("WhatIf"), _EXAMPLE),
    "responses": {
        "200": response("The score without and with the change.", ref("WhatIfResult")),
        **problems(404, 405, 408, 413, 415, 422),
    },
}
SCHEMAS: dict[str, Json] = {
    REQUEST.name: REQUEST.schema,
    "WhatIfResult": object_of(
        {
            "before": ref("Score"),
            "after": ref("Score"),
            "change": list_of(
                ref("Reason"),
                description="The reasons that moved; their points add up to 100 times the move of the probability. "
                "Empty unless both are scored.",
            ),
        }
    ),
}


@dataclass(frozen=True)
class WhatIf:
    """A lead, and what a request adds to it; as_of is text: the meaning of a date depends on the model's zone."""

    lead_id: str
    added: Mapping[str, Any]
    as_of: str | None


@routes.post("/v1/leads/{lead_id:text}/what-if", _WHAT_IF)
async def post_what_if(request: Request) -> Response:
    """The score of the stored lead as if attributes, interactions and stages were added; nothing is kept."""
    path = part_path(request, API_PREFIX, WHAT_IF)
    read_query(request.scope["query_string"], {})
    value, _ = await json_body(request.scope, request.receive, MAX_LEAD_BYTES)
    wanted = read_what_if(path.lead_id, value)
    bundle: Bundle = request.app.state.runtime.watch.bundle()
    store = store_of(request)
    document = await store.read(partial(what_if, bundle=bundle, wanted=wanted))
    if document is None:
        raise unknown_lead()
    return json_response(document)


def read_what_if(lead_id: str, value: Any) -> WhatIf:
    """The request; raises Problem 413 for too many rows, 422 with every problem of its form."""
    check_lengths(value)
    errors = REQUEST.problems(value)
    if errors:
        raise invalid(errors)
    return WhatIf(lead_id, {name: value[name] for name in ADDED if value.get(name)}, value.get("as_of"))


def what_if(
    connection: Connection, bundle: Bundle, wanted: WhatIf, has_numbers: bool = False
) -> dict[str, Any] | None:
    """{before, after, change} of a stored lead, None for an unknown one; raises Problem 422 for rows that cannot be.

    has_numbers: the reasons of `change` have the numbers behind their words.
    """
    lead = find_leads(connection, [wanted.lead_id]).get(wanted.lead_id)
    if lead is None:
        return None
    rows = rows_of(connection, [lead, *mates_of(connection, bundle, [lead])])
    now_us = clock_us()
    as_of_us = _as_of_us(wanted, bundle, max(now_us, lead.created_us))
    _check(bundle, lead, wanted, (as_of_us, now_us))
    with_change = changed(rows, change_of(wanted, rows, as_of_us))
    before, after = (snapshot_of(each, bundle, as_of_us) for each in (rows, with_change))
    (now,) = current_attributes(rows.only(0), as_of_us)
    display = stored_display(connection) or bundle.config.display
    name = seen_lead(display, lead.lead_id, now).name
    records = [{**score(bundle, each, REASONS).records()[0], "name": name} for each in (before, after)]
    return {
        "before": records[0],
        "after": records[1],
        "change": _moved(bundle, before, after, has_numbers) if _are_scored(records) else [],
    }


def _as_of_us(wanted: WhatIf, bundle: Bundle, now_us: int) -> int:
    if wanted.as_of is None:
        return now_us
    try:
        return read_instant(wanted.as_of, bundle.config.zone)
    except InvalidInstant as problem:
        raise invalid([error(["body", "as_of"], str(problem))]) from None


def _check(bundle: Bundle, lead: LeadRow, wanted: WhatIf, instants: tuple[int, int]) -> None:
    """Reads the added rows by the door of POST /v1/score; raises its Problem 422. instants: as_of and now."""
    record = {"lead_id": lead.lead_id, "created_at": format_time(lead.created_us), **wanted.added}
    (result,) = score_leads(bundle, [record], *instants, 0)
    if isinstance(result, Problem):
        raise result


def _are_scored(records: Sequence[Mapping[str, Any]]) -> bool:
    return all(record["status"] == STATUS[SCORED] for record in records)


def _moved(bundle: Bundle, before: Snapshot, after: Snapshot, has_numbers: bool) -> list[dict[str, Any]]:
    if bundle.conversion is None:
        return []
    first, second = (build_matrix(snapshot, bundle.vocabulary) for snapshot in (before, after))
    wording = bundle.wording_with_numbers if has_numbers else bundle.wording_with_evidence
    state = Instant(second.values[0], second.features)
    return differences(bundle.conversion, bundle.calibration, first.values[0], state, wording)


def change_of(wanted: WhatIf, rows: LeadRows, as_of_us: int) -> Change:
    """The added rows as the store would keep them; an interaction whose id the lead has already is none."""
    known = {row[-1] for row in zip(*rows.only(0).tables["interactions"], strict=True)}
    added: dict[str, list[AddedRow]] = {"interactions": [], "stages": [], "attribute_changes": []}
    for row in wanted.added.get("interactions", ()):
        interaction_id = row.get("interaction_id") or None
        if interaction_id is None or interaction_id not in known:
            added["interactions"] += _rows("interaction", row, "occurred_at")
            known.add(interaction_id)
    for row in wanted.added.get("stages", ()):
        added["stages"] += _rows("stage", row, "entered_at")
    if attributes := wanted.added.get("attributes"):
        contents, _ = read_data("attributes", dict(attributes))
        added["attribute_changes"] += [(as_of_us, as_of_us, *content.values()) for content in contents]
    return Change(added)


def _rows(kind: str, row: Mapping[str, Any], own_time: str) -> list[AddedRow]:
    """A row of a request with both of its times, as its event would be stored."""
    data = {key: value for key, value in row.items() if key not in (own_time, "recorded_at")}
    contents, _ = read_data(kind, data)
    time_us = read_row_time(row[own_time])
    known_us = time_us
    if row.get("recorded_at"):
        known_us = max(time_us, read_row_time(row["recorded_at"]))
    return [(time_us, known_us, *content.values()) for content in contents]
