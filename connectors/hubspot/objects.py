"""The objects of HubSpot that are leads: deals and contacts, by property name and by label."""

import re
from typing import Final

from connectors.reading.declare import ObjectKind, Trap, times, trapped, used

# Fivetran `property_amount`, Airbyte `properties_amount`, the API `properties.amount`, its first version `.value`.
WRAPPER: Final = re.compile(r"^(?:properties|property)(?:__?|\.)|\.value$", re.IGNORECASE)
# hs_v2_date_entered_closedwon, hs_date_entered_153180554, Date entered "Closed Won (Sales Pipeline)",
# Latest time in "Closed Won (Sales Pipeline)" (HH:mm:ss)
STAGE_COLUMN: Final = re.compile(
    r"^(?:hs_(?P<version>v2_)?(?P<name>date_entered|date_exited|latest_time_in|cumulative_time_in)_(?P<id>.+)"
    r"|(?P<title>date entered|date exited|latest time in|cumulative time in) [\"'“”]?(?P<label>.+?)[\"'“”]?"
    r"(?: \(hh:mm:ss\))?)$",
    re.IGNORECASE,
)
DATED: Final = re.compile(r"^(?:hs_(?:v2_)?date_(?:entered|exited)_|date (?:entered|exited) )", re.IGNORECASE)
CURRENT_STAGE: Final = "hs_v2_date_entered_current_stage"
# What HubSpot itself keeps about a record: today's values, sums and links. Custom properties never begin so.
OWN_PROPERTY: Final = re.compile(
    r"^(?:hs_|num_|notes_|hubspot_|engagements_|recent_|first_deal|total_revenue|ip_|currentlyinworkflow|surveymonkey"
    r"|webinareventlastupdated|linkedin|twitter|followercount|kloutscore|associations\.|propertieswithhistory"
    r"|(?:latest|cumulative|average) time in |date (?:entered|exited) |time (?:in|between) |number of (?!employees)"
    r"|associated |lastmodified|archivedat|portal_?id|url$|propert(?:y|ies)$|parent\.|object_?write|become |became )",
    re.IGNORECASE,
)

_TODAY: Final = trapped(
    Trap.TODAY,
    "hs_next_step|Next step", "hs_priority|Priority", "hs_lastactivitydate|Last Activity",
    "num_contacted_notes|Number of times contacted", "num_notes|Number of Sales Activities",
    "notes_last_contacted|Last Contacted", "notes_last_updated|Last Activity Date",
    "notes_next_activity_date|Next Activity Date", "hubspot_owner_assigneddate|Owner assigned date",
    "hubspot_team_id|HubSpot Team", "hs_all_owner_ids", "hs_latest_source|Latest Traffic Source|Latest Source",
    "hs_sales_email_last_replied|Recent Sales Email Replied Date",
)  # fmt: skip

