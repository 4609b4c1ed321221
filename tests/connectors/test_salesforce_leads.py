"""Salesforce: Leads as leads (--object lead), contact roles and campaign members."""

from pathlib import Path

import pytest

from tests.builders.exports.import_trial import Trial
from tests.builders.exports.imported_folder import rows_of
from tests.builders.exports.salesforce import record_id
from tests.builders.exports.simulated_crm import Row

DEAL, OTHER_DEAL = record_id("006", 1), record_id("006", 2)
L1, L2, L3, L4 = (record_id("00Q", number) for number in (1, 2, 3, 4))
CONTACT = record_id("003", 1)


def lead(id_: str, status: str = "New", **fields: str) -> Row:
    return {
        "Id": id_, "IsDeleted": "false", "IsConverted": "false", "LastName": "Doe", "Company": "ACME", "Status": status,
        "LeadSource": "web", "CreatedDate": "2026-01-05T09:00:00Z", "ConvertedDate": "", "ConvertedOpportunityId": "",
        "MasterRecordId": "", "Industry": "retail", "Email": "a@example.com",
        "LastModifiedDate": "2026-06-01T00:00:00Z", **fields,
    }  # fmt: skip


def change(number: int, id_: str, field: str, old: str, new: str, day: str) -> Row:
    return {"Id": record_id("017", number), "LeadId": id_, "Field": field, "OldValue": old, "NewValue": new,
            "CreatedDate": f"2026-{day}T10:00:00Z"}  # fmt: skip


def deal(id_: str, created: str) -> Row:
    return {
        "Id": id_, "StageName": "Prospecting", "CreatedDate": f"2026-{created}T09:00:00Z", "CloseDate": "2026-12-31",
        "IsClosed": "false", "IsWon": "false", "LastModifiedDate": "2026-06-01T00:00:00Z",
    }  # fmt: skip


class LeadTrial(Trial):
    """Exports of the leads of Salesforce, and what becomes of them by day."""

    def __init__(self, folder: Path) -> None:
        super().__init__("salesforce", folder)

    def decisions(self) -> list[tuple[str, str, str]]:
        rows = rows_of(self.output, "outcomes")
        return [
            (r["lead_id"], r["outcome"], r["closed_at"].strftime("%m-%d") if r["closed_at"] else "")
            for r in rows
        ]

    def interactions(self) -> list[tuple[str, str, str]]:
        rows = rows_of(self.output, "interactions")
        return sorted((r["lead_id"], r["occurred_at"].strftime("%m-%d"), r["kind"]) for r in rows)


@pytest.fixture
def trial(tmp_path: Path) -> LeadTrial:
    return LeadTrial(tmp_path)


def test_converted_lead_is_won_and_a_given_up_one_lost(trial: LeadTrial) -> None:
    converted = lead(
        L1, "Qualified", IsConverted="true", ConvertedDate="2026-03-01", ConvertedOpportunityId=DEAL
    )
    trial.write("leads", [converted, lead(L2, "Unqualified"), lead(L3, "Working")])
    history = [
        change(1, L1, "Status", "New", "Working", "02-01"), change(2, L1, "Status", "Working", "Qualified", "03-01"),
        change(3, L1, "leadConverted", "", "", "03-01"), change(4, L2, "Status", "New", "Unqualified", "02-03"),
        change(5, L3, "Status", "New", "Working", "02-05"), change(6, L3, "Industry", "food", "retail", "02-06"),
    ]  # fmt: skip
    trial.write("history", history)
    trial.write("opportunities", [deal(DEAL, "03-01")])
    record = trial.run(object="lead").record
    assert record["object"] == "lead"
    assert trial.decisions() == [(L1, "won", "03-01"), (L2, "lost", "02-03")]
    assert trial.stage_days() == [
        (L1, "01-05", "New"), (L1, "02-01", "Working"), (L2, "01-05", "New"), (L3, "01-05", "New"),
        (L3, "02-05", "Working"),
    ]  # fmt: skip
    assert [(r["Industry"], r["source"]) for r in rows_of(trial.output, "leads")][2] == ("food", "web")
    assert 'identity = ["last_name", "company", "email"]' in (trial.output / "funnel.toml").read_text()


def test_conversion_without_a_history_ends_its_day(trial: LeadTrial) -> None:
    trial.write(
        "leads", [lead(L1, "Qualified", IsConverted="true", ConvertedDate="2026-03-01"), lead(L2, "Dead")]
    )
    trial.run(object="lead")
    assert trial.decisions() == [(L1, "won", "03-01"), (L2, "lost", "")]


def test_chosen_status_gives_a_lead_up(trial: LeadTrial) -> None:
    trial.write("leads", [lead(L1, "Parked"), lead(L2)])
    trial.run(object="lead", lost=("Parked",))
    assert trial.decisions() == [(L1, "lost", "")]


