"""The requests of /v1/score: what a lead may look like, and how large."""

from collections.abc import Iterator
from typing import Any

import msgspec

from serving.base.limits import MAX_INTERACTIONS, MAX_LEAD_BYTES, MAX_LEADS
from serving.base.problems import Problem, error, invalid, too_large
from serving.http.shapes import Field, Shape
from serving.model.scoring import Lead

INTERACTION = Shape(
    "Interaction",
    {
        "kind": Field("name", "What happened, such as email_open or call.", required=True),
        "occurred_at": Field("time", "When it happened.", required=True),
        "interaction_id": Field(
            "text", "Of several with the same id within a lead the one known first counts."
        ),
        "recorded_at": Field("time", "When the CRM learned of it, where later."),
        "channel": Field("text", "Such as email or phone."),
        "direction": Field(
            "choice", "Who acted: the lead (inbound) or you.", choices=("inbound", "outbound")
        ),
        "value": Field("number", "Any measure of it, such as minutes or pages."),
    },
)
STAGE = Shape(
    "Stage",
    {
        "stage": Field("name", "The stage entered.", required=True),
        "entered_at": Field("time", "When.", required=True),
        "recorded_at": Field("time", "When the CRM learned of it, where later."),
    },
)
CHANGE = Shape(
    "AttributeChange",
    {
        "attribute": Field("name", "An attribute's name; owner and account_id too.", required=True),
        "value": Field("scalar", "The value from then on; null for none.", required=True),
        "changed_at": Field("time", "When it changed.", required=True),
        "recorded_at": Field("time", "When the CRM learned of it, where later."),
    },
)
OUTCOME = Shape(
    "Outcome",
    {
        "outcome": Field(
            "choice", "How it ended, or open again.", required=True, choices=("won", "lost", "open")
        ),
        "closed_at": Field("time", "When it was decided.", required=True),
        "amount": Field("number", "What was won, 0 or more."),
        "reason": Field("text", "Why."),
        "recorded_at": Field("time", "When the CRM learned of it, where later."),
    },
)
LEAD = Shape(
    "Lead",
    {
        "lead_id": Field("id", "Your id of the lead.", required=True),
        "created_at": Field("time", "When the lead was created.", required=True),
        "account_id": Field("text", "The organisation behind the lead."),
        "owner": Field("text", "Who works on the lead."),
        "source": Field("text", "Where the lead came from."),
        "attributes": Field("scalars", "What was known of the lead when it was created."),
        "interactions": Field(
            "rows",
            f"Touches by either side, at most {MAX_INTERACTIONS}.",
            of=INTERACTION,
            limit=MAX_INTERACTIONS,
        ),
        "stages": Field("rows", "Stages entered.", of=STAGE, limit=MAX_INTERACTIONS),
        "attribute_changes": Field(
            "rows", "Values that changed since the creation.", of=CHANGE, limit=MAX_INTERACTIONS
        ),
        "outcome": Field("record", "The decision, for a closed or reopened lead.", of=OUTCOME),
    },
)
SHAPES = (LEAD, INTERACTION, STAGE, CHANGE, OUTCOME)


def check_lead(value: Any, loc: tuple[str | int, ...] = ("body",)) -> Lead:
    """The value as a lead; raises Problem 413 when it is too long, 422 with everything that is wrong."""
    _check_lengths(value)
    found = LEAD.problems(value, loc)
    if found:
        raise invalid(found)
    lead: Lead = value
    return lead


def _check_lengths(value: Any) -> None:
    if type(value) is not dict:
        return
    for key in ("interactions", "stages", "attribute_changes"):
        rows = value.get(key)
        if type(rows) is list and len(rows) > MAX_INTERACTIONS:
            raise too_large(
                f"A lead may have {MAX_INTERACTIONS} {key}, this one has {len(rows)}; send the latest."
            )


def check_batch(value: Any, body: bytes) -> Iterator[Lead | Problem]:
    """The leads of a batch in order, each checked when it is asked for, a Problem in the place of a bad one.

    Raises Problem for the batch itself: not {leads: [...]}, or more than `MAX_LEADS`.
    """
    if type(value) is not dict:
        raise invalid([error(["body"], "expected an object with the key leads")])
    found = [error(["body", key], "unknown key") for key in value if key != "leads"]
    if type(value.get("leads")) is not list:
        found.append(
            error(["body", "leads"], "missing" if "leads" not in value else "expected a list of leads")
        )
    if found:
        raise invalid(found)
    leads = value["leads"]
    if len(leads) > MAX_LEADS:
        raise too_large(f"A batch may have {MAX_LEADS} leads, this one has {len(leads)}; send several.")
    sizes = _sizes(body) if len(body) > MAX_LEAD_BYTES else [0] * len(leads)
    return (_one_of(lead, i, size) for i, (lead, size) in enumerate(zip(leads, sizes, strict=True)))


def _one_of(value: Any, index: int, size: int) -> Lead | Problem:
    try:
        if size > MAX_LEAD_BYTES:
            raise too_large(f"A lead may have {MAX_LEAD_BYTES} bytes, this one has {size}.")
        return check_lead(value, ("body", "leads", index))
    except Problem as problem:
        return problem


class _Batch(msgspec.Struct):
    leads: list[msgspec.Raw]


_SIZES = msgspec.json.Decoder(_Batch)


def _sizes(body: bytes) -> list[int]:
    return [len(memoryview(raw)) for raw in _SIZES.decode(body).leads]