DEAL: Final = ObjectKind(
    "Deal",
    (
        *used(
            "hs_object_id|Record ID|deal_id|dealId|Deal ID|id|Object ID", "dealstage|Deal Stage|deal_pipeline_stage_id",
            "pipeline|Pipeline|Deal Pipeline|deal_pipeline_id", "amount|Amount",
            "amount_in_home_currency|Amount in company currency|Amount in home currency",
            "deal_currency_code|Currency|Deal currency code", "hs_is_closed_won|Is Closed Won|Closed Won",
            "hs_is_closed|Is Deal Closed?|Is Closed", "hubspot_owner_id|owner_id|Deal owner ID",
            "owner_name|Deal owner|Owner|HubSpot Owner", "archived|is_deleted|isDeleted|deleted",
            "hs_merged_object_ids|Merged Deal IDs|Merged record IDs|Merged object IDs",
            "hs_analytics_source|Original Traffic Source|Original Source Type|Original Source",
            "closed_lost_reason|Closed Lost Reason", "contact_ids|Associated Contact IDs|contacts",
            "company_ids|Associated Company IDs|companies|hs_primary_associated_company|Primary Associated Company ID",
        ),
        *times(
            "createdate|Create Date|createdAt|created_at", "closedate|Close Date",
            "hs_lastmodifieddate|Last Modified Date|updatedAt|updated_at",
            f"{CURRENT_STAGE}|Date entered current stage",
        ),
        *trapped(
            Trap.IDENTITY, "dealname|Deal Name|name", "description|Deal Description",
            "contact_names|Associated Contact", "company_names|Associated Company|Associated Company (Primary)",
        ),
        *trapped(
            Trap.TODAY,
            "hs_deal_stage_probability|Deal probability|Deal Stage Probability", "hs_deal_score|Deal Score",
            "hs_forecast_amount|Forecast amount", "hs_forecast_probability|Forecast probability",
            "hs_manual_forecast_category|Forecast category", "hs_projected_amount|Weighted amount",
            "hs_projected_amount_in_home_currency|Weighted amount in company currency",
            "num_associated_contacts|Number of Associated Contacts", "hs_acv|Annual contract value",
            "hs_arr|Annual recurring revenue", "hs_mrr|Monthly recurring revenue", "hs_tcv|Total contract value",
            "hs_v2_time_in_current_stage|Time in current stage", "hs_exchange_rate|Exchange rate",
        ),
        *trapped(
            Trap.OUTCOME,
            "days_to_close|Days to close", "hs_closed_amount|Closed deal amount",
            "hs_closed_amount_in_home_currency|Closed deal amount in company currency",
            "closed_won_reason|Closed Won Reason", "hs_is_closed_lost|Is Closed Lost",
            "hs_is_closed_count|Is closed (numeric)", "hs_closed_won_date|Closed won date",
            "hs_closed_won_count|Closed won count|Is Closed Won (numeric)",
            "hs_days_to_close_raw|Days to close (without rounding)",
        ),
        *_TODAY,
    ),
    needs=(("dealstage", "pipeline"), ("hs_object_id", "dealname"), ("createdate", "closedate", "dealname")),
    without=("lifecyclestage",),
    wrapper=WRAPPER,
    dated=DATED,
)  # fmt: skip
CONTACT: Final = ObjectKind(
    "Contact",
    (
        *used(
            "hs_object_id|Record ID|contact_id|Contact ID|vid|id|Object ID", "email|Email|E-mail",
            "lifecyclestage|Lifecycle Stage", "hs_lead_status|Lead Status",
            "hubspot_owner_id|owner_id|Contact owner ID",
            "owner_name|Contact owner|Owner|HubSpot Owner", "archived|is_deleted|isDeleted|deleted",
            "hs_merged_object_ids|Merged Contact IDs|Merged record IDs|Merged object IDs",
            "hs_calculated_merged_vids|Calculated merged vids|Merged vids",
            "hs_analytics_source|Original Traffic Source|Original Source Type|Original Source",
            "deal_ids|Associated Deal IDs|deals",
            "company_ids|associatedcompanyid|Associated Company IDs|companies|Primary Associated Company ID",
        ),
        *times(
            "createdate|Create Date|createdAt|created_at", "lastmodifieddate|Last Modified Date|updatedAt|updated_at",
        ),
        *trapped(
            Trap.IDENTITY, "firstname|First Name", "lastname|Last Name", "company|Company Name", "phone|Phone Number",
            "mobilephone|Mobile Phone Number", "address|Street Address", "website|Website URL", "fax|Fax Number",
            "company_names|Associated Company|Primary Associated Company", "deal_names|Associated Deal", "email_1",
        ),
        *trapped(
            Trap.TODAY, "hubspotscore|HubSpot Score", "hs_email_open|Marketing emails opened",
            "hs_email_click|Marketing emails clicked", "hs_email_last_open_date|Last marketing email open date",
            "num_conversion_events|Number of Form Submissions", "recent_conversion_date|Recent Conversion Date",
            "first_conversion_date|First Conversion Date", "hs_analytics_num_page_views|Number of Pageviews",
            "hs_analytics_num_visits|Number of Sessions", "hs_analytics_last_timestamp|Time Last Seen",
            "recent_conversion_event_name|Recent Conversion", "hs_predictivecontactscore_v2|Likelihood to close",
            "hs_predictivescoringtier|Contact priority", "hs_email_optout|Unsubscribed from all email",
            "num_unique_conversion_events|Number of Unique Forms Submitted",
        ),
        *trapped(
            Trap.OUTCOME, "num_associated_deals|Number of Associated Deals", "days_to_close|Days To Close",
            "closedate|Close Date", "recent_deal_amount|Recent Deal Amount", "total_revenue|Total Revenue",
            "recent_deal_close_date|Recent Deal Close Date", "first_deal_created_date|First Deal Created Date",
        ),
        *_TODAY,
    ),
    needs=("hs_object_id", ("email", "firstname", "lastname"), ("createdate", "lifecyclestage")),
    without=("dealstage",),
    wrapper=WRAPPER,
    dated=DATED,
)  # fmt: skip
