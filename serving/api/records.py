"""The records of requests: leads to score, leads to store, and events by type.

An event's data are the fields of the row that it adds, without its times: they are declared once.
"""

from dataclasses import replace

from history.config import schema
from history.text.outcome_words import NO_WORDS, OutcomeWords, state_of
from models.bundle import Bundle
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
    Errors,
    Field,
    Loc,
    Shape,
    choice,
    record,
    rows,
    word,
)

_KINDS = {
    schema.TIME: TIME,
    schema.NUMBER: NUMBER,
    schema.TEXT: TEXT,
    schema.ID: ID,
    schema.NAME: NAME,
    schema.SCALAR: SCALAR,
}


def _field(declared: schema.Field) -> Field:
    kind = _KINDS[declared.kind]
    if declared.choices:
        kind = choice(*declared.choices)
        if declared.choice_of is not None:
            kind = word(declared.choices, declared.choice_of)
    return Field(kind, declared.description, declared.required)


def _row_fields(table: str) -> dict[str, Field]:
    """Fields of a table's rows in a request, which hang on their lead."""
    fields = schema.TABLES[table].fields
    return {
        name: _field(declared)
        for name, declared in fields.items()
        if name != "lead_id" and not declared.in_folders_only
    }


INTERACTION = Shape("Interaction", _row_fields("interactions"))
STAGE = Shape("Stage", _row_fields("stages"))
CHANGE = Shape("AttributeChange", _row_fields("attribute_changes"))
_OUTCOME = _row_fields("outcomes")
# A file may lack closed_at, a request may not: its sender knows when the lead was decided.
OUTCOME = Shape("Outcome", {**_OUTCOME, "closed_at": replace(_OUTCOME["closed_at"], required=True)})
_LEAD = {name: _field(declared) for name, declared in schema.TABLES["leads"].fields.items()}
LEAD = Shape(
    "Lead",
    {
        **{name: _LEAD[name] for name in ("lead_id", "created_at", *schema.OWN_ATTRIBUTES)},
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
        **{name: LEAD.fields[name] for name in schema.OWN_ATTRIBUTES},
        "attributes": Field(
            SCALARS, "The first gives the values at creation, a later one is merged; null clears."
        ),
    },
)

LISTED_LEAD = Shape("ListedLead", {"lead_id": LEAD.fields["lead_id"], **STORED_LEAD.fields})

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


def words_of(bundle: Bundle | None) -> OutcomeWords:
    """The words for outcomes of a model's configuration, beside the usual ones."""
    return NO_WORDS if bundle is None else bundle.config.outcome_words


def without_known_word(errors: Errors, loc: Loc, word: object, words: OutcomeWords) -> Errors:
    """The problems of a record but for that of its outcome at `loc`, if the word is one of the model's own."""
    if not words or not isinstance(word, str) or state_of(word, words) is None:
        return errors
    return [problem for problem in errors if problem["loc"] != list(loc)]


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
