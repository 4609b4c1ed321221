"""The objects of Pipedrive: fields of its API, their labels in exports, and what each is to a model."""

import re
from typing import Final

from connectors.reading.declare import ObjectKind, Trap, times, trapped, used

# Exports write "Deal - Stage", in other languages "Affaire - Étape", the newer API custom_fields.HASH.
WRAPPER: Final = re.compile(
    r"^(?:(?:deal|activity|note|person|organi[sz]ation|aktivität|notiz|affaire|activité|personne|trato|negocio|actividad"
    r"|nota|persona|organización) [-–] |custom_fields(?:\.|__))",
    re.IGNORECASE,
)
HASH: Final = re.compile(r"^([0-9a-f]{40})$")
# A custom field's companions, the insides of its linked records, and what Pipedrive keeps itself.
OWN_FIELD: Final = re.compile(
    r"^[0-9a-f]{40}[_.]|[._]{1,2}(?:value|email|phone|picture.*|active_flag|has_pic|pic_hash|people_count|cc_email"
    r"|address|label|label_ids|owner_id|company_id|has_picture|hidden)$|^(?:user_id|creator_user_id|person_id|org_id"
    r"|owner_id)[._]|_count$|_id$|_ids$|_currency$|_time$|^(?:next|last|local|formatted|weighted)_|^(?:formatted|active"
    r"|deleted|rotten|visible|cc_|edit_name|group_|participants|is_|archive)|_name$|_hidden$|_order_nr$|_hash$",
    re.IGNORECASE,
)

