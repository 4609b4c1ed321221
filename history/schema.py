"""The tables of a data folder: their names, their columns, and what each column holds."""

from dataclasses import dataclass
from typing import Final

TIME, NUMBER, TEXT = "time", "number", "text"


@dataclass(frozen=True)
class TableLayout:
    """One table: needed and optional columns, and the columns that hold times or numbers (all others hold text)."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    times: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    has_attributes: bool = False  # every other column is an attribute too, not noise

    @property
    def columns(self) -> tuple[str, ...]:
        return self.needed + self.optional

    def role(self, column: str) -> str:
        """TIME, NUMBER or TEXT."""
        if column in self.times:
            return TIME
        return NUMBER if column in self.numbers else TEXT


TABLES: Final[dict[str, TableLayout]] = {
    "leads": TableLayout(
        ("lead_id", "created_at"),
        ("account_id", "owner", "source", "recorded_at"),
        ("created_at", "recorded_at"),
        has_attributes=True,
    ),
    "interactions": TableLayout(
        ("lead_id", "occurred_at", "kind"),
        ("interaction_id", "recorded_at", "channel", "direction", "value"),
        ("occurred_at", "recorded_at"),
        ("value",),
    ),
    "stages": TableLayout(
        ("lead_id", "entered_at", "stage"), ("recorded_at",), ("entered_at", "recorded_at")
    ),
    "outcomes": TableLayout(
        ("lead_id", "outcome"),
        ("closed_at", "amount", "reason", "recorded_at"),
        ("closed_at", "recorded_at"),
        ("amount",),
    ),
    "attribute_changes": TableLayout(
        ("lead_id", "changed_at", "attribute", "value"), ("recorded_at",), ("changed_at", "recorded_at")
    ),
    "costs": TableLayout(
        ("period_start", "amount"),
        ("period_end", "channel", "source"),
        ("period_start", "period_end"),
        ("amount",),
    ),
}

LONGEST_ID: Final = 200  # characters of a lead_id
FIXED_ATTRIBUTES: Final = ("lead_id", "created_at")  # never change
NOT_ATTRIBUTES: Final = frozenset((*FIXED_ATTRIBUTES, "recorded_at"))
OWN_ATTRIBUTES: Final = ("account_id", "owner", "source")  # attributes with a column of their own
