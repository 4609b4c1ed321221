"""The other tables of HubSpot: histories, links, pipelines, activities, and what is known and not needed."""

import re
from typing import Final

from connectors.hubspot.objects import CONTACT, DEAL, WRAPPER
from connectors.reading.declare import ObjectKind, times, used

HISTORY: Final = ObjectKind(
    "PropertyHistory",
    (
        *used(
            "deal_id|dealId", "contact_id|contactId|vid", "company_id|companyId", "object_id|hs_object_id|parent.Id",
            "name|property|property_name", "parent.list", "value",
        ),
        *times("timestamp|property_timestamp"),
    ),
    needs=(("name", "parent.list"), "value", "timestamp", ("deal_id", "contact_id", "company_id", "object_id")),
)  # fmt: skip
# One row a record; its further columns are told apart by their place (connectors/hubspot/property_export.py).
PROPERTY_EXPORT: Final = ObjectKind(
    "PropertyExport",
    used(
        "hs_object_id|Record ID", "dealname|Deal Name", "email|Email", "Previous Value (1)", "Change Source",
        "Changed By", "Change Date (UTC)",
    ),
    needs=("hs_object_id", ("Previous Value (1)", "Change Source", "Changed By", "Change Date (UTC)")),
    without=("value",),
    dated=re.compile(r"^change date", re.IGNORECASE),
)  # fmt: skip
DEAL_STAGE: Final = ObjectKind(
    "DealStage",
    (*used("deal_id|dealId", "value|stage_id|dealstage"), *times("date_entered")),
    needs=("deal_id", "value", "date_entered"),
)
STAGE: Final = ObjectKind(
    "Stage",
    used(
        "stage_id|stageId|id", "label|Label", "displayOrder|display_order", "probability|metadata.probability",
        "isClosed|is_closed|metadata.isClosed", "closed_won|closedWon", "pipeline_id|pipelineId|parent.Id",
    ),
    needs=("stage_id", "label", ("probability", "isClosed", "closed_won")),
)  # fmt: skip
PIPELINE: Final = ObjectKind(
    "Pipeline",
    used("pipeline_id|pipelineId|id", "label|Label", "displayOrder|display_order", "stages"),
    needs=("pipeline_id", "label", "displayOrder"),
    without=("value",),
)
OWNER: Final = ObjectKind(
    "Owner",
    used("owner_id|ownerId|id", "email", "full_name", "firstName|first_name", "lastName|last_name",
         "userId|user_id|active_user_id|userIdIncludingInactive", "type", "portal_id"),
    needs=("owner_id", "email", ("firstName", "lastName"), ("userId", "type", "portal_id")),
    without=("lifecyclestage",),
)  # fmt: skip
ASSOCIATION: Final = ObjectKind(
    "Association",
    used("id|toObjectId", "type", "parent.Id", "parent.list"),
    needs=("id", "parent.Id", "parent.list"),
    without=("value",),
)
DEAL_CONTACT: Final = ObjectKind(
    "DealContact", used("deal_id", "contact_id"), needs=("deal_id", "contact_id")
)
DEAL_COMPANY: Final = ObjectKind(
    "DealCompany", used("deal_id", "company_id"), needs=("deal_id", "company_id")
)
ENGAGEMENT_DEAL: Final = ObjectKind(
    "EngagementDeal", used("engagement_id", "deal_id"), needs=("engagement_id", "deal_id")
)
ENGAGEMENT_CONTACT: Final = ObjectKind(
    "EngagementContact", used("engagement_id", "contact_id"), needs=("engagement_id", "contact_id")
)
MERGED_DEAL: Final = ObjectKind(
    "MergedDeal", used("deal_id", "merged_deal_id"), needs=("deal_id", "merged_deal_id")
)
MERGED_CONTACT: Final = ObjectKind(
    "MergedContact",
    used("canonical_vid|canonical-vid|contact_id", "vid_to_merge|vid-to-merge"),
    needs=("canonical_vid", "vid_to_merge"),
)
ENGAGEMENT: Final = ObjectKind(
    "Engagement",
    (
        *used(
            "engagement_id|hs_object_id|Record ID|engagement.id|id|Activity ID",
            "type|engagement.type|hs_engagement_type|Activity type|Engagement type",
            "hs_call_direction|Call direction", "hs_call_duration|Call duration|metadata.durationMilliseconds|duration",
            "hs_call_status|Call status", "hs_email_direction|Email direction", "hs_email_status|Email send status",
            "hs_email_subject|Email subject", "hs_meeting_outcome|Meeting outcome|meeting_outcome",
            "hs_meeting_title|Meeting name", "hs_note_body|Note body|hs_body_preview",
            "hs_task_status|Task status|metadata.status|status", "hs_task_type|Task type|metadata.taskType|task_type",
            "hs_communication_channel_type|Communication channel type|channel_type",
            "deal_ids|associations.dealIds|Associated Deal IDs|deals",
            "contact_ids|associations.contactIds|Associated Contact IDs|contacts", "archived|is_deleted|isDeleted",
        ),
        *times(
            "hs_timestamp|engagement.timestamp|timestamp|Activity date|start_time|hs_meeting_start_time|Due date",
            "hs_createdate|engagement.createdAt|createdAt|created_at|Create date",
            "hs_task_completion_date|metadata.completionDate|completion_date|Completed at",
            "hs_meeting_end_time|end_time|Meeting end time",
        ),
    ),
    needs=(
        "engagement_id", "hs_timestamp",
        ("type", "hs_call_direction", "hs_call_duration", "hs_email_direction", "hs_email_subject",
         "hs_meeting_outcome", "hs_meeting_title", "hs_meeting_end_time", "hs_note_body", "hs_task_status",
         "hs_task_type",         "hs_communication_channel_type"),
    ),
    streamed=True,
    wrapper=WRAPPER,
)  # fmt: skip
EMAIL_EVENT: Final = ObjectKind(
    "EmailEvent",
    (
        *used("id", "type", "recipient", "filteredEvent|filtered_event"),
        *times("created"),
    ),
    needs=("id", "type", "created", "recipient"),
    streamed=True,
)
FORM_SUBMISSION: Final = ObjectKind(
    "FormSubmission",
    (
        *used(
            "contact_id|contactId|parent.Id|vid", "email|values.email|Email", "form_id|formId|form-id|Form ID",
            "conversion_id|conversionId|conversion-id|Conversion ID", "page_url|pageUrl|page-url|Conversion Page",
        ),
        *times("timestamp|submittedAt|submitted_at|Conversion Date|Submission date"),
    ),
    needs=("timestamp", ("form_id", "conversion_id", "page_url"), ("contact_id", "email")),
    without=("value",),
    streamed=True,
)  # fmt: skip