DEAL: Final = ObjectKind(
    "Deal",
    (
        *used(
            "id|Deal ID|ID", "stage_id|Stage", "stage_name", "pipeline_id|Pipeline", "pipeline_name", "status|Status",
            "value|Value|Deal value", "currency|Currency of Value|Currency|Value currency", "deleted|is_deleted",
            "user_id|owner_id|Owner ID|user_id.id|user_id.value", "owner_name|Owner|user_id.name|Deal owner",
            "person_id|person_id.value|Contact person ID|Person ID", "org_id|org_id.value|Organization ID",
            "lost_reason|Lost reason", "merge_what_id", "source|Source|channel|Source channel|Lead source",
        ),
        *times(
            "add_time|Deal created|Created|Add time|Deal created on", "update_time|Update time|Updated",
            "stage_change_time|Last stage change", "won_time|Won time|Won on", "lost_time|Lost time|Lost on",
            "close_time|Deal closed on|Closed on|Close time", "expected_close_date|Expected close date",
        ),
        *trapped(
            Trap.IDENTITY, "title|Title|Deal title", "org_name|Organization|org_id.name",
            "person_name|Contact person|person_id.name",
        ),
        *trapped(
            Trap.TODAY,
            "weighted_value|Weighted value", "weighted_value_currency|Currency of Weighted value",
            "probability|Probability", "activities_count|Total activities", "done_activities_count|Done activities",
            "undone_activities_count|Activities to do", "email_messages_count|Email messages count",
            "next_activity_date|Next activity date", "last_activity_date|Last activity date",
            "last_incoming_mail_time|Last email received", "last_outgoing_mail_time|Last email sent",
            "products_count|Product quantity", "products_amount|Product amount", "products_name|Product name",
            "notes_count", "files_count", "followers_count", "label|Label|Labels|label_ids", "visible_to|Visible to",
            "rotten_time", "archive_status|Archive status|is_archived", "acv|ACV", "arr|ARR", "mrr|MRR",
        ),
        *trapped(Trap.OUTCOME, "first_won_time", "local_won_date", "local_lost_date", "local_close_date"),
        *trapped(
            Trap.IGNORE, "creator_user_id|Creator|creator_user_id.name", "cc_email", "origin|Source origin",
            "origin_id", "channel_id|Source channel ID", "active",
        ),
    ),
    needs=(("stage_id", "stage_name"), "status", ("id", "title"), ("add_time", "title")),
    wrapper=WRAPPER,
)  # fmt: skip
CHANGE: Final = ObjectKind(
    "DealChange",
    (
        *used(
            "deal_id|item_id|data.item_id|Deal ID", "field_key|data.field_key|field", "old_value|data.old_value",
            "new_value|data.new_value", "object", "id|data.id",
        ),
        *times("log_time|data.log_time|timestamp|time|Time"),
    ),
    needs=("deal_id", "field_key", "new_value", "log_time"),
)  # fmt: skip
STAGE_ENTRY: Final = ObjectKind(
    "StageEntry",
    (
        *used("deal_id|Deal ID|ID", "stage|Stage entered|Entered stage|Deal stage entered"),
        *times(
            "entered|Date of entering stage|Stage entered date|Stage entered on|Entered stage on|Date entered stage"
            "|Stage entry date"
        ),
    ),
    needs=("deal_id", "stage", "entered"),
    wrapper=WRAPPER,
)  # fmt: skip
ACTIVITY: Final = ObjectKind(
    "Activity",
    (
        *used(
            "id|Activity ID|ID", "type|Type|Activity type", "done|Done|Status", "deal_id|Deal ID|deal_id.value",
            "person_id|Contact person ID|Person ID|person_id.value", "duration|Duration", "due_time|Due time",
            "active_flag", "is_deleted|deleted",
        ),
        *times(
            "due_date|Due date", "marked_as_done_time|Marked as done time", "add_time|Add time|Creation time|Created",
        ),
        *trapped(Trap.IDENTITY, "subject|Subject", "note|Note", "public_description"),
    ),
    needs=("type", "done", ("due_date", "marked_as_done_time"), ("deal_id", "person_id")),
    without=(),
    streamed=True,
    wrapper=WRAPPER,
)  # fmt: skip
NOTE: Final = ObjectKind(
    "Note",
    (
        *used(
            "id|Note ID|ID", "content|Content|Note", "deal_id|Deal ID|deal_id.value", "active_flag",
            "is_deleted|deleted",            "person_id|Contact person ID|Person ID|person_id.value",
        ),
        *times("add_time|Add time|Creation time|Created"),
    ),
    needs=("content", "add_time", ("deal_id", "person_id")),
    streamed=True,
    wrapper=WRAPPER,
)  # fmt: skip
STAGE: Final = ObjectKind(
    "Stage",
    used(
        "id|stage_id", "name|Name", "order_nr|order", "pipeline_id", "deal_probability", "is_deleted|deleted"
    ),
    needs=("id", "name", "order_nr", "pipeline_id"),
)
PIPELINE: Final = ObjectKind(
    "Pipeline",
    used(
        "id|pipeline_id",
        "name|Name",
        "order_nr|order",
        "url_title",
        "deal_probability",
        "is_deal_probability_enabled",
    ),
    needs=("id", "name", "order_nr", ("url_title", "deal_probability", "is_deal_probability_enabled")),
)
USER: Final = ObjectKind(
    "User",
    used(
        "id|User ID",
        "name|Name",
        "email|Email",
        "is_admin",
        "icon_url",
        "timezone_name",
        "role_id",
        "last_login",
    ),
    needs=("id", "name", "email", ("is_admin", "icon_url", "timezone_name", "role_id", "last_login")),
)
FIELD: Final = ObjectKind(
    "DealField",
    used("key|field_code", "name|field_name", "field_type", "options", "edit_flag", "id"),
    needs=("key", "name", "field_type"),
)
# The options of a field, nested in the pages of dealFields, belong to no record of a deal.
OPTION: Final = ObjectKind(
    "FieldOption", used("id", "label", "parent.Id", "color"), needs=("id", "label", "parent.Id")
)


def _unused(name: str, reason: str, *needs: str | tuple[str, ...]) -> ObjectKind:
    listed = [name for need in needs for name in ((need,) if isinstance(need, str) else need)]
    return ObjectKind(name, used(*listed), needs, streamed=True, unused=reason, wrapper=WRAPPER)


UNUSED: Final = (
    _unused("Person", "persons_are_no_leads", ("id", "ID", "Name"), ("name", "Name"),
            ("open_deals_count", "first_name", "First name", "Open deals", "primary_email")),
    _unused("Organization", "organizations_are_no_leads", ("id", "ID", "Name"), ("name", "Name"),
            ("people_count", "People", "address", "Address")),
    _unused("Lead", "leads_of_the_inbox_are_no_deals", "id", "title", ("is_archived", "source_name", "label_ids")),
    _unused("Product", "products_are_not_read", "id", "name", ("code", "unit", "prices")),
)  # fmt: skip
# The most specific first.
ALL_KINDS: Final = (
    CHANGE, STAGE_ENTRY, FIELD, DEAL, ACTIVITY, NOTE, USER, STAGE, PIPELINE, OPTION, *UNUSED,
)  # fmt: skip
