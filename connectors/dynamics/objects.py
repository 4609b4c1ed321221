"""The tables of Dynamics 365 Sales: columns by logical name, their labels in views, and what each is to a model."""

from typing import Final

from connectors.reading.declare import Field, ObjectKind, Trap, times, trapped, used

FORMATTED: Final = "@OData.Community.Display.V1.FormattedValue"  # the label beside a code or an id
DLT_FORMATTED: Final = "x_o_data_community_display_v1_formatted_value"  # the same as dlt names it
HIDDEN: Final = "(Do Not Modify)"  # begins the columns of ids and times in an export of a view


def lookup(name: str, *labels: str, trap: Trap = Trap.USED) -> tuple[Field, ...]:
    """A link to another record: NAME is an id or, in views, a name; NAME.label its name beside the id."""
    return (
        Field(name, trap, (f"_{name}_value", *labels)),
        Field(
            f"{name}.label",
            trap,
            (f"_{name}_value{FORMATTED}", f"_{name}_value{DLT_FORMATTED}", f"{name}name"),
        ),
    )


def choice(name: str, *labels: str, trap: Trap = Trap.USED) -> tuple[Field, ...]:
    """A choice: NAME is a number or, in views, a label; NAME.label the label beside the number."""
    return (
        Field(name, trap, labels),
        Field(f"{name}.label", trap, (f"{name}{FORMATTED}", f"{name}{DLT_FORMATTED}", f"{name}name")),
    )


def hidden(name: str, *labels: str) -> tuple[Field, ...]:
    """The id of a record, which views export as a hidden column."""
    return (Field(name, Trap.USED, tuple(f"{HIDDEN} {label}" for label in labels)),)


_SYSTEM: Final = (
    *trapped(
        Trap.IGNORE,
        "versionnumber|Version Number", f"rowchecksum|{HIDDEN} Row Checksum", "timezoneruleversionnumber",
        "importsequencenumber|Import Sequence Number", "utcconversiontimezonecode", "@odata.etag", "SinkCreatedOn",
        "SinkModifiedOn", "traversedpath|Traversed Path", "processid|Process", "stageid", "stepid", "entityimage",
        "entityimage_url", "entityimageid", "entityimage_timestamp", "slaid", "slainvokedid", "pricelevelid",
        "owningbusinessunit", "owninguser", "owningteam", "createdonbehalfby", "modifiedonbehalfby",
        "accountid", "contactid", "campaignid", "parent.Id", "parent.list", "exchangerate_base", "skippricecalculation",
        "teamsfollowed", "onholdtime", "lastonholdtime", "ownerid_entitytype", "customerid_entitytype", "Id",
    ),
    *lookup("createdby", "Created By", trap=Trap.IGNORE),
    *lookup("modifiedby", "Modified By", trap=Trap.IGNORE),
)  # fmt: skip
_AI: Final = trapped(
    Trap.TODAY,
    "msdyn_opportunityscore|Opportunity Score", "msdyn_opportunitygrade|Opportunity Grade",
    "msdyn_opportunityscoretrend", "msdyn_scorereasons", "msdyn_scorehistory",
    "msdyn_forecastcategory|Forecast category",
    "msdyn_leadscore|Lead Score", "msdyn_leadgrade|Lead Grade", "msdyn_leadscoretrend", "msdyn_salesaccelerator",
    "msdyn_predictivescoreid", "msdyn_opportunitykpiid", "msdyn_leadkpiid", "msdyn_salesassignmentresult",
)  # fmt: skip

