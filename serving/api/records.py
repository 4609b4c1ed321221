"""The records of requests: leads to score, leads to store, and events by type."""

from history.history import STATES
from history.schema import OWN_ATTRIBUTES
from serving.base.limits import MAX_INTERACTIONS
from serving.http.shapes import Field, Shape

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
INTERACTION_DATA = Shape(
    "InteractionData",
    {
        "kind": Field("name", "What happened, such as email_open or call.", required=True),
        "interaction_id": Field("key", "A known one of the lead makes the event a duplicate."),
        "channel": Field("text", "Such as email or phone."),
        "direction": Field(
            "choice", "Who acted: the lead (inbound) or you.", choices=("inbound", "outbound")
        ),
        "value": Field("number", "Any measure of it, such as minutes or pages."),
    },
)
STAGE_DATA = Shape("StageData", {"stage": Field("name", "The stage entered.", required=True)})
OUTCOME_DATA = Shape(
    "OutcomeData",
    {
        "outcome": Field(
            "choice", "How it ended, or open again.", required=True, choices=tuple(sorted(STATES))
        ),
        "amount": Field("number", "What was won, 0 or more."),
        "reason": Field("text", "Why."),
    },
)
_DATA = {
    "interaction": Field("record", "The touch.", required=True, of=INTERACTION_DATA),
    "stage": Field("record", "The stage entered.", required=True, of=STAGE_DATA),
    "outcome": Field("record", "The decision.", required=True, of=OUTCOME_DATA),
    "attributes": Field("scalars", "The values from then on; null for none.", required=True),
}


def _event_shape(kind: str, data: Field) -> Shape:
    return Shape(
        f"{kind.capitalize()}Event",
        {
            "event_id": Field("id", "Your id of the event: sent again, it is a duplicate.", required=True),
            "lead_id": Field("id", "Your id of the lead.", required=True),
            "type": Field("choice", "What the event says.", required=True, choices=(kind,)),
            "occurred_at": Field("time", "When it happened, at most 5 minutes ahead.", required=True),
            "data": data,
        },
    )


EVENTS = {kind: _event_shape(kind, data) for kind, data in _DATA.items()}
DATA_SHAPES = (INTERACTION_DATA, STAGE_DATA, OUTCOME_DATA)
STORED_LEAD = Shape(
    "StoredLead",
    {
        "created_at": Field("time", "When the lead was created; never changes.", required=True),
        **{name: LEAD.fields[name] for name in OWN_ATTRIBUTES},
        "attributes": Field(
            "scalars", "The first gives the values at creation, a later one is merged; null clears."
        ),
    },
)
