"""The records of a history, each declared once: its fields, their kinds and bounds, and what they mean.

`TABLES` maps the name of a table to its layout: `layout.fields["kind"]` is a Field with `kind`, `required`,
`description`, `choices` and `lowest`. Four places read it: the columns of a data folder (`layout.needed`,
`layout.optional`, `layout.role`), the checks of request records (history/records/problems.py), the JSON Schema of
requests (serving/api/records.py) and the settings `[columns.TABLE]` of funnel.toml. A new field is added here first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from history.text.outcome_words import outcome_of
from history.text.values import LARGEST_NUMBER

# Kinds of fields. A data folder knows three of them: times, numbers, and texts (all the others).
TIME: Final = "time"
NUMBER: Final = "number"
TEXT: Final = "text"
ID: Final = "id"  # a text that is not blank, of at most LONGEST_ID characters
NAME: Final = "name"  # a text that is not empty
SCALAR: Final = "scalar"  # a text, number or boolean; a date or time in a Parquet file

LONGEST_ID: Final = 200  # characters of a lead_id
OUTCOMES: Final = ("open", "won", "lost", "gone")
DIRECTIONS: Final = ("inbound", "outbound")

FIXED_ATTRIBUTES: Final = ("lead_id", "created_at")  # never change
NOT_ATTRIBUTES: Final = frozenset((*FIXED_ATTRIBUTES, "recorded_at"))
ACCOUNT: Final = "account_id"
ROW_ID: Final = "interaction_id"  # of nearly as many values as rows
OWN_ATTRIBUTES: Final = (ACCOUNT, "owner", "source")  # attributes with a column of their own


@dataclass(frozen=True)
class Field:
    """One field of a record.

    choices: the words allowed, any text if empty; an unknown word of an optional field counts as missing. lowest: of a
    number, at most LARGEST_NUMBER. in_folders_only: requests and the store do not have it. choice_of: the choice that a
    text stands for, None for any other text; without it the choices alone are allowed.
    """

    kind: str
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()
    lowest: float = -LARGEST_NUMBER
    in_folders_only: bool = False
    choice_of: Callable[[str], str | None] | None = None


@dataclass(frozen=True)
class TableLayout:
    """One table: the field that holds a row's own time, and all fields by name."""

    own_time: str
    fields: Mapping[str, Field]
    has_attributes: bool = False  # every other column is an attribute too, not noise

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that a file must have."""
        return tuple(name for name, field in self.fields.items() if field.required)

    @property
    def optional(self) -> tuple[str, ...]:
        return tuple(name for name, field in self.fields.items() if not field.required)

    @property
    def columns(self) -> tuple[str, ...]:
        """The needed columns, then the optional ones."""
        return self.needed + self.optional

    def role(self, column: str) -> str:
        """What a column of a file holds: TIME, NUMBER or TEXT; an attribute is TEXT."""
        field = self.fields.get(column)
        return field.kind if field is not None and field.kind in (TIME, NUMBER) else TEXT


_LEAD_ID: Final = Field(ID, "Your id of the lead.", required=True)
_RECORDED_AT: Final = Field(TIME, "When the CRM learned of it, if later.")

TABLES: Final[Mapping[str, TableLayout]] = {
    "leads": TableLayout(
        "created_at",
        {
            "lead_id": _LEAD_ID,
            "created_at": Field(TIME, "When the lead was created.", required=True),
            "account_id": Field(TEXT, "The organisation behind the lead."),
            "owner": Field(TEXT, "Who works on the lead."),
            "source": Field(TEXT, "Where the lead came from."),
            "recorded_at": _RECORDED_AT,
        },
        has_attributes=True,
    ),
    "interactions": TableLayout(
        "occurred_at",
        {
            "lead_id": _LEAD_ID,
            "occurred_at": Field(TIME, "When it happened.", required=True),
            "kind": Field(NAME, "What happened, such as email_open or call.", required=True),
            "interaction_id": Field(
                TEXT, "Of several with the same id within a lead the one known first counts."
            ),
            "recorded_at": _RECORDED_AT,
            "channel": Field(TEXT, "Such as email or phone."),
            "direction": Field(TEXT, "Who acted: the lead (inbound) or you.", choices=DIRECTIONS),
            "value": Field(NUMBER, "Any measure of it, such as minutes or pages."),
        },
    ),
    "stages": TableLayout(
        "entered_at",
        {
            "lead_id": _LEAD_ID,
            "entered_at": Field(TIME, "When.", required=True),
            "stage": Field(NAME, "The stage entered.", required=True),
            "recorded_at": _RECORDED_AT,
        },
    ),
    "outcomes": TableLayout(
        "closed_at",
        {
            "lead_id": _LEAD_ID,
            "outcome": Field(
                NAME,
                "How it ended, or open again; gone for a lead that was merged, deleted or a test.",
                required=True,
                choices=OUTCOMES,
                choice_of=outcome_of,
            ),
            "closed_at": Field(TIME, "When it was decided."),
            "amount": Field(NUMBER, "The amount won, 0 or more.", lowest=0.0),
            "reason": Field(TEXT, "Why."),
            "recorded_at": _RECORDED_AT,
            "merged_into": Field(
                ID, "Of a lead that is gone: the lead that has its rows.", in_folders_only=True
            ),
        },
    ),
    "attribute_changes": TableLayout(
        "changed_at",
        {
            "lead_id": _LEAD_ID,
            "changed_at": Field(TIME, "When it changed.", required=True),
            "attribute": Field(NAME, "An attribute's name; owner and account_id too.", required=True),
            "value": Field(SCALAR, "The value from then on; null for none.", required=True),
            "recorded_at": _RECORDED_AT,
        },
    ),
    "costs": TableLayout(
        "period_start",
        {
            "period_start": Field(TIME, "When the period begins.", required=True),
            "amount": Field(NUMBER, "The money spent, 0 or more.", required=True, lowest=0.0),
            "period_end": Field(TIME, "When it ends; by default one calendar month later."),
            "channel": Field(TEXT, "The channel it was spent on."),
            "source": Field(TEXT, "The source of leads it was spent on."),
        },
    ),
}