OPPORTUNITY: Final = ObjectKind(
    "opportunity",
    (
        *hidden("opportunityid", "Opportunity"),
        *used(
            "estimatedvalue|Est. Revenue|Estimated Revenue", "actualvalue|Actual Revenue",
            "estimatedvalue_base|Est. Revenue (Base)", "actualvalue_base|Actual Revenue (Base)",
            "exchangerate|Exchange Rate", "stepname|Pipeline Phase|Pipeline Stage", "IsDelete|Is Delete",
        ),
        *choice("statecode", "Status"),
        *choice("statuscode", "Status Reason"),
        *choice("salesstage", "Sales Stage"),
        *choice("salesstagecode", "Process Code"),
        *lookup("transactioncurrencyid", "Currency"),
        *lookup("ownerid", "Owner"),
        *lookup("customerid", "Potential Customer"),
        *lookup("parentaccountid", "Account"),
        *lookup("parentcontactid", "Contact"),
        *lookup("originatingleadid", "Originating Lead"),
        *times(
            "createdon|Created On", f"modifiedon|Modified On|{HIDDEN} Modified On",
            "actualclosedate|Actual Close Date|Actual Closed Date",
            "estimatedclosedate|Est. Close Date|Estimated Close Date", "overriddencreatedon|Record Created On",
        ),
        *trapped(
            Trap.IDENTITY, "name|Topic|Opportunity", "description|Description", "emailaddress|Email Address",
            "customerneed|Customer Need", "proposedsolution|Proposed Solution", "currentsituation|Current Situation",
            "quotecomments|Quote Comments", "qualificationcomments",
        ),
        *trapped(
            Trap.TODAY,
            "closeprobability|Probability", "finaldecisiondate|Final Decision Date", "scheduleproposalmeeting",
            "scheduledfollowup_prospect", "schedulefollowup_prospect", "schedulefollowup_qualify", "totalamount",
            "totalamount_base", "totallineitemamount", "totallineitemamount_base", "totaltax", "totaldiscountamount",
            "totalamountlessfreight", "totallineitemdiscountamount", "freightamount", "discountamount",
            "discountpercentage", "pricingerrorcode", "isrevenuesystemcalculated|Revenue", "budgetamount_base",
            "decisionmaker|Decision Maker?", "developproposal|Develop Proposal",
            "completeinternalreview|Complete Internal Review", "presentproposal|Presented Proposal",
            "presentfinalproposal|Present Final Proposal", "completefinalproposal|Final Proposal Ready",
            "sendthankyounote|Send Thank You Note", "filedebrief|File Debrief",
            "identifycompetitors|Identify Competitors",
            "identifycustomercontacts", "identifypursuitteam", "evaluatefit|Evaluate Fit", "captureproposalfeedback",
            "resolvefeedback|Feedback Resolved", "pursuitdecision|Decide Go/No-Go", "confirminterest|Confirm Interest",
            "participatesinworkflow", "lastactivitydate|Last Activity Date", "nextactivitydate",
        ),
        *choice("opportunityratingcode", "Rating", trap=Trap.TODAY),
        *choice("prioritycode", "Priority", trap=Trap.TODAY),
        *choice("timeline", "Timeline", trap=Trap.TODAY),
        *choice("budgetstatus", "Budget", trap=Trap.TODAY),
        *choice("need", "Need", trap=Trap.TODAY),
        *choice("purchaseprocess", "Purchase Process", trap=Trap.TODAY),
        *choice("purchasetimeframe", "Purchase Timeframe", trap=Trap.TODAY),
        *choice("initialcommunication", "Initial Communication", trap=Trap.TODAY),
        *_AI,
        *_SYSTEM,
    ),
    needs=("opportunityid", ("statecode", "statuscode", "statecode.label", "estimatedclosedate"),
           ("name", "createdon", "estimatedvalue", "customerid")),
    without=("activityid", "businessprocessflowinstanceid", "auditid", "quoteid", "salesorderid",
             "opportunityproductid", "leadid"),
)  # fmt: skip
LEAD: Final = ObjectKind(
    "lead",
    (
        *hidden("leadid", "Lead"),
        *used("merged|Merged", "IsDelete|Is Delete"),
        *choice("statecode", "Status"),
        *choice("statuscode", "Status Reason"),
        *choice("leadsourcecode", "Lead Source"),
        *choice("industrycode", "Industry"),
        *lookup("qualifyingopportunityid", "Qualifying Opportunity"),
        *lookup("masterid", "Master ID"),
        *lookup("ownerid", "Owner", trap=Trap.TODAY),
        *times("createdon|Created On", f"modifiedon|Modified On|{HIDDEN} Modified On"),
        *trapped(
            Trap.IDENTITY, "subject|Topic", "fullname|Name", "firstname|First Name", "lastname|Last Name",
            "companyname|Company Name", "emailaddress1|Email", "telephone1|Business Phone", "mobilephone|Mobile Phone",
            "websiteurl|Website", "description|Description", "address1_line1", "address1_postalcode",
            "address1_composite",
        ),
        *choice("leadqualitycode", "Rating", trap=Trap.TODAY),
        *trapped(Trap.TODAY, "estimatedamount", "estimatedclosedate", "estimatedvalue", "lastusedincampaign"),
        *_AI,
        *_SYSTEM,
    ),
    needs=("leadid", ("statecode", "statuscode", "qualifyingopportunityid", "companyname", "subject")),
    without=("activityid", "businessprocessflowinstanceid", "auditid"),
)  # fmt: skip
_ACTIVITY: Final = (
    *hidden("activityid", "Activity", "Phone Call", "Email", "Appointment", "Task", "Letter", "Fax", "Meeting"),
    *used("actualdurationminutes|Duration", "IsDelete|Is Delete", "instancetypecode"),
    *choice("activitytypecode", "Activity Type"),
    *choice("statecode", "Activity Status", "Status"),
    *choice("statuscode", "Status Reason"),
    *choice("directioncode", "Direction"),
    *lookup("regardingobjectid", "Regarding"),
    *times(
        "actualend|Actual End|Date Completed", "actualstart|Actual Start", "senton|Date Sent",
        "scheduledstart|Start Date|Start Time|Scheduled Start", "scheduledend|Due Date|End Time|Scheduled End",
        "createdon|Created On|Date Created", f"modifiedon|Modified On|{HIDDEN} Modified On",
    ),
    *trapped(Trap.IDENTITY, "subject|Subject", "description|Description"),
)  # fmt: skip
# phonecall, email, appointment, task: the same activity stands in activitypointer, without its direction.
ACTIVITY_DETAIL: Final = ObjectKind(
    "activity",
    _ACTIVITY + used("phonenumber|Phone Number", "location|Location", "percentcomplete", "messageid", "sender|From"),
    needs=("activityid", "regardingobjectid",
           ("directioncode", "phonenumber", "location", "percentcomplete", "messageid", "senton")),
    without=("opportunityid", "auditid"), streamed=True,
)  # fmt: skip
ACTIVITY: Final = ObjectKind(
    "activitypointer", _ACTIVITY, needs=("activityid", "regardingobjectid"), without=("opportunityid", "auditid"),
    streamed=True,
)  # fmt: skip
CLOSE: Final = ObjectKind(
    "opportunityclose",
    (
        *hidden("activityid", "Opportunity Close"),
        *used("actualrevenue|Actual Revenue", "actualrevenue_base", "IsDelete"),
        *choice("opportunitystatecode"),
        *choice("opportunitystatuscode", "Status Reason"),
        *choice("statecode", "Status"),
        *lookup("opportunityid", "Opportunity"),
        *times("actualend|Actual End", "createdon|Created On"),
        *trapped(Trap.IDENTITY, "subject|Subject", "description|Description"),
    ),
    needs=("activityid", "opportunityid", ("actualend", "actualrevenue", "createdon")),
)  # fmt: skip
PROCESS: Final = ObjectKind(
    "businessprocessflow",
    (
        *hidden(
            "businessprocessflowinstanceid", "Opportunity Sales Process", "Lead to Opportunity Sales Process", "Process"
        ),
        *used("traversedpath|Traversed Path", "name|Name", "IsDelete"),
        *lookup("activestageid", "Active Stage"),
        *lookup("opportunityid", "Opportunity"),
        *lookup("leadid", "Lead"),
        *lookup("processid", "Process"),
        *choice("statecode", "Status"),
        *choice("statuscode", "Status Reason"),
        *times(
            "activestagestartedon|Active Stage Started On", "createdon|Created On", "completedon|Completed On",
            f"modifiedon|Modified On|{HIDDEN} Modified On",
        ),
    ),
    needs=("activestageid", ("opportunityid", "leadid"),
           ("businessprocessflowinstanceid", "traversedpath", "activestagestartedon")),
)  # fmt: skip
STAGE: Final = ObjectKind(
    "processstage",
    (*used("processstageid", "stagename|Stage Name"), *choice("stagecategory", "Stage Category"),
     *lookup("processid", "Process")),
    needs=("processstageid", "stagename"),
)  # fmt: skip
AUDIT: Final = ObjectKind(
    "audit",
    (
        *used(
            "auditid|Audit ID", "changedata|Change Data",
            "attribute|Changed Field|Attribute|Attribute Name|Field|Field Name", "oldvalue|Old Value",
            "newvalue|New Value", "objecttypecode|Entity|Entity Name|Table",
        ),
        *choice("operation", "Operation"),
        *choice("action", "Event"),
        *lookup("objectid", "Record", "Record ID", "Record GUID", "Object ID", "Record Name"),
        *lookup("userid", "Changed By", trap=Trap.IGNORE),
        *times("createdon|Changed Date|Created On|Change Date|Audit Date|Date|Changed On"),
    ),
    needs=("objectid", "createdon", ("changedata", "attribute")),
)  # fmt: skip
USER: Final = ObjectKind(
    "systemuser",
    used("systemuserid", "fullname|Full Name", "domainname|User Name", "internalemailaddress|Primary Email"),
    needs=("systemuserid", "fullname"),
    without=("opportunityid", "leadid", "activityid"),
)
TEAM: Final = ObjectKind(
    "team",
    used("teamid", "name|Team Name", "teamtype|Team Type"),
    needs=("teamid", "name"),
    without=("opportunityid",),
)
ACCOUNT: Final = ObjectKind(
    "account",
    (
        *hidden("accountid", "Account"),
        *used("name|Account Name", "accountnumber"),
        *choice("industrycode", "Industry"),
    ),
    needs=("accountid", "name"),
    without=("opportunityid", "leadid", "contactid", "activityid"),
)
CURRENCY: Final = ObjectKind(
    "transactioncurrency",
    used(
        "transactioncurrencyid", "isocurrencycode|Currency Code", "currencyname|Currency Name",
        "exchangerate|Exchange Rate",
    ),
    needs=("transactioncurrencyid", "isocurrencycode"),
    without=("opportunityid",),
)  # fmt: skip
# The most specific first.
ALL_KINDS: Final = (
    AUDIT, PROCESS, CLOSE, ACTIVITY_DETAIL, ACTIVITY, STAGE, OPPORTUNITY, LEAD, USER, TEAM, CURRENCY, ACCOUNT,
)  # fmt: skip
