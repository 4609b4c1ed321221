"""The records of requests: leads to score, leads to store, and events by type.

An event's data are the fields of the row that it adds, without its times: they are declared once.
"""

from history.history import DIRECTIONS, STATES
from history.schema import OWN_ATTRIBUTES
from serving.base.limits import MAX_INTERACTIONS
from serving.http.shapes import (
    ID,
    KEY,
    NAME,
    NUMBER,
    SCALAR,
    SCALARS,
    TEXT,
    TIME,
    Field,
    Shape,
    choice,
    record,
    rows,
)

_RECORDED_AT = Field(TIME, "When the CRM learned of it, if later.")
INTERACTION = Shape(
    "Interaction",
    {
        "kind": Field(NAME, "What happened, such as email_open or call.", required=True),
        "occurred_at": Field(TIME, "When it happened.", required=True),
        "interaction_id": Field(
            TEXT, "Of several with the same id within a lead the one known first counts."
        ),
        "recorded_at": _RECORDED_AT,
        "channel": Field(TEXT, "Such as email or phone."),
        "direction": Field(choice(*DIRECTIONS), "Who acted: the lead (inbound) or you."),
        "value": Field(NUMBER, "Any measure of it, such as minutes or pages."),
    },
)
STAGE = Shape(
    "Stage",
    {
        "stage": Field(NAME, "The stage entered.", required=True),
        "entered_at": Field(TIME, "When.", required=True),
        "recorded_at": _RECORDED_AT,
    },
)
CHANGE = Shape(
    "AttributeChange",
    {
        "attribute": Field(NAME, "An attribute's name; owner and account_id too.", required=True),
        "value": Field(SCALAR, "The value from then on; null for none.", required=True),
        "changed_at": Field(TIME, "When it changed.", required=True),
        "recorded_at": _RECORDED_AT,
    },
)
OUTCOME = Shape(
    "Outcome",
    {
        "outcome": Field(choice(*STATES), "How it ended, or open again.", required=True),
        "closed_at": Field(TIME, "When it was decided.", required=True),
        "amount": Field(NUMBER, "The amount won, 0 or more."),
        "reason": Field(TEXT, "Why."),
        "recorded_at": _RECORDED_AT,
    },
)
LEAD = Shape(
    "Lead",
    {
        "lead_id": Field(ID, "Your id of the lead.", required=True),
        "created_at": Field(TIME, "When the lead was created.", required=True),
        "account_id": Field(TEXT, "The organisation behind the lead."),
        "owner": Field(TEXT, "Who works on the lead."),
        "source": Field(TEXT, "Where the lead came from."),
        "attributes": Field(SCALARS, "The lead's attributes at its creation."),
        "interactions": Field(
            rows(INTERACTION, MAX_INTERACTIONS), f"Touches by either side, at most {MAX_INTERACTIONS}."
        ),
        "stages": Field(rows(STAGE, MAX_INTERACTIONS), "Stages entered."),
        "attribute_changes": Field(rows(CHANGE, MAX_INTERACTIONS), "Values that changed since the creation."),
        "outcome": Field(record(OUTCOME), "The decision, for a closed or reopened lead."),
    },
)
SCORE_SHAPES = (LEAD, INTERACTION, STAGE, CHANGE, OUTCOME)

STORED_LEAD = Shape(
    "StoredLead",
    {
        "created_at": Field(TIME, "When the lead was created; never changes.", required=True),
        **{name: LEAD.fields[name] for name in OWN_ATTRIBUTES},
        "attributes": Field(
            SCALARS, "The first gives the values at creation, a later one is merged; null clears."
        ),
    },
)

INTERACTION_DATA = Shape(
    "InteractionData",
    {
        "kind": INTERACTION.fields["kind"],
        "interaction_id": Field(KEY, "A known one of the lead makes the event a duplicate."),
        **{name: INTERACTION.fields[name] for name in ("channel", "direction", "value")},
    },
)
STAGE_DATA = Shape("StageData", {"stage": STAGE.fields["stage"]})
OUTCOME_DATA = Shape("OutcomeData", {name: OUTCOME.fields[name] for name in ("outcome", "amount", "reason")})
_DATA = {
    "interaction": Field(record(INTERACTION_DATA), "The interaction.", required=True),
    "stage": Field(record(STAGE_DATA), "The stage entered.", required=True),
    "outcome": Field(record(OUTCOME_DATA), "The decision.", required=True),
    "attributes": Field(SCALARS, "The values from then on; null for none.", required=True),
}


def _event_shape(kind: str, data: Field) -> Shape:
    return Shape(
        f"{kind.capitalize()}Event",
        {
            "event_id": Field(ID, "Your id of the event: sent again, it is a duplicate.", required=True),
            "lead_id": LEAD.fields["lead_id"],
            "type": Field(choice(kind), "The type of the event.", required=True),
            "occurred_at": Field(TIME, "When it happened, at most 5 minutes ahead.", required=True),
            "data": data,
        },
    )


EVENTS = {kind: _event_shape(kind, data) for kind, data in _DATA.items()}
EVENT_SHAPES = (*EVENTS.values(), INTERACTION_DATA, STAGE_DATA, OUTCOME_DATA)