def test_merged_lead_moves_to_its_survivor(trial: LeadTrial) -> None:
    trial.write("leads", [lead(L1), lead(L2), lead(L3)])
    trial.write("tasks", [{"Id": record_id("00T", 1), "WhoId": L2, "WhatId": "", "TaskSubtype": "Call",
                           "Status": "Completed", "ActivityDate": "2026-02-01",
                           "CreatedDate": "2026-02-01T10:00:00Z"}])  # fmt: skip
    trial.run(object="lead")
    merged, deleted = lead(L2, IsDeleted="true", MasterRecordId=L1), lead(L3, IsDeleted="true")
    trial.write("leads", [lead(L1), merged, deleted])
    trial.run(object="lead")
    assert [row["lead_id"] for row in rows_of(trial.output, "leads")] == [L1]
    assert trial.interactions() == [(L1, "02-01", "call")]


def test_reports_of_leads_are_read_by_their_labels(trial: LeadTrial) -> None:
    """The history of a box has true and false where the report of Leads has 1 and 0."""
    row = {"Lead ID": L1, "Create Date": "1/5/2026 9:00 AM", "Converted": "0", "Company / Account": "ACME"}
    now = {
        "Lead Status": "Working",
        "Lead Owner": "Ann",
        "Newsletter": "0",
        "Last Modified Date": "1/31/2026",
    }
    trial.write("Leads", [row | now])
    changes = [
        ("Lead Status", "New", "Working"),
        ("Lead Owner", "Bob", "Ann"),
        ("Newsletter", "true", "false"),
    ]
    base = {"Lead ID": L1, "Create Date": "1/5/2026", "Edit Date": "1/20/2026 9:00 AM"}
    trial.write(
        "Lead History",
        [base | {"Field / Event": field, "Old Value": old, "New Value": new} for field, old, new in changes],
    )
    trial.run(object="lead")
    (found,) = rows_of(trial.output, "leads")
    assert (found["owner"], found["Newsletter"]) == ("Bob", "1")
    assert [row["stage"] for row in rows_of(trial.output, "stages")] == ["New", "Working"]


@pytest.mark.parametrize("exports", [1, 2])
def test_survivor_is_as_old_as_the_first_record_merged_into_it(trial: LeadTrial, exports: int) -> None:
    """Whether the older export, in which they are two, is imported or only the newer one."""
    older = lead(L2, CreatedDate="2026-01-01T09:00:00Z")
    if exports == 2:
        trial.write("leads", [lead(L1), older])
        trial.run(object="lead")
    trial.write("leads", [lead(L1), older | {"IsDeleted": "true", "MasterRecordId": L1}])
    trial.run(object="lead")
    (row,) = rows_of(trial.output, "leads")
    assert (row["lead_id"], row["created_at"].strftime("%m-%d")) == (L1, "01-01")


def task(number: int, who: str, what: str, day: str) -> Row:
    return {"Id": record_id("00T", number), "WhoId": who, "WhatId": what, "TaskSubtype": "Call", "Status": "Completed",
            "ActivityDate": f"2026-{day}", "CreatedDate": f"2026-{day}T10:00:00Z"}  # fmt: skip


def test_activity_of_a_contact_is_that_of_its_deal(trial: LeadTrial) -> None:
    """A contact's activity belongs to its newest deal of that time, unless it names another opportunity."""
    trial.write("deals", [deal(DEAL, "01-05"), deal(OTHER_DEAL, "03-01")])
    role = {"ContactId": CONTACT, "Role": "Buyer", "IsPrimary": "true"}
    roles = [
        {"Id": record_id("00K", n), "OpportunityId": id_, **role} for n, id_ in enumerate((DEAL, OTHER_DEAL))
    ]
    trial.write("roles", roles)
    trial.write("tasks", [
        task(1, CONTACT, "", "02-01"), task(2, CONTACT, record_id("001", 1), "04-01"),
        task(3, CONTACT, record_id("006", 77), "04-02"), task(4, record_id("003", 9), "", "04-03"),
    ])  # fmt: skip
    record = trial.run().record
    assert trial.interactions() == [(DEAL, "02-01", "call"), (OTHER_DEAL, "04-01", "call")]
    tasks = next(source for source in record["sources"] if source["kind"] == "Task")
    assert tasks["set_aside"]["of_no_lead_of_the_export"]["count"] == 2


def test_campaign_member_joins_and_responds(trial: LeadTrial) -> None:
    """A member is visible from its joining on, whether it responds later or not."""
    trial.write("deals", [deal(DEAL, "01-05")])
    trial.write("leads", [lead(L1, "Qualified", IsConverted="true", ConvertedOpportunityId=DEAL)])
    base = {
        "CampaignId": record_id("701", 1),
        "ContactId": "",
        "Status": "Sent",
        "CreatedDate": "2026-02-01T10:00:00Z",
    }
    trial.write("members", [
        {**base, "Id": record_id("00v", 1), "LeadId": L1, "HasResponded": "true", "FirstRespondedDate": "2026-02-04"},
        {**base, "Id": record_id("00v", 2), "LeadId": L4, "HasResponded": "false", "FirstRespondedDate": ""},
    ])  # fmt: skip
    trial.run()
    assert trial.interactions() == [(DEAL, "02-01", "campaign"), (DEAL, "02-04", "campaign_response")]
