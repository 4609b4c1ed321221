"""The models of Odoo: fields by technical name, their labels in list exports, and what each is to a model."""

from dataclasses import replace
from typing import Final

from connectors.reading.declare import Field, ObjectKind, Trap, times, trapped, used

# Columns of a list export of leads whose cells are changes that a message tracks.
TRACKED_LABEL: Final = "Messages/Tracking values"
TRACKED_PATH: Final = "message_ids.tracking."


def relation(name: str, *labels: str, trap: Trap = Trap.USED) -> tuple[Field, ...]:
    """A many2one field: itself (an id, `[id, name]` or a name), and its columns NAME.id and NAME.name.

    A list export writes these as `stage_id/id`, `Stage/External ID`, `Stage/Name` or `Stage/Stage Name`.
    """
    ids = [f"{label}/{part}" for label in labels for part in ("ID", "External ID")]
    names = [
        f"{label}/{part}" for label in labels for part in ("Name", "Display Name", f"{label} Name", label)
    ]
    return (
        Field(name, trap, labels),
        Field(f"{name}.id", trap, (f"{name}/.id", *ids)),
        Field(f"{name}.name", trap, (f"{name}.display_name", f"{name}/complete_name", *names)),
    )


_VALUES: Final = tuple(
    f"{side}_value_{kind}|{side.title()} Value {kind.title()}"
    for side in ("old", "new")
    for kind in ("integer", "float", "monetary", "char", "text")
)
_MOMENTS: Final = ("old_value_datetime|Old Value DateTime", "new_value_datetime|New Value DateTime")


def _tracked() -> tuple[Field, ...]:
    """The columns of tracked changes in a list export of leads: `message_ids/tracking_value_ids/new_value_char`."""
    names = used("field_id|Field", "field", "field_desc|Field Description", *_VALUES) + times(*_MOMENTS)
    return tuple(
        replace(
            field,
            name=f"{TRACKED_PATH}{field.name}",
            labels=(
                f"message_ids/tracking_value_ids/{field.name}",
                *(f"{TRACKED_LABEL}/{label}" for label in field.labels),
            ),
        )
        for field in names
    )


_SYSTEM: Final = trapped(
    Trap.IGNORE,
    "create_uid|Created by", "write_uid|Last Updated by", "color|Color Index", "message_main_attachment_id",
    "message_follower_ids|Followers", "message_partner_ids|Followers (Partners)", "activity_ids|Activities",
    "message_ids|Messages", "website_message_ids|Website Messages", "rating_ids|Ratings", "display_name|Display Name",
    "recurring_plan|Recurring Plan", "order_ids|Orders", "visitor_ids|Web Visitors",
    "calendar_event_ids", "duplicate_lead_ids", "lead_mining_request_id|Lead Mining Request", "reveal_id|Reveal ID",
    "iap_enrich_done|Enrichment done", "partner_latitude", "partner_longitude", "partner_assigned_id",
    "commercial_partner_id", "user_company_ids", "stage_id_color", "lang_code", "lang_active_count", "parent.Id",
    "message_attachment_count", "message_has_error", "message_has_sms_error", "message_is_follower",
    "message_needaction", "message_needaction_counter", "message_has_error_counter", "has_message",
    "show_enrich_button", "parent.list", "is_rainbowman", "email_domain_criterion", "lead_properties_definition",
)  # fmt: skip

