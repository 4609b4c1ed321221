"""Tables of Account Engagement by the names of API v4 (v5 differs in capitals) and the labels of the interface."""

from typing import Final

from connectors.reading.declare import ObjectKind, Trap, times, trapped, used

PROSPECT_ID: Final = "prospect_id|Prospect ID|prospect.id"
ADDRESS: Final = "email|Email|Email Address|Prospect Email"

ACTIVITY: Final = ObjectKind(
    "visitor activities",
    (
        # API v4 nests activities in prospects and in opportunities: the parent is one or the other.
        *used(
            "id|Activity ID|Visitor Activity ID", PROSPECT_ID, ADDRESS, "parent.Id", "parent.list",
            "visitor_id|Visitor ID", "visit_id|Visit ID", "type|Activity Type|Type ID",
            "type_name|Type Name|Activity|Asset Type", "details|Details|Asset|Asset Name",
            "opportunity_id|Opportunity ID|opportunity.id",
            "email_id|Email ID", "list_email_id", "email_template_id", "form_id|Form ID",
            "form_handler_id|Form Handler ID", "landing_page_id|Landing Page ID", "file_id|File ID",
            "custom_redirect_id|Custom Redirect ID", "site_search_query_id",
            "paid_search_ad_id|paid_search_id_id", "visitor_page_view_id|Visitor Page View ID",
        ),
        *times("created_at|Created At|Created Date|Activity Date|Date"),
        *trapped(
            Trap.IGNORE, "multivariate_test_variation_id", "campaign_id|campaign.id", "updated_at",
            # Of prospects and opportunities, which may have a type, too.
            "score|Score", "grade|Grade", "last_activity_at|Last Activity", "probability|Probability",
            "closed_at|Closed Date|Close Date",
        ),
    ),
    needs=(
        ("id", "email"), "created_at", ("type", "type_name"), ("prospect_id", "visitor_id", "email", "parent.Id"),
    ),
    without=("score", "grade", "last_activity_at", "probability", "closed_at"), streamed=True,
)  # fmt: skip
EXTERNAL: Final = ObjectKind(
    "external activities",
    (
        *used("id|External Activity ID", "extension|Extension", "type|Type|Activity Type", PROSPECT_ID, ADDRESS),
        *times("activity_date|Activity Date|activityDate"),
        *trapped(Trap.IGNORE, "value|Value"),
    ),
    needs=("type", "activity_date", "extension", ("email", "prospect_id")), streamed=True,
)  # fmt: skip
VISIT: Final = ObjectKind(
    "visits",
    (
        *used("id|Visit ID", PROSPECT_ID, "visitor_id|Visitor ID"),
        *times("created_at|Created At|Created Date", "first_visitor_page_view_at|First Page View"),
        *trapped(
            Trap.IGNORE,
            "visitor_page_view_count|Page Views", "last_visitor_page_view_at|Last Page View", "duration_in_seconds",
            "campaign_parameter", "medium_parameter", "source_parameter", "content_parameter", "term_parameter",
            "updated_at",
        ),
    ),
    needs=(
        "id", ("created_at", "first_visitor_page_view_at"),
        ("visitor_page_view_count", "first_visitor_page_view_at", "duration_in_seconds"),
        ("prospect_id", "visitor_id"),
    ),
    streamed=True,
)  # fmt: skip
PAGE_VIEW: Final = ObjectKind(
    "page views",
    (
        *used(
            "id|Page View ID", PROSPECT_ID, "visitor_id|Visitor ID", "visit_id|Visit ID|parent.Id", "url|URL",
            "title|Title|Page Title",
        ),
        *times("created_at|Created At|Created Date"),
        *trapped(Trap.IGNORE, "duration_in_seconds", "campaign_id", "salesforce_id"),
    ),
    needs=("id", "created_at", "url", ("visitor_id", "visit_id")),
    streamed=True,
)  # fmt: skip
CLICK: Final = ObjectKind(
    "email clicks",
    (
        *used("id|Click ID", PROSPECT_ID, "url|URL"),
        *times("created_at|Created At|Created Date"),
        *trapped(
            Trap.IGNORE, "list_email_id", "email_template_id", "drip_program_action_id", "tracker_redirect_id",
        ),
    ),
    needs=("id", "created_at", "url", "prospect_id"),
    streamed=True,
)  # fmt: skip
VISITOR: Final = ObjectKind(
    "visitors",
    (
        *used("id|Visitor ID", PROSPECT_ID),
        *times("created_at|Created At|Created Date", "updated_at|Updated At"),
        *trapped(
            Trap.IGNORE,
            "page_view_count|Page Views", "ip_address|IP Address", "hostname|Hostname", "is_identified",
            "do_not_sell", "campaign_id", "campaign_parameter", "medium_parameter", "source_parameter",
            "content_parameter", "term_parameter",
        ),
    ),
    needs=("id", ("page_view_count", "hostname", "ip_address")),
)  # fmt: skip
LINKS: Final = "opportunity prospects"
LINK: Final = ObjectKind(
    LINKS,
    (
        *used("opportunity_id|Opportunity ID", PROSPECT_ID),
        *trapped(Trap.IGNORE, "updated_at", "created_at", "id", "list_id"),
    ),
    needs=("opportunity_id", "prospect_id"),
)  # fmt: skip
# API v4 nests the prospects of an opportunity in it.
NESTED_LINK: Final = ObjectKind(
    LINKS, used("opportunity_id|parent.Id", "prospect_id|id"), needs=("opportunity_id", "prospect_id"),
    named=(",_prospects",),
)  # fmt: skip
HISTORY: Final = ObjectKind(
    "lifecycle histories",
    (
        *used(
            "id", PROSPECT_ID, "next_stage_id|next_stage.id|lifecycle_stage_id|Next Stage ID",
            "next_stage|next_stage.name|Next Stage|lifecycle_stage.name",
        ),
        *times("created_at|Created At|Created Date|Date"),
        *trapped(
            Trap.IGNORE, "previous_stage_id|previous_stage.id", "previous_stage|previous_stage.name|Previous Stage",
            "seconds_elapsed|Seconds Elapsed", "updated_at",
        ),
    ),
    needs=("prospect_id", "created_at", ("next_stage_id", "next_stage")),
)  # fmt: skip
STAGE: Final = ObjectKind(
    "lifecycle stages",
    (
        *used("id", "name|Name|Stage", "position|Position"),
        *trapped(
            Trap.IGNORE, "is_locked|Locked", "match_type", "is_deleted", "created_at", "updated_at", "email|Email",
        ),
    ),
    needs=("id", "name", ("position", "is_locked", "match_type")), without=("email",),
)  # fmt: skip
OPPORTUNITY: Final = ObjectKind(
    "opportunities",
    (
        *used(
            "id|Opportunity ID", "name|Name|Opportunity Name|Opportunity", "value|Value|Amount|Opportunity Value",
            "currency|Currency|currency_iso_code", "stage|Stage|Opportunity Stage",
            "status|Status|Opportunity Status", "lost_reason|Lost Reason|Loss Reason", "is_deleted|Deleted",
            # The only prospect of an opportunity is no list in API v4.
            "prospects.prospect.id|prospect.id",
        ),
        *times(
            "closed_at|Closed At|Closed Date|Close Date", "created_at|Created At|Created Date",
            "updated_at|Updated At|Updated Date|Last Updated",
        ),
        *trapped(
            Trap.IGNORE, "probability|Probability", "type|Type", "campaign_id|campaign.id",
            "campaign.name|Campaign", "created_by_id", "updated_by_id", "salesforce_id|crm_opportunity_fid",
            "score|Score", "grade|Grade", "first_name|First Name",
        ),
    ),
    needs=("id", ("status", "stage"), ("value", "probability", "closed_at")),
    without=("score", "grade", "first_name"),
)  # fmt: skip
PROSPECT: Final = ObjectKind(
    "prospects",
    (
        *used(
            "id|Prospect ID|Id", "is_deleted|Deleted|Is Deleted|is_archived|Archived",
            "source|Source|Prospect Source|Lead Source",
            "campaign|campaign.name|Campaign|Campaign Name|Pardot Campaign|Account Engagement Campaign",
            "campaign_id|campaign.id|Campaign ID",
            "owner|Assigned User|Assigned To|Owner|Assigned User Name|assigned_to.user.name",
            "user_id|assigned_to_id|assigned_to.user.id|assigned_to.id|Assigned User ID",
            "owner_first_name|assigned_to.user.first_name|assigned_to.first_name",
            "owner_last_name|assigned_to.user.last_name|assigned_to.last_name",
            "prospect_account_id|prospect_account.id|Prospect Account ID|Account ID",
        ),
        *times(
            "created_at|Created At|Created Date|Created|Date Created|Prospect Created Date",
            "updated_at|Updated At|Updated Date|Updated|Last Updated|Date Updated",
        ),
        *trapped(
            Trap.IDENTITY,
            ADDRESS, "first_name|First Name", "last_name|Last Name", "name|Name|Full Name",
            "company|Company|Company Name|prospect_account.name|Prospect Account|Account Name", "phone|Phone",
            "fax|Fax", "website|Website", "address_one|Address One|Address|Street",
            "address_two|Address Two",
        ),
        *trapped(
            Trap.ATTRIBUTE,
            "job_title|Job Title|Title", "department|Department", "industry|Industry",
            "annual_revenue|Annual Revenue", "employees|Employees|Number of Employees",
            "years_in_business|Years In Business", "country|Country", "city|City", "state|State",
            "territory|Territory", "zip|Zip|Postal Code|Zip Code", "salutation|Salutation",
            # How the visitor became a prospect.
            "converted_from_object_type|Converted From", "converted_from_object_name|Conversion Object Name",
            "first_referrer_type|First Referrer Type",
        ),
        *trapped(
            Trap.TODAY,
            "score|Score|Pardot Score|Account Engagement Score", "grade|Grade|Pardot Grade|Account Engagement Grade",
            "recent_interaction|Recent Interaction", "last_activity_at|last_activity|Last Activity|Last Activity At",
            "opted_out|Opted Out|opt_out", "is_do_not_email|Do Not Email", "is_do_not_call|Do Not Call",
            "is_reviewed|Reviewed", "is_starred|Starred", "is_email_hard_bounced|Email Hard Bounced|Hard Bounced",
            "email_bounced_at", "email_bounced_reason", "do_not_sell",
            "lifecycle_stage_id|lifecycle_stage.id", "lifecycle_stage|Lifecycle Stage|lifecycle_stage.name",
            "profile_id|profile.id", "profile|Profile|profile.name", "tags|Tags", "lists|Lists",
            "first_assigned_at|First Assigned",
        ),
        *trapped(
            Trap.OUTCOME,
            # Set once a person is a contact of an account, which is often after the sale.
            "crm_contact_fid|CRM Contact FID|salesforce_contact_id", "opportunity_value|Opportunity Value",
            "opportunities|Opportunities",
        ),
        *trapped(
            Trap.IGNORE,
            "crm_lead_fid|CRM Lead FID|salesforce_lead_id", "crm_account_fid|CRM Account FID|salesforce_account_id",
            "crm_owner_fid|CRM Owner FID|salesforce_owner_id", "crm_last_sync|CRM Last Sync|salesforce_last_sync",
            "crm_url|CRM URL|salesforce_url", "salesforce_id|CRM FID", "salesforce_campaign_id",
            "is_crm_lead_deleted", "notes|Notes", "comments|Comments", "password|Password", "grade_id", "profile_url",
            "first_activity_at|First Activity|First Activity At", "first_referrer_query|First Referrer Query",
            "first_referrer_url|First Referrer|First Referrer URL", "converted_at|Converted At|Conversion Date",
            "converted_from_object_id", "converted_from_object_url", "created_by_id", "updated_by_id",
            "campaign.cost", "assigned_to.user.email|assigned_to.email", "assigned_to.user.job_title",
            "assigned_to.user.role", "parent.Id", "parent.list", "api_url", "effective_time_zone",
        ),
    ),
    needs=(
        ("id", "email"), "created_at",
        ("email", "score", "grade", "last_name", "company", "last_activity_at", "opted_out", "crm_lead_fid"),
    ),
    without=("parent.list",),
)  # fmt: skip
USER: Final = ObjectKind(
    "users",
    (
        *used("id|User ID", "name|Name|Full Name", "first_name|First Name", "last_name|Last Name"),
        *trapped(
            Trap.IGNORE, "email|Email", "job_title|Job Title", "role|Role", "role_name", "username", "is_deleted",
            "created_at", "updated_at", "salesforce_id", "account", "tag_replacement_language",
            "score|Score", "grade|Grade", "company|Company", "last_activity_at|Last Activity",
        ),
    ),
    needs=("id", "email", ("first_name", "last_name", "name"), ("role", "role_name", "username")),
    without=("score", "grade", "company", "last_activity_at"),
)  # fmt: skip
CAMPAIGNS: Final = "campaigns"
_CAMPAIGN: Final = (
    *used("id|Campaign ID", "name|Name|Campaign Name|Campaign"),
    *trapped(
        Trap.IGNORE, "cost|Cost", "parent_campaign_id", "folder_id", "crm_fid|salesforce_id|CRM FID", "is_deleted",
        "is_archived", "created_at", "updated_at", "created_by_id", "updated_by_id",
    ),
)  # fmt: skip
CAMPAIGN: Final = ObjectKind(CAMPAIGNS, _CAMPAIGN, needs=("id", "name", ("cost", "parent_campaign_id")))
NAMED_CAMPAIGN: Final = ObjectKind(CAMPAIGNS, _CAMPAIGN, needs=("id", "name"), named=("campaign",))
MEMBER: Final = ObjectKind(
    "list memberships", used("list_id|List ID", PROSPECT_ID), needs=("list_id", "prospect_id"),
    unused="lists_are_made_by_rules",
)  # fmt: skip
ACCOUNT: Final = ObjectKind(
    "prospect accounts",
    used("id", "name|Name", "billing_city", "billing_country", "assigned_to_id", "sic", "ownership"),
    needs=("id", "name", ("billing_city", "billing_country", "assigned_to_id", "sic", "ownership")),
    unused="accounts_are_named_by_their_prospects",
)  # fmt: skip
# The most specific first.
ALL_KINDS: Final = (
    MEMBER, NESTED_LINK, EXTERNAL, ACTIVITY, VISIT, PAGE_VIEW, CLICK, HISTORY, LINK, STAGE, OPPORTUNITY, USER, VISITOR,
    PROSPECT, ACCOUNT, CAMPAIGN, NAMED_CAMPAIGN,
)  # fmt: skip
