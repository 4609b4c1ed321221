"""Dynamics: leads as leads (--object lead): qualified ones are won, disqualified ones lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.run import Imported
from history.base.errors import InvalidInput
from tests.builders.exports.dynamics import guid
from tests.builders.exports.import_trial import Trial
from tests.builders.exports.imported_folder import rows_of
from tests.builders.exports.simulated_crm import csv_text

Record = dict[str, Any]
L1, L2, L3, L4 = (guid(1, number) for number in (1, 2, 3, 4))
DEAL, ANN, BOB = guid(6, 1), guid(5, 1), guid(5, 2)
LABEL = "@OData.Community.Display.V1.FormattedValue"


def lead(id_: str, state: int = 0, reason: int = 1, **fields: Any) -> Record:
    return {
        "leadid": id_, "statecode": state, "statuscode": reason, "fullname": f"Lead {id_[-1]}", "companyname": "ACME",
        "leadsourcecode": 8, f"leadsourcecode{LABEL}": "Web", "_ownerid_value": ANN, "new_size": 5,
        "createdon": "2026-01-05T09:00:00Z", "modifiedon": "2026-06-01T00:00:00Z", **fields,
    }  # fmt: skip


def audit(id_: str, day: str, name: str, old: Any, new: Any) -> Record:
    data = {"changedAttributes": [{"logicalName": name, "oldValue": old, "newValue": new}]}
    return {
        "_objectid_value": id_,
        "createdon": f"2026-{day}T10:00:00Z",
        "changedata": json.dumps(data),
        "action": 2,
    }


class LeadTrial(Trial):
    """Exports of the leads of Dynamics, and what becomes of them by day."""

    def __init__(self, folder: Path) -> None:
        super().__init__("dynamics", folder)

    def write_records(self, name: str, *records: Record) -> None:
        self.write_json(name, {"value": records})

    def run(self, mapping: Path | None = None, **options: Any) -> Imported:
        return super().run(mapping, object="lead", **options)

    def decisions(self) -> list[tuple[str, str, str, str | None]]:
        rows = rows_of(self.output, "outcomes")
        return [
            (
                r["lead_id"],
                r["outcome"],
                r["closed_at"].strftime("%m-%d") if r["closed_at"] else "",
                r["reason"],
            )
            for r in rows
        ]

    def interactions(self) -> list[tuple[str, str]]:
        return [(r["lead_id"], r["kind"]) for r in rows_of(self.output, "interactions")]


@pytest.fixture
def trial(tmp_path: Path) -> LeadTrial:
    return LeadTrial(tmp_path)


def test_qualified_lead_is_won_and_a_disqualified_one_lost(trial: LeadTrial) -> None:
    trial.write_records("leads", lead(L1, 1, 3), lead(L2, 2, 6), lead(L3, 0, 2))
    trial.write_records(
        "audits",
        audit(L1, "02-01", "statuscode", 1, 2), audit(L1, "03-01", "statuscode", 2, 3),
        audit(L1, "03-01", "statecode", 0, 1), audit(L2, "02-03", "statuscode", 1, 6),
        audit(L2, "02-03", "statecode", 0, 2), audit(L3, "02-05", "statuscode", 1, 2),
        audit(L3, "02-06", "ownerid", BOB, ANN), audit(L3, "02-07", "new_size", 3, 5),
    )  # fmt: skip
    users = [{"systemuserid": ANN, "fullname": "Ann"}, {"systemuserid": BOB, "fullname": "Bob"}]
    trial.write_records("users", *users)
    record = trial.run().record
    assert (record["object"], record["unclaimed"]) == ("lead", [])
    assert trial.decisions() == [(L1, "won", "03-01", None), (L2, "lost", "02-03", "No Longer Interested")]
    assert trial.stage_days() == [
        (L1, "01-05", "New"), (L1, "02-01", "Contacted"), (L2, "01-05", "New"), (L3, "01-05", "New"),
        (L3, "02-05", "Contacted"),
    ]  # fmt: skip
    leads = {r["lead_id"]: (r["owner"], r["source"], r["new_size"]) for r in rows_of(trial.output, "leads")}
    assert leads == {L1: ("Ann", "Web", "5"), L2: ("Ann", "Web", "5"), L3: ("Bob", "Web", "3")}
    config = (trial.output / "funnel.toml").read_text()
    assert 'stages = ["New", "Contacted"]' in config
    assert 'identity = ["company", "contact_name"]' in config


def test_qualification_without_audit_is_the_creation_of_the_opportunity(trial: LeadTrial) -> None:
    trial.write_records(
        "leads", lead(L1, 1, 3, _qualifyingopportunityid_value=DEAL), lead(L2, 2, 4), lead(L3, 1, 3)
    )
    deal = {"opportunityid": DEAL, "statecode": 0, "createdon": "2026-03-01T09:00:00Z", "estimatedvalue": 5}
    other = {**deal, "opportunityid": guid(6, 2)}
    trial.write_records("opportunities", deal, other)
    record = trial.run().record
    assert trial.decisions() == [(L1, "won", "03-01", None), (L2, "lost", "", "Lost"), (L3, "won", "", None)]
    (account,) = [source for source in record["sources"] if source["kind"] == "opportunity"]
    assert (account["rows_used"], account["set_aside"]["of_another_object"]["count"]) == (1, 1)


def test_activities_of_a_merged_lead_are_those_of_its_survivor(trial: LeadTrial) -> None:
    trial.write_records("leads", lead(L1), lead(L2, 2, 7, merged=True, _masterid_value=L1))
    call = {
        "activityid": guid(3, 1), "_regardingobjectid_value": L2, "activitytypecode": "phonecall", "statecode": 1,
        "actualend": "2026-02-01T10:00:00Z", "createdon": "2026-02-01T10:00:00Z",
    }  # fmt: skip
    trial.write_records(
        "activities", call, {**call, "activityid": guid(3, 2), "_regardingobjectid_value": L4}
    )
    trial.run()
    assert [row["lead_id"] for row in rows_of(trial.output, "leads")] == [L1]
    assert trial.interactions() == [(L1, "call")]
    assert trial.decisions() == []


def test_view_with_labels_is_read(trial: LeadTrial) -> None:
    statuses = ((L1, "Qualifiziert", "Qualifiziert"), (L2, "Disqualified", "Lost"), (L3, "Open", "Hot"))
    rows = [
        {"(Do Not Modify) Lead": id_, "Name": "Doe", "Status": state, "Status Reason": reason,
         "Created On": "1/31/2026 9:05 AM", "Lead Source": "Web", "Owner": "Ann"}
        for id_, state, reason in statuses
    ]  # fmt: skip
    (trial.source / "leads.csv").write_text(csv_text(rows), encoding="utf-8")
    trial.run()
    assert [(id_, outcome) for id_, outcome, *_ in trial.decisions()] == [(L1, "won"), (L2, "lost")]
    assert [(id_, stage) for id_, _, stage in trial.stage_days()] == [(L3, "Hot")]


def test_export_without_leads_is_refused(trial: LeadTrial) -> None:
    trial.write_records(
        "opportunities", {"opportunityid": DEAL, "statecode": 0, "createdon": "2026-03-01T09:00:00Z"}
    )
    with pytest.raises(InvalidInput) as refusal:
        trial.run(pipeline="x")
    assert [
        "no table of leads" in refusal.value.problems[0],
        "--pipeline x" in refusal.value.problems[1],
    ] == [
        True,
        True,
    ]