LEAD: Final = ObjectKind(
    "crm.lead",
    (
        *used(
            "id|External ID|ID", "type|Type", "active|Active", "probability|Probability",
            "expected_revenue|Expected Revenue|planned_revenue", "won_status|Is Won", "tag_ids|Tags",
            "duration_tracking|Status time",
            "tag_ids.name|Tags/Name|Tags/Tag Name|Tags/Display Name",
            "message_ids.message_type|message_ids/message_type|Messages/Type",
            "message_ids.subtype|message_ids/subtype_id/name|message_ids/subtype_id|Messages/Subtype",
            "message_ids.activity|message_ids/mail_activity_type_id|Messages/Mail Activity Type",
            "message_ids.author|message_ids/author_id|Messages/Author",
            "message_ids.subject|message_ids/subject|Messages/Subject",
        ),
        *_tracked(),
        *relation("stage_id", "Stage"),
        *relation("user_id", "Salesperson"),
        *relation("team_id", "Sales Team"),
        *relation("partner_id", "Customer"),
        *relation("source_id", "Source"),
        *relation("medium_id", "Medium"),
        *relation("campaign_id", "Campaign"),
        *relation("country_id", "Country"),
        *relation("state_id", "State"),
        *relation("lang_id", "Language"),
        *relation("lost_reason_id", "Lost Reason", "Lost Reason Id"),
        *relation("lost_reason"),
        # Without its paths: "Company/Name" and the field "Company Name" are one name.
        *used("company_id|Company", "company_id.id", "company_id.name|Company/Display Name"),
        *relation("company_currency", "Currency", "Company Currency"),
        *times(
            "create_date|Created on|Creation Date", "write_date|Last Updated on", "date_closed|Closed Date",
            "date_open|Assignment Date|Assigned", "date_conversion|Conversion Date",
            "date_last_stage_update|Last Stage Update", "date_deadline|Expected Closing|Expected Closing Date",
            "message_ids.date|message_ids/date|Messages/Date",
        ),
        *trapped(
            Trap.IDENTITY,
            "name|Opportunity|Opportunity Name|Lead", "partner_name|Company Name", "contact_name|Contact Name",
            "email_from|Email", "email_normalized|Normalized Email", "email_cc|Email cc", "phone|Phone",
            "mobile|Mobile", "phone_sanitized|Sanitized Number", "website|Website", "street|Street",
            "street2|Street2", "zip|Zip", "description|Notes", "title|Title", "access_url",
        ),
        *trapped(
            Trap.TODAY,
            "priority|Priority", "automated_probability|Automated Probability", "prorated_revenue|Prorated Revenue",
            "recurring_revenue|Recurring Revenues", "recurring_revenue_monthly|Expected MRR",
            "recurring_revenue_monthly_prorated|Prorated MRR", "date_automation_last|Last Action", "kanban_state",
            "activity_state|Activity State", "activity_user_id|Responsible User", "activity_type_id",
            "activity_date_deadline|Next Activity Deadline", "activity_summary|Next Activity Summary",
            "my_activity_date_deadline|My Activity Deadline", "activity_exception_decoration", "activity_type_icon",
            "activity_exception_icon", "activity_calendar_event_id", "meeting_display_date", "meeting_display_label",
            "calendar_event_count|# Meetings", "meeting_count", "quotation_count|Number of Quotations",
            "sale_order_count|Number of Sale Orders", "sale_amount_total|Sum of Orders", "sale_number",
            "duplicate_lead_count|Potential Duplicate Lead Count", "visitor_page_count|# Page Views",
            "message_bounce|Bounce", "is_blacklisted|Blacklist", "phone_blacklisted", "mobile_blacklisted",
            "email_state|Email Quality", "phone_state|Phone Quality", "is_automated_probability",
            "partner_email_update", "partner_phone_update", "partner_is_blacklisted", "date_partner_assign",
            "stage_name",
        ),
        *trapped(Trap.OUTCOME, "day_close|Days to Close", "day_open|Days to Assign"),
        *_SYSTEM,
    ),
    needs=(("stage_id", "stage_id.id", "stage_id.name"), ("id", "name"),
           ("create_date", "probability", "expected_revenue", "date_closed", "date_last_stage_update")),
    without=("mail_message_id",),
)  # fmt: skip
MESSAGE: Final = ObjectKind(
    "mail.message",
    (
        *used(
            "id|ID|External ID", "res_id|Related Document ID", "model|Related Document Model", "message_type|Type",
            "subject|Subject", "is_internal|Employee Only", "parent.Id",
        ),
        *relation("subtype_id", "Subtype"),
        *relation("author_id", "Author"),
        *relation("mail_activity_type_id", "Mail Activity Type"),
        *times("date|Date", "create_date|Created on"),
        *trapped(
            Trap.IDENTITY, "body|Contents", "email_from|From", "reply_to", "record_name|Message Record Name",
            "message_id|Message-Id", "preview",
        ),
    ),
    needs=(("res_id", "parent.Id"), "date", ("message_type", "subtype_id")),
)  # fmt: skip
TRACKING: Final = ObjectKind(
    "mail.tracking.value",
    (
        *used("id|ID", "field_desc|Field Description", "field_type|Field Type", "field_info", *_VALUES),
        *times(*_MOMENTS, "create_date"),
        *relation("field_id"),  # since Odoo 17
        *relation("field", "Field"),
        *relation("mail_message_id", "Message ID", "Message"),
    ),
    needs=("mail_message_id", ("new_value_integer", "new_value_char", "new_value_float"),
           ("field", "field_id", "field_id.name", "field_desc")),
)  # fmt: skip
STAGE: Final = ObjectKind(
    "crm.stage",
    used("id|ID|External ID", "name|Stage Name", "sequence|Sequence", "is_won|Is Won Stage?", "fold"),
    needs=("id", "name", "sequence", "is_won"),
    without=("stage_id", "probability"),
)  # fmt: skip
FIELDS: Final = ObjectKind(
    "ir.model.fields",
    used("id", "name|Field Name", "model|Model Name|Object Name", "field_description|Field Label", "ttype|Field Type"),
    needs=("id", "name", "model", "ttype"),
)  # fmt: skip
SUBTYPE: Final = ObjectKind(
    "mail.message.subtype",
    used("id", "name|Message Type", "res_model|Model", "internal|Internal Only", "default|Default"),
    needs=("id", "name", "internal", "default"),
)
ACTIVITY_TYPE: Final = ObjectKind(
    "mail.activity.type",
    used("id", "name|Name", "category|Action", "delay_count|Schedule", "res_model|Model"),
    needs=("id", "name", "category", "delay_count"),
)
ACTIVITY: Final = ObjectKind(
    "mail.activity",
    (
        *used("id", "res_id|Related Document ID", "res_model|Related Document Model|Document Model", "active|Active"),
        *relation("activity_type_id", "Activity Type"),
        *times("date_deadline|Due Date", "date_done|Done Date", "create_date|Created on"),
        *trapped(Trap.IDENTITY, "summary|Summary", "note|Note"),
    ),
    needs=(("res_id", "parent.Id"), ("activity_type_id", "activity_type_id.name"), "date_deadline"),
    without=("stage_id", "message_type"),
)  # fmt: skip
MEETING: Final = ObjectKind(
    "calendar.event",
    (
        *used("id|ID|External ID", "active|Active", "duration|Duration"),
        *relation("opportunity_id", "Opportunity"),
        *times("start|Start", "stop|Stop", "create_date|Created on"),
        *trapped(Trap.IDENTITY, "name|Meeting Subject", "location|Location", "description|Description"),
    ),
    needs=("id", ("opportunity_id", "opportunity_id.id"), "start", "stop"),
)
USER: Final = ObjectKind(
    "res.users",
    (*used("id|ID", "login|Login", "name|Name"), *relation("partner_id", "Related Partner")),
    needs=("id", "login"),
)
PARTNER: Final = ObjectKind(
    "res.partner",
    (
        *used(
            "id|ID", "name|Name", "display_name|Display Name", "is_company|Is a Company", "type|Address Type"
        ),
        *relation("parent_id", "Related Company"),
        *relation("commercial_partner_id", "Commercial Entity"),
    ),
    needs=("id", ("name", "display_name"), "is_company"),
)
CURRENCY: Final = ObjectKind(
    "res.currency",
    used("id|ID", "name|Currency", "rate|Current Rate", "rounding|Rounding Factor", "symbol|Symbol"),
    needs=("name", "rate", ("rounding", "symbol")),
)
RATE: Final = ObjectKind(
    "res.currency.rate",
    (
        *used("id", "rate|Technical Rate"),
        *relation("currency_id", "Currency"),
        *times("name|Date"),
    ),
    needs=("name", "rate", "currency_id"),
)
COMPANY: Final = ObjectKind(
    "res.company",
    (
        *used("id", "name|Company Name"),
        *relation("currency_id", "Currency"),
        *relation("partner_id", "Partner"),
    ),
    needs=("id", "name", "currency_id"),
)
LEAD_TAGS: Final = ObjectKind(
    "crm.tag.rel",
    used("lead_id|crm_lead_id", "tag_id|crm_tag_id"),
    needs=("lead_id", "tag_id"),
    without=("id",),
)
# Lookup tables of ids and names: their columns are alike, so that the file's name tells them apart.
NAMED_MODELS: Final = {
    "lost_reason": "lost_reason_id", "utm_source": "source_id", "utm_medium": "medium_id",
    "utm_campaign": "campaign_id", "crm_team": "team_id", "crm_tag": "tag_ids", "country_state": "state_id",
    "res_country": "country_id", "res_lang": "lang_id",
}  # fmt: skip
NAMES: Final = ObjectKind(
    "names", used("id|ID", "name|Name"), needs=("id", "name"), without=("email_from", "login", "stage_id"),
    named=tuple(NAMED_MODELS),
)  # fmt: skip
# The most specific first.
ALL_KINDS: Final = (
    TRACKING, MEETING, MESSAGE, ACTIVITY, LEAD, STAGE, FIELDS, SUBTYPE, ACTIVITY_TYPE, USER, PARTNER, RATE, CURRENCY,
    COMPANY, LEAD_TAGS, NAMES,
)  # fmt: skip
# Many2one fields that are attributes, by the column of `leads` that they fill.
RELATIONS: Final = {
    "team_id": "team", "medium_id": "medium", "campaign_id": "campaign", "country_id": "country",
    "state_id": "state", "lang_id": "language",
}  # fmt: skip
