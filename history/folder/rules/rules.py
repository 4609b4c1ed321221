"""The rules for the rows of a data folder: name, message and test of each.

Rules without a test compare rows that are visible at as_of with each other or with their lead:
history/folder/logs.py applies them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from history.config.schema import LONGEST_ID
from history.folder.rules import row_tests
from history.text.times import EXPECTED

if TYPE_CHECKING:
    from history.folder.rules.row_tests import Test


@dataclass(frozen=True)
class Rule:
    """A rule: its name in reports, a message, and the test of the rows that break it.

    keeps_row: the row is only counted, not set aside. mend: what to change, with the fields {table}, {column} and
    {value} of the rows in question.
    """

    name: str
    message: str
    test: "Test | None" = None
    keeps_row: bool = False
    mend: str = ""

    def mend_text(self, table: str, column: str, value: str) -> str:
        """The mend of rows of a table whose commonest value in the tested column is `value`, as a TOML text."""
        return self.mend.format(table=table, column=column, value=json.dumps(value, ensure_ascii=False))


_NAME_FORMAT: Final = (
    'In [formats.{table}] of funnel.toml: datetime = "%d/%m/%Y %H:%M", as {value} is written; '
    "or name the right column in [columns.{table}]"
)
_NAME_DECIMAL: Final = (
    'In [formats.{table}] of funnel.toml: decimal = ",", if {value} has a decimal comma; '
    "or name the right column in [columns.{table}]"
)
_NAME_COLUMN: Final = 'Name the right column in [columns.{table}] of funnel.toml: {column} = "YOUR COLUMN"'

RAGGED_ROW: Final = Rule(
    "ragged_row",
    "the row has more or fewer values than the header",
    mend="Export again with quotes around values that contain a comma",
)
EMPTY_ID: Final = Rule("empty_id", "lead_id is empty or blank", row_tests.is_blank, mend=_NAME_COLUMN)
NUL_IN_ID: Final = Rule("nul_in_id", "lead_id or interaction_id contains a NUL character", row_tests.has_nul)
LONG_ID: Final = Rule(
    "long_id", f"lead_id is longer than {LONGEST_ID} characters", row_tests.is_long, mend=_NAME_COLUMN
)
ROUNDED_ID: Final = Rule(
    "rounded_id",
    "a spreadsheet has rounded the id, and its last digits are lost",
    row_tests.has_rounded_id,
    mend="Export again, and open the file with the column of ids as text",
)
ID_CASE: Final = Rule(
    "id_case",
    "the id is a lead's but for case or outer blanks; ids match as they are written",
    row_tests.differs_by_case,
    mend="Export the ids of both tables alike",
)
ID_ZEROS: Final = Rule(
    "id_zeros",
    "the id is a lead's but for leading zeros, which spreadsheets remove",
    row_tests.differs_by_zeros,
    mend="Export the ids of both tables as text",
)
LISTED_IDS: Final = Rule(
    "listed_ids",
    "the cell lists several ids, and the amount cannot be that of each",
    row_tests.lists_ids,
    mend="Give each lead a row of its own",
)
DUPLICATE_LEAD: Final = Rule("duplicate_lead", "an earlier row has the same lead_id")
UNKNOWN_LEAD: Final = Rule(
    "unknown_lead",
    "no lead has this lead_id",
    row_tests.has_no_lead,
    mend=f"{_NAME_COLUMN}, whose ids are those of leads",
)
LEAD_SET_ASIDE: Final = Rule("lead_set_aside", "the row of its lead is set aside", row_tests.has_invalid_lead)
MISSING_TIME: Final = Rule(
    "missing_time", "a required time is empty", row_tests.has_no_time, mend=_NAME_COLUMN
)
UNCLEAR_TIME: Final = Rule(
    "unclear_time",
    "the whole column leaves open which of day and month comes first",
    row_tests.is_unclear,
    mend='In [formats.{table}] of funnel.toml: datetime = "%d/%m/%Y" if {value} begins with the day, "%m/%d/%Y" if not',
)
BAD_TIME: Final = Rule("bad_time", f"expected {EXPECTED}", row_tests.is_not_a_time, mend=_NAME_FORMAT)
TIME_BEFORE_1990: Final = Rule(
    "time_before_1990", "the time is before 1990", row_tests.is_before_1990, mend=_NAME_COLUMN
)
TIME_IN_FUTURE: Final = Rule(
    "time_in_future", "the time is more than a day after now", row_tests.lies_in_the_future
)
EMPTY_KIND: Final = Rule("empty_kind", "kind is empty", row_tests.is_empty, mend=_NAME_COLUMN)
BAD_VALUE: Final = Rule(
    "bad_value", "value is not a number from -1e30 to 1e30", row_tests.is_bad_number, mend=_NAME_DECIMAL
)
DUPLICATE_INTERACTION: Final = Rule(
    "duplicate_interaction", "the lead has another interaction of this interaction_id, known earlier"
)
EMPTY_STAGE: Final = Rule("empty_stage", "stage is empty", row_tests.is_empty, mend=_NAME_COLUMN)
BAD_OUTCOME: Final = Rule(
    "bad_outcome",
    "expected a word for won, lost, open or gone; name your own in [values.outcomes] of funnel.toml",
    row_tests.is_not_a_state,
    mend="In [values.outcomes] of funnel.toml: won = [{value}], if it means won; else lost, open or gone",
)
BAD_COST: Final = Rule(
    "bad_cost", "amount is not a number from 0 to 1e30", row_tests.is_bad_number, mend=_NAME_DECIMAL
)
EMPTY_ATTRIBUTE: Final = Rule("empty_attribute", "attribute is empty", row_tests.is_empty, mend=_NAME_COLUMN)
FIXED_ATTRIBUTE: Final = Rule("fixed_attribute", "lead_id and created_at never change", row_tests.is_fixed)
MISSING_AMOUNT: Final = Rule("missing_amount", "amount is empty", row_tests.has_no_number, mend=_NAME_COLUMN)
PERIOD_ENDS_BEFORE_START: Final = Rule(
    "period_ends_before_start",
    "period_end is not after period_start",
    row_tests.ends_before_start,
    mend=_NAME_COLUMN,
)

PLACEHOLDER_TIME: Final = Rule(
    "placeholder_time",
    "a date such as 1970-01-01 or 9999-12-31 that stands for none; it counts as missing",
    keeps_row=True,
)
PLACEHOLDER_DATE: Final = Rule(
    "placeholder_date",
    "a date such as 1899-12-30 that stands for none; a date attribute whose other values are far from it is missing",
    keeps_row=True,
)
DAY_FIRST_TIME: Final = Rule(
    "day_first", "a local date; the day comes first, as the whole column shows", keeps_row=True
)
MONTH_FIRST_TIME: Final = Rule(
    "month_first", "a local date; the month comes first, as the whole column shows", keeps_row=True
)
COMMA_NUMBER: Final = Rule(
    "decimal_comma",
    "a number with a decimal comma, as the whole column shows, separators, a currency sign or a word such as Mio",
    keeps_row=True,
)
POINT_NUMBER: Final = Rule(
    "decimal_point",
    "a number with separators, a currency sign or a word such as k, and a decimal point if any",
    keeps_row=True,
)
OTHER_ID_FORM: Final = Rule(
    "other_id_form",
    "the id is one lead's in another form (123.0 for 123; 15 for 18 characters of Salesforce); the row is that lead's",
    keeps_row=True,
)
SEVERAL_IDS: Final = Rule(
    "several_ids", "the cell lists several ids; the row counts for each of these leads", keeps_row=True
)
LATE_ROW: Final = Rule(
    "late_row",
    "more than 30 days after everything else (a plan, or a typing error); it is not visible without an explicit T",
    keeps_row=True,
)
ODD_CREATION: Final = Rule(
    "odd_creation",
    "created far before all other leads (a placeholder, or a typing error); it widens no training and no period",
    keeps_row=True,
)
BEFORE_CREATION: Final = Rule("before_creation", "the row is older than its lead; it is kept", keeps_row=True)
UNKNOWN_DIRECTION: Final = Rule(
    "unknown_direction",
    "expected inbound or outbound; the row is kept without a direction",
    keeps_row=True,
)
BAD_AMOUNT: Final = Rule(
    "bad_amount",
    "amount is not a number from 0 to 1e30; the lead counts as won, its amount is unknown",
    keeps_row=True,
)
UNDECIDED_OUTCOME: Final = Rule(
    "undecided_outcome",
    "its only outcomes are set aside; the lead counts neither as open nor as decided",
    keeps_row=True,
)
GONE_LEAD: Final = Rule(
    "gone_lead",
    "merged, deleted, invalid, a duplicate or a test; the lead is left out of training, ranking, funnel and forecast",
    keeps_row=True,
)
MERGED_ROW: Final = Rule(
    "merged_row",
    "the lead is merged into another, which has stages, values or decisions of its own; the row is not read",
    keeps_row=True,
)
UNKNOWN_SURVIVOR: Final = Rule(
    "unknown_survivor",
    "no lead that is left has the id in merged_into; the rows of the merged lead are not read",
    keeps_row=True,
)
CLOSED_BEFORE_CREATED: Final = Rule(
    "closed_before_created",
    "closed before the lead was created; it counts as closed at its creation, and its cycle time is unknown",
    keeps_row=True,
)
CLOSING_AHEAD: Final = Rule(
    "closing_ahead",
    "won or lost after the end of the data; the lead counts as decided at that end",
    keeps_row=True,
)
OPEN_WITHOUT_TIME: Final = Rule(
    "open_without_time", "an open outcome without a time has no effect", keeps_row=True
)
IGNORED_ATTRIBUTE: Final = Rule(
    "ignored_attribute", "the attribute is in attributes.ignore; the change is not read", keeps_row=True
)
RENAMED_ATTRIBUTE: Final = Rule(
    "renamed_attribute",
    "the attribute is a column of leads under another name; the change counts for that column",
    keeps_row=True,
)
OTHER_FORM_OF_VALUE: Final = Rule(
    "other_form_of_value",
    "another change of the same instant has the value in the form of the column of leads; only that one counts",
    keeps_row=True,
)
NEAR_ATTRIBUTE: Final = Rule(
    "near_attribute",
    "the attribute is no column of leads, but nearly has the name of one, or its values; it is kept as one of its own",
    keeps_row=True,
)
FOREIGN_ENCODING: Final = Rule(
    "foreign_encoding",
    "the file is not UTF-8; it is read in the encoding that its bytes show",
    keeps_row=True,
)
NEAR_COLUMN: Final = Rule(
    "near_column",
    "a column has the name of a known one but for case or spaces; it is not read as that one",
    keeps_row=True,
)

RULES: Final = (
    RAGGED_ROW,
    EMPTY_ID,
    NUL_IN_ID,
    LONG_ID,
    ROUNDED_ID,
    ID_CASE,
    ID_ZEROS,
    LISTED_IDS,
    DUPLICATE_LEAD,
    UNKNOWN_LEAD,
    LEAD_SET_ASIDE,
    MISSING_TIME,
    UNCLEAR_TIME,
    BAD_TIME,
    TIME_BEFORE_1990,
    TIME_IN_FUTURE,
    EMPTY_KIND,
    BAD_VALUE,
    DUPLICATE_INTERACTION,
    EMPTY_STAGE,
    BAD_OUTCOME,
    BAD_COST,
    EMPTY_ATTRIBUTE,
    FIXED_ATTRIBUTE,
    MISSING_AMOUNT,
    PERIOD_ENDS_BEFORE_START,
    PLACEHOLDER_TIME,
    PLACEHOLDER_DATE,
    DAY_FIRST_TIME,
    MONTH_FIRST_TIME,
    COMMA_NUMBER,
    POINT_NUMBER,
    OTHER_ID_FORM,
    SEVERAL_IDS,
    LATE_ROW,
    ODD_CREATION,
    BEFORE_CREATION,
    UNKNOWN_DIRECTION,
    BAD_AMOUNT,
    UNDECIDED_OUTCOME,
    GONE_LEAD,
    MERGED_ROW,
    UNKNOWN_SURVIVOR,
    CLOSED_BEFORE_CREATED,
    CLOSING_AHEAD,
    OPEN_WITHOUT_TIME,
    IGNORED_ATTRIBUTE,
    RENAMED_ATTRIBUTE,
    NEAR_ATTRIBUTE,
    OTHER_FORM_OF_VALUE,
    FOREIGN_ENCODING,
    NEAR_COLUMN,
)
RULE_OF: Final[Mapping[str, Rule]] = {rule.name: rule for rule in RULES}
REJECTED: Final[Mapping[str, str]] = {rule.name: rule.message for rule in RULES if not rule.keeps_row}
FLAGGED: Final[Mapping[str, str]] = {rule.name: rule.message for rule in RULES if rule.keeps_row}
