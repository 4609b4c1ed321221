"""The objects of Salesforce: fields by API name, their labels in reports, and what each is to a model."""

from typing import Final

from connectors.reading.declare import ObjectKind, Trap, times, trapped, used

_SYSTEM: Final = trapped(
    Trap.IGNORE,
    "CreatedById|Created By|Created Alias", "LastModifiedById|Last Modified By|Last Modified Alias",
    "LastViewedDate|Last Viewed Date", "LastReferencedDate|Last Referenced Date",
    "attributes.type", "attributes.url", "Owner.attributes.type", "Owner.attributes.url", "Account.attributes.type",
    "Account.attributes.url", "RecordType.attributes.type", "RecordType.attributes.url",
    "PhotoUrl", "Pricebook2Id", "SyncedQuoteId", "ContractId", "Territory2Id",
    "IsExcludedFromTerritory2Filter", "CampaignId", "ContactId", "IsPrivate", "LastCloseDateChangedHistoryId",
    "LastAmountChangedHistoryId", "parent.Id", "parent.list",
)  # fmt: skip

OPPORTUNITY: Final = ObjectKind(
    "Opportunity",
    (
        *used(
            "Id|Opportunity ID|Opportunity ID (18)|Case Safe ID", "StageName|Stage", "Amount",
            "AmountConverted|Amount (converted)", "AmountConvertedCurrency|Amount (converted) Currency",
            "CurrencyIsoCode|Amount Currency|Opportunity Currency|Currency ISO Code|Currency", "IsClosed|Closed",
            "IsWon|Won", "IsDeleted|Deleted", "OwnerId|Owner ID|Opportunity Owner ID",
            "Owner.Name|Opportunity Owner|Owner Name|Owner|Owner Full Name", "AccountId|Account ID",
            "LeadSource|Lead Source", "RecordTypeId|Record Type ID",
            "RecordType.Name|Opportunity Record Type|Record Type|Record Type Name",
        ),
        *times(
            "CreatedDate|Created Date", "CloseDate|Close Date", "SystemModstamp|System Modstamp",
            "LastModifiedDate|Last Modified Date|Last Modified", "LastStageChangeDate|Last Stage Change Date",
        ),
        *trapped(Trap.IDENTITY, "Name|Opportunity Name", "Account.Name|Account Name", "Description"),
        *trapped(
            Trap.TODAY,
            "Probability|Probability (%)", "ForecastCategory|Forecast Category", "NextStep|Next Step",
            "ForecastCategoryName|Forecast Category Name", "ExpectedRevenue|Expected Revenue",
            "ExpectedRevenueCurrency|Expected Revenue Currency",
            "ExpectedRevenueConverted|Expected Revenue (converted)", "LastActivityDate|Last Activity",
            "LastActivityInDays|Last Activity In Days", "HasOpenActivity|Has Open Activity",
            "HasOverdueTask|Has Overdue Task", "HasOpportunityLineItem|Has Line Item|Has Products", "Age",
            "PushCount|Push Count", "StageDuration|Stage Duration", "IqScore|Opportunity Score",
            "TotalOpportunityQuantity|Quantity",
        ),
        *trapped(
            Trap.OUTCOME,
            "Fiscal|Fiscal Period", "FiscalQuarter|Fiscal Quarter", "FiscalYear|Fiscal Year",
            "LossReason|Loss Reason|Lost Reason|Closed Lost Reason|Loss_Reason__c|Lost_Reason__c|Closed_Lost_Reason__c"
            "|loss_reason_c|lost_reason_c|closed_lost_reason_c|Reason Lost",
            "CloseMonth|Close Month", "ClosedReason|Closed Reason|Won Reason|Win Reason|Win_Reason__c",
        ),
        *_SYSTEM,
    ),
    needs=("StageName", ("Id", "Name"), ("CloseDate", "CreatedDate", "IsClosed")),
)  # fmt: skip
OPPORTUNITY_HISTORY: Final = ObjectKind(
    "OpportunityHistory",
    (
        *used(
            "Id", "OpportunityId|Opportunity ID", "parent.Id", "StageName|Stage", "Amount", "IsDeleted",
            "Probability|Probability (%)", "CurrencyIsoCode", "ForecastCategory",
        ),
        *times("CreatedDate|Created Date", "CloseDate|Close Date", "SystemModstamp"),
        *trapped(
            Trap.IGNORE, "ExpectedRevenue", "CreatedById", "PrevAmount", "PrevCloseDate", "FromForecastCategory",
            "PrevForecastUpdate",
        ),
        *trapped(Trap.IDENTITY, "Name|Opportunity Name"),
        *trapped(Trap.TODAY, "OwnerId", "Owner.Name|Opportunity Owner|Owner", "IsWon|Won", "IsClosed|Closed", "Type"),
    ),
    needs=(("OpportunityId", "parent.Id"), ("Id", "parent.Id"), "StageName", "CreatedDate"),
    without=("Name", "OwnerId", "Owner.Name", "IsWon", "IsClosed", "Type"),
)  # fmt: skip
# In reports of histories Created Date is the record's own, Last Modified or Edit Date the change's: it comes first, so
# that it is not taken for the CreatedDate of a row of the history.
_OF_RECORD: Final = trapped(Trap.IGNORE, "RecordCreated|Created Date|Create Date")
# The standard report "Opportunity History".
OPPORTUNITY_HISTORY_REPORT: Final = ObjectKind(
    "OpportunityHistory",
    (
        *_OF_RECORD,
        *used("OpportunityId|Opportunity ID", "StageName|To Stage", "Amount", "Probability|Probability (%)"),
        *times("CreatedDate|Last Modified|Last Modified Date|Edit Date", "CloseDate|Close Date"),
        *used("FromStage|From Stage"),
        *trapped(Trap.TODAY, "Owner|Opportunity Owner"),
        *trapped(Trap.IDENTITY, "Name|Opportunity Name"),
    ),
    needs=("OpportunityId", "StageName", "CreatedDate", "FromStage"),
)
_CHANGE: Final = (
    *used(
        "Id", "Field|Field / Event", "OldValue|Old Value", "NewValue|New Value", "DataType", "IsDeleted",
    ),
    *trapped(Trap.IGNORE, "CreatedById|Edited By"),
)  # fmt: skip
_OF_OPPORTUNITY: Final = (
    *used("OpportunityId|Opportunity ID|parent.Id"),
    *trapped(Trap.IDENTITY, "Name|Opportunity Name"),
    *_CHANGE,
)
_OF_LEAD: Final = (*used("LeadId|Lead ID|parent.Id"), *_CHANGE)
FIELD_HISTORY_REPORT, LEAD_HISTORY_REPORT = (
    ObjectKind(name, (*_OF_RECORD, *fields, *times("CreatedDate|Edit Date")), (id_, "Field", "NewValue", "CreatedDate"))
    for name, id_, fields in (
        ("OpportunityFieldHistory", "OpportunityId", _OF_OPPORTUNITY), ("LeadHistory", "LeadId", _OF_LEAD)
    )
)  # fmt: skip
FIELD_HISTORY, LEAD_HISTORY = (
    ObjectKind(name, (*fields, *times("CreatedDate|Created Date")), (id_, "Field", "NewValue", "CreatedDate"))
    for name, id_, fields in (
        ("OpportunityFieldHistory", "OpportunityId", _OF_OPPORTUNITY), ("LeadHistory", "LeadId", _OF_LEAD)
    )
)  # fmt: skip
LEAD: Final = ObjectKind(
    "Lead",
    (
        *used(
            "Id|Lead ID", "ConvertedOpportunityId|Converted Opportunity ID|Opportunity ID", "IsDeleted|Deleted",
            "IsConverted|Converted", "LeadSource|Lead Source", "MasterRecordId|Master Record ID",
        ),
        *times(
            "CreatedDate|Created Date|Create Date", "ConvertedDate|Converted Date", "SystemModstamp",
            "LastModifiedDate|Last Modified Date",
        ),
        *trapped(
            Trap.IDENTITY, "Name", "FirstName|First Name", "LastName|Last Name", "Company|Company / Account", "Email",
            "Phone", "MobilePhone|Mobile", "Fax", "Website", "Street", "PostalCode|Zip/Postal Code", "Description",
            "Title", "Salutation", "Latitude", "Longitude", "GeocodeAccuracy", "Jigsaw", "JigsawContactId",
        ),
        *used("Status|Lead Status", "OwnerId", "Owner.Name|Lead Owner"),
        *trapped(
            Trap.TODAY, "Rating", "LastActivityDate|Last Activity", "LastTransferDate",
            "IsUnreadByOwner|Unread By Owner",
            "EmailBouncedReason", "EmailBouncedDate", "HasOptedOutOfEmail|Email Opt Out", "HasOptedOutOfFax",
            "DoNotCall|Do Not Call", "ActivityMetricId", "ScoreIntelligenceId", "FirstCallDateTime",
            "FirstEmailDateTime", "ActionCadenceAssigneeId", "ActionCadenceId", "ActionCadenceState",
        ),
        *trapped(Trap.OUTCOME, "ConvertedAccountId", "ConvertedContactId"),
        *_SYSTEM,
    ),
    needs=("Id", ("IsConverted", "ConvertedOpportunityId"), ("Company", "LastName", "IsConverted")),
    without=("StageName", "SortOrder"),
)  # fmt: skip
_EVENT_FIELDS: Final = (
    *used(
        "Id|Activity ID|Event ID", "WhatId|Opportunity ID|Related To ID|What ID", "WhoId|Lead ID|Who ID",
        "Type|Activity Type", "EventSubtype|Event Subtype", "DurationInMinutes|Duration", "IsDeleted|Deleted",
    ),
    *times(
        "StartDateTime|Start Date Time|Start", "ActivityDateTime", "ActivityDate|Date|Due Date|Due Date Only",
        "EndDateTime|End Date Time|End", "CreatedDate|Created Date",
    ),
    *trapped(Trap.IDENTITY, "Subject", "Description", "Location"),
)  # fmt: skip
_TASK_FIELDS: Final = (
    *used("TaskSubtype|Task Subtype", "Status", "IsClosed|Closed|Completed", "CallType|Call Type",
          "CallDurationInSeconds|Call Duration"),
    *times("CompletedDateTime|Completed Date/Time|Completed Date"),
)  # fmt: skip
# The reports "Tasks and Events" and "Activities with Opportunities": both objects in one table.
ACTIVITIES_REPORT: Final = ObjectKind(
    "Event",
    (*_EVENT_FIELDS, *_TASK_FIELDS),
    needs=(
        "Id",
        ("WhatId", "WhoId"),
        ("StartDateTime", "EndDateTime"),
        ("Status", "IsClosed", "CompletedDateTime"),
    ),
    without=("Field",),
    streamed=True,
)
EVENT: Final = ObjectKind(
    "Event",
    _EVENT_FIELDS,
    needs=("Id", ("WhatId", "WhoId"), ("StartDateTime", "ActivityDateTime", "EndDateTime")),
    without=("Field",),
    streamed=True,
)
TASK: Final = ObjectKind(
    "Task",
    (
        *used(
            "Id|Activity ID|Task ID", "WhatId|Opportunity ID|Related To ID|What ID", "WhoId|Lead ID|Who ID",
            "Type|Task Type|Activity Type", "IsDeleted|Deleted",
        ),
        *times("ActivityDate|Date|Due Date|Due Date Only", "CreatedDate|Created Date"),
        *_TASK_FIELDS,
        *trapped(Trap.IDENTITY, "Subject", "Description"),
    ),
    needs=("Id", ("WhatId", "WhoId"), ("ActivityDate", "CompletedDateTime"), ("Status", "IsClosed", "TaskSubtype")),
    without=("Field", "StageName"),
    streamed=True,
)  # fmt: skip
USER: Final = ObjectKind(
    "User",
    used(
        "Id|User ID",
        "Name|Full Name",
        "FirstName|First Name",
        "LastName|Last Name",
        "Username",
        "Alias",
        "UserType",
    ),
    needs=("Id", ("Name", "LastName"), ("Username", "Alias", "UserType")),
    without=("StageName",),
)
STAGE: Final = ObjectKind(
    "OpportunityStage",
    used(
        "MasterLabel|Stage Name|Label",
        "ApiName|API Name",
        "SortOrder|Sort Order",
        "IsClosed|Closed",
        "IsWon|Won",
    ),
    needs=("MasterLabel", "SortOrder", "IsClosed", "IsWon"),
)
CURRENCY: Final = ObjectKind(
    "CurrencyType",
    used("IsoCode|Currency Code", "ConversionRate|Conversion Rate", "IsCorporate|Corporate Currency"),
    needs=("IsoCode", "ConversionRate"),
)
LEAD_STATUS: Final = ObjectKind(
    "LeadStatus",
    used(
        "MasterLabel|Lead Status|Label",
        "ApiName",
        "SortOrder|Sort Order",
        "IsConverted|Converted",
        "IsDefault",
    ),
    needs=("MasterLabel", "SortOrder", "IsConverted"),
)
CONTACT_ROLE: Final = ObjectKind(
    "OpportunityContactRole",
    used(
        "Id", "OpportunityId|Opportunity ID|parent.Id", "ContactId|Contact ID", "Role", "IsPrimary|Primary", "IsDeleted"
    ),
    needs=("OpportunityId", "ContactId", ("Role", "IsPrimary")),
    without=("StageName", "WhatId"),
)  # fmt: skip
CAMPAIGN_MEMBER: Final = ObjectKind(
    "CampaignMember",
    (
        *used(
            "Id|Campaign Member ID", "CampaignId|Campaign ID", "LeadId|Lead ID", "ContactId|Contact ID",
            "Status|Member Status", "HasResponded|Responded", "IsDeleted",
        ),
        *times("CreatedDate|Created Date", "FirstRespondedDate|First Responded Date"),
        *trapped(Trap.IDENTITY, "Name", "FirstName", "LastName", "Email", "Phone", "CompanyOrAccount"),
    ),
    needs=("CampaignId", ("LeadId", "ContactId"), "CreatedDate", ("HasResponded", "FirstRespondedDate", "Status")),
    without=("StageName", "WhatId", "IsConverted"),
)  # fmt: skip
RECORD_TYPE: Final = ObjectKind(
    "RecordType",
    used("Id|Record Type ID", "Name|Record Type Name", "DeveloperName", "SobjectType"),
    needs=("Id", "Name", "SobjectType"),
    without=("StageName",),
)
# The most specific first.
ALL_KINDS: Final = (
    FIELD_HISTORY_REPORT, FIELD_HISTORY, CONTACT_ROLE, CAMPAIGN_MEMBER, OPPORTUNITY_HISTORY_REPORT, OPPORTUNITY_HISTORY,
    LEAD_HISTORY_REPORT, LEAD_HISTORY, STAGE, LEAD_STATUS, CURRENCY, RECORD_TYPE, USER, ACTIVITIES_REPORT, EVENT, TASK,
    LEAD, OPPORTUNITY,
)  # fmt: skip