def _unused(
    name: str, reason: str, *needs: str | tuple[str, ...], without: tuple[str, ...] = ()
) -> ObjectKind:
    listed = [name for need in needs for name in ((need,) if isinstance(need, str) else need)]
    return ObjectKind(name, used(*listed, *without), needs, without, streamed=True, unused=reason)


# Known tables of which nothing is needed, so that they are named with a reason.
UNUSED: Final = (
    _unused("EmailEventDetail", "detail_of_an_email_event", "id",
            ("browser", "user_agent", "response", "smtp_id", "drop_reason", "bcc", "subscriptions"),
            without=("created", "recipient")),
    _unused("EngagementDetail", "engagement_without_a_time", ("engagement_id", "portal_id"), ("type", "engagement_id"),
            without=("deal_id", "contact_id", "company_id", "email")),
    _unused("EngagementCompany", "link_to_a_company", "engagement_id", "company_id"),
    _unused("Company", "companies_are_no_leads", ("id", "company_id", "hs_object_id", "Record ID"),
            ("property_name", "properties.name", "properties_name", "name", "Company name"),
            ("property_industry", "properties.industry", "industry", "domain", "properties.domain", "Industry",
             "property_domain", "properties_domain", "properties_industry", "Company Domain Name")),
    _unused("ContactList", "lists_are_not_dated", "id", "name",
            ("list_version", "filters_updated_at", "processing_type")),
    _unused("ContactListMember", "lists_are_not_dated", "contact_id", "contact_list_id"),
    _unused("EmailCampaign", "campaigns_are_no_activities", "id", ("app_id", "appId"), ("num_included", "subject")),
    _unused("Form", "forms_are_no_activities", "guid", ("form_type", "submit_text", "formType")),
    _unused("Property", "properties_are_no_facts", "name", ("field_type", "fieldType"), ("group_name", "groupName")),
    _unused("PropertyOption", "properties_are_no_facts", "property_id", "value", "label"),
    _unused("TeamMember", "teams_are_not_learned", "team_id", ("user_id", "owner_id")),
    _unused("User", "users_are_no_owners", "id", "email", ("role_id", "primary_team_id")),
    _unused("Role", "users_are_no_owners", "id", "name", "requires_billing_write"),
    _unused("Team", "teams_are_not_learned", "id", "name",
            without=("createdate", "createdAt", "created_at", "label", "email", "value")),
)  # fmt: skip
# The most specific first.
ALL_KINDS: Final = (
    PROPERTY_EXPORT, MERGED_DEAL, MERGED_CONTACT, ENGAGEMENT_DEAL, ENGAGEMENT_CONTACT, DEAL_CONTACT, DEAL_COMPANY,
    DEAL_STAGE, HISTORY, ASSOCIATION, STAGE, OWNER, FORM_SUBMISSION, EMAIL_EVENT, DEAL, CONTACT, ENGAGEMENT, PIPELINE,
    *UNUSED,
)  # fmt: skip
