"""What an export says nothing of although it matters to a model, and which other export of its system has it."""

from collections.abc import Collection, Mapping
from typing import Final

import pyarrow as pa

NEWER: Final = "or import a newer export into the same folder from time to time"
# What has the times of stage changes, by system.
STAGE_HISTORY: Final[Mapping[str, str]] = {
    "dynamics": "the rows of audit of the opportunities and of their process flow (activestageid, by the Web API, a "
    "loader, or a tool that saves the audit history as CSV with Record ID, Changed Date, Changed Field, Old Value and "
    "New Value; no view has them)",
    "hubspot": "the columns 'Date entered ...' of each stage, or the deals with propertiesWithHistory by the API",
    "odoo": "in the list export Status time (since Odoo 17), or as an administrator Messages/Date, Messages/Subject, "
    "Messages/Tracking values/Field, .../Old Value Char, .../New Value Char, .../Old Value Integer and .../New Value "
    "Integer, or mail.message and mail.tracking.value",
    "pipedrive": "the flow of the deals by the API (/deals/{id}/flow), or the table of a progress report of Insights "
    "with Deal ID, Stage entered and Date of entering stage",
    "salesforce": "OpportunityHistory, or a report of the type Opportunity History with From Stage, To Stage and Last "
    "Modified (of Leads: LeadHistory)",
}
# The AUC of models of each system's own exports with and without it, on simulated CRMs of 2,500 leads: 0.789 to 0.792,
# and 0.722 to 0.731 (benchmarks.imported_models).
WORTH: Final = "Models of simulated CRMs rank with an AUC of 0.79 with it, of 0.73 without."
# What has the interactions, by system.
ACTIVITIES: Final[Mapping[str, str]] = {
    "dynamics": "the tables or views of phone calls, e-mails, appointments and tasks",
    "hubspot": "calls, e-mails, meetings, notes and tasks with their associations, and form submissions",
    "marketo": "the activities",
    "odoo": "in the list export Messages/Date, Messages/Type, Messages/Subtype, Messages/Mail Activity Type and "
    "Messages/Author, or mail.message; and the meetings (calendar.event)",
    "pardot": "the visitor activities",
    "pipedrive": "activities and notes",
    "salesforce": "Task and Event, or a report of the type Activities with Opportunities or Tasks and Events with "
    "Activity ID, Opportunity ID, Start Date Time and Completed Date/Time",
}

OWNER: Final = "owner"
NOT_OWN: Final = (
    "lead_id",
    "created_at",
    "account_id",
    "source",
    OWNER,
)  # columns of leads that every system has
FEW: Final = 3  # fields of the team's own: a list with fewer was exported with the columns it showed
# What has the times at which records were given to another owner, by system.
OWNER_HISTORY: Final[Mapping[str, str]] = {
    "dynamics": "the rows of audit of the opportunities (ownerid)",
    "hubspot": "the deals with propertiesWithHistory of hubspot_owner_id by the API",
    "marketo": "the activities Change Owner and Change Data Value",
    "odoo": "the tracked changes of the salesperson (Messages/Tracking values/... or mail.tracking.value)",
    "pardot": "",
    "pipedrive": "the flow of the deals by the API (/deals/{id}/flow)",
    "salesforce": "OpportunityFieldHistory, or a report of the type Opportunity Field History with Field / Event, Old "
    "Value, New Value and Edit Date, the owner among its tracked fields",
}


def stage_lack(system: str, stages: pa.Table) -> str | None:
    """The sentence for an export most of whose rows of `stages` are present stages, which no model can learn from."""
    rows = len(stages)
    of_today = rows - stages.column("recorded_at").null_count
    if rows and of_today <= rows / 2:
        return None
    known = f"{of_today:,} of {rows:,} stages are known only since the export" if rows else "it has no stages"
    mend = STAGE_HISTORY.get(system)
    return (
        f"no note of when stages changed ({known}): a model learns nothing of stages. "
        + (f"Export {mend} as well, {NEWER}. {WORTH}" if mend else "")
    ).strip()


def activity_lack(system: str, rows: Mapping[str, int]) -> str | None:
    """The sentence for an import without interactions; rows by table."""
    mend = ACTIVITIES.get(system)
    if rows.get("interactions") or mend is None:
        return None
    return f"no calls, e-mails, meetings or other activities: a model learns nothing of them. Export {mend} as well."


def column_lack(system: str, columns: Collection[str], identity: Collection[str]) -> str | None:
    """The sentence for an export of deals with few fields of the team's own; columns: of leads, identity: of these."""
    own = [name for name in columns if name not in NOT_OWN and name not in identity]
    if system not in STAGE_HISTORY or len(own) >= FEW:
        return None
    known = f"only {len(own)} of your own fields ({', '.join(own)})" if own else "none of your own fields"
    return f"{known}: add every field that is filled in early to the columns of the export."


def owner_of_today(system: str, columns: Collection[str], changed: Collection[str]) -> str | None:
    """The sentence for owners without a history, which no model may learn; columns of leads, attributes with changes.

    Where others take leads over that get on, the owner of the export's day tells how far a lead came.
    """
    mend = OWNER_HISTORY.get(system)
    if mend is None or OWNER not in columns or OWNER in changed:
        return None
    what = "no note of when owners changed: they are shown, and no model learns them ([attributes] mutable)."
    return f"{what} Export {mend} as well." if mend else what
