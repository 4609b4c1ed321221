"""Tables of Marketo Engage by REST names and labels: people, activities and their types, opportunities and roles."""

from typing import Final

from connectors.reading.declare import ObjectKind, Trap, times, trapped, used

ACTIVITY: Final = ObjectKind(
    "activities",
    (
        *used(
            "marketoGUID|Marketo GUID|id", "leadId|Lead ID|Person ID|Marketo Person ID|personId",
            "activityTypeId|Activity Type ID", "activityTypeName|Activity Type|activityType",
            "primaryAttributeValue|Primary Attribute Value|Primary Attribute",
            "attributes|Activity Attributes|Details", "actionResult|Action Result",
            # Warehouse tables of one activity type have its attributes as columns.
            "attributes.Attribute Name|Attribute Name", "attributes.New Value|New Value",
            "attributes.Old Value|Old Value", "attributes.New Stage|New Stage",
            "attributes.New Stage ID|New Stage ID", "attributes.New Status|New Status", "attributes.Reason|Reason",
            "attributes.New Owner|New Owner|attributes.Owner|Owner", "attributes.Old Owner|Old Owner",
            "attributes.Merge IDs|Merge IDs|Merged IDs|merged_lead_ids|attributes.Merged IDs",
            "attributes.User Agent|User Agent", "attributes.Webpage URL|Webpage URL",
            "attributes.Query Parameters|Query Parameters",
        ),
        *times("activityDate|Activity Date|Activity Date/Time"),
        *trapped(
            Trap.IGNORE, "campaignId", "primaryAttributeValueId", "attributes.Client IP Address|Client IP Address",
        ),
    ),
    needs=("leadId", "activityDate", ("activityTypeId", "activityTypeName")),
    streamed=True,
)  # fmt: skip
ACTIVITY_TYPE: Final = ObjectKind(
    "activity types",
    used("id", "name", "description", "apiName", "primaryAttribute.name|primaryAttribute|primary_attribute_name"),
    needs=("id", "name", ("primaryAttribute.name", "description", "apiName")),
    named=("type",),
)  # fmt: skip
ROLE: Final = ObjectKind(
    "opportunity roles",
    (
        *used(
            "externalOpportunityId|External Opportunity ID|Opportunity ID", "leadId|Lead ID|Person ID",
            "isPrimary|Is Primary|Primary", "role|Role", "amount|Amount",
        ),
        *times("externalCreatedDate|createdAt|Created At", "updatedAt|Updated At"),
        *trapped(Trap.IGNORE, "marketoGUID|Marketo GUID|id", "seq"),
    ),
    needs=("externalOpportunityId", "leadId", ("isPrimary", "role")), without=("amount",),
)  # fmt: skip
OPPORTUNITY: Final = ObjectKind(
    "opportunities",
    (
        *used(
            "externalOpportunityId|External Opportunity ID|Opportunity ID", "name|Name|Opportunity Name",
            "amount|Amount|Opportunity Amount", "currencyIsoCode|Currency|currency|Currency ISO Code",
            "stage|Stage|Opportunity Stage", "isClosed|Is Closed|Closed", "isWon|Is Won|Won",
            "lossReason|Loss Reason|Lost Reason|closedLostReason",
        ),
        *times(
            "closeDate|Close Date", "externalCreatedDate|External Created Date|createdAt|Created At|Created",
            "updatedAt|Updated At|lastActivityDate",
        ),
        *trapped(
            Trap.IGNORE, "marketoGUID|Marketo GUID|id", "seq", "probability", "expectedRevenue", "forecastCategoryName",
        ),
    ),
    needs=("externalOpportunityId", ("isWon", "stage", "closeDate")),
)  # fmt: skip
LEAD: Final = ObjectKind(
    "leads",
    (
        *used(
            "id|Id|Marketo ID|Person ID|Lead ID|Marketo Person ID|Marketo Unique ID",
            "isAnonymous|Is Anonymous|Anonymous",
            "leadSource|Lead Source|Person Source|Source",
            "ownerName|Lead Owner|Person Owner|Sales Owner|Owner|leadOwner",
            "leadOwnerFirstName|Lead Owner First Name|Sales Owner First Name",
            "leadOwnerLastName|Lead Owner Last Name|Sales Owner Last Name",
            "externalCompanyId|External Company ID|sfdcAccountId|SFDC Account ID|mktoCompanyId|companyId|Company ID",
        ),
        *times("createdAt|Created At|Created|Created Date", "updatedAt|Updated At|Updated|Last Modified"),
        *trapped(
            Trap.IDENTITY,
            "email|Email Address|Email", "firstName|First Name", "lastName|Last Name", "middleName|Middle Name",
            "fullName|Full Name|Name", "company|Company Name|Company", "phone|Phone Number|Phone",
            "mobilePhone|Mobile Phone Number|Mobile Phone", "website|Website", "address|Address", "fax|Fax Number",
        ),
        *trapped(
            Trap.ATTRIBUTE,
            "title|Job Title", "industry|Industry", "annualRevenue|Annual Revenue",
            "numberOfEmployees|Num Employees|No. of Employees|Number of Employees", "department|Department",
            "leadRole|Role", "city|City", "state|State", "country|Country", "postalCode|Postal Code|Zip", "site|Site",
            "sicCode|SIC Code", "inferredCountry|Inferred Country", "inferredCity|Inferred City",
            "inferredStateRegion|Inferred State Region", "originalSourceType|Original Source Type",
            "registrationSourceType|Registration Source Type",
        ),
        *trapped(
            Trap.TODAY,
            "leadScore|Lead Score|Person Score|Score", "relativeScore|Relative Score", "priority|Priority",
            "urgency|Urgency", "relativeUrgency|Relative Urgency", "rating|Lead Rating|Person Rating|Rating",
            "leadStatus|Lead Status|Person Status|Status", "behaviorScore|Behavior Score",
            "demographicScore|Demographic Score", "unsubscribed|Unsubscribed", "emailInvalid|Email Invalid",
            "emailSuspended|Email Suspended", "doNotCall|Do Not Call", "marketingSuspended|Marketing Suspended",
            "blackListed|Black Listed|Blocklisted", "acquisitionProgramId|Acquisition Program",
            "acquisitionDate|Acquisition Date", "leadPartitionId|Lead Partition|Person Partition",
            "leadRevenueStageId|Revenue Stage", "leadRevenueCycleModelId|Revenue Cycle Model",
            "personType|Person Type",
        ),
        *trapped(Trap.OUTCOME, "isCustomer|Is Customer|Customer", "converted|Is Converted|Converted", "convertedDate"),
        *trapped(
            Trap.IGNORE,
            "unsubscribedReason", "emailInvalidCause", "emailSuspendedAt", "emailSuspendedCause", "doNotCallReason",
            "marketingSuspendedCause", "mktoName", "mktoIsPartner", "isLead", "mktoPersonNotes|Person Notes",
            "mktoAcquisitionDate",
            "contactCompany", "cookies", "externalSalesPersonId", "sfdcId|SFDC Id", "sfdcType|SFDC Type",
            "sfdcContactId", "sfdcLeadId", "sfdcLeadOwnerId", "leadOwnerEmailAddress|Lead Owner Email Address",
            "lastActivityDate|Last Activity Date", "lastInterestingMomentDate|Last Interesting Moment Date",
            "personPrimaryLeadInterest", "leadPerson", "anonymousIP|Anonymous IP", "inferredCompany|Inferred Company",
            "inferredPostalCode", "inferredPhoneAreaCode", "originalReferrer", "originalSearchEngine",
            "originalSearchPhrase", "originalSourceInfo", "registrationSourceInfo", "ecids", "salutation",
            "dateOfBirth|Date of Birth", "inferredMetropolitanArea", "totalReferredVisits", "totalReferredEnrollments",
            "lastReferredVisit", "lastReferredEnrollment",
        ),
    ),
    needs=("id", "createdAt", ("email", "firstName", "lastName", "company", "leadSource", "leadScore", "updatedAt")),
)  # fmt: skip
# The most specific first.
ALL_KINDS: Final = (ACTIVITY, ROLE, OPPORTUNITY, LEAD, ACTIVITY_TYPE)
