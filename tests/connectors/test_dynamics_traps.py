"""Small exports of Dynamics with one trap each: what is wrong is named with its mend, what is right is kept."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.dynamics.objects import FORMATTED
from history.base.errors import InvalidInput
from tests.builders.exports.dynamics import guid
from tests.builders.exports.import_trial import Trial
from tests.builders.exports.imported_folder import rows_of
from tests.builders.exports.workbook import Cell, write_workbook

Record = dict[str, Any]
A, B, C = (guid(6, number) for number in (1, 2, 3))
LEAD, STAGE, OTHER = guid(1, 1), guid(9, 1), guid(9, 2)


def deal(id_: str, state: int = 0, **fields: Any) -> Record:
    return {
        "opportunityid": id_, "name": f"Deal {id_[-1]}", "statecode": state, "createdon": "2026-01-05T09:00:00Z",
        "modifiedon": "2026-06-01T00:00:00Z", "estimatedvalue": 1000.0, "actualvalue": 900.0 if state == 1 else None,
        "actualclosedate": "2026-03-31" if state else None, "statuscode": {0: 1, 1: 3, 2: 5}[state], **fields,
    }  # fmt: skip


def audit(id_: str, day: str, name: str, old: Any, new: Any) -> Record:
    data = {"changedAttributes": [{"logicalName": name, "oldValue": old, "newValue": new}]}
    return {
        "_objectid_value": id_,
        "createdon": f"2026-{day}T10:00:00Z",
        "changedata": json.dumps(data),
        "action": 2,
    }


def flow(id_: str, **fields: Any) -> Record:
    return {
        "businessprocessflowinstanceid": guid(7, 1), "_opportunityid_value": id_, "_activestageid_value": OTHER,
        "activestagestartedon": "2026-02-01T08:00:00Z", "createdon": "2026-01-05T09:00:00Z",
        "traversedpath": f"{STAGE},{OTHER}", **fields,
    }  # fmt: skip


class DynamicsTrial(Trial):
    """Exports of Dynamics, and the stages by day."""

    def __init__(self, folder: Path) -> None:
        super().__init__("dynamics", folder)

    def write_records(self, name: str, records: list[Record]) -> None:
        self.write_json(name, {"value": records})

    def write_stages(self) -> None:
        names = ((STAGE, "Develop", 1), (OTHER, "Propose", 2))
        self.write_records(
            "stages", [{"processstageid": i, "stagename": n, "stagecategory": c} for i, n, c in names]
        )

    def days_of_stages(self) -> list[tuple[str, str]]:
        return [(r["entered_at"].strftime("%m-%d"), r["stage"]) for r in rows_of(self.output, "stages")]


@pytest.fixture
def trial(tmp_path: Path) -> DynamicsTrial:
    return DynamicsTrial(tmp_path)


def test_closing_day_ends_that_day_without_a_history(trial: DynamicsTrial) -> None:
    trial.write_records("opportunity", [deal(A, 1), deal(B, 2), deal(C)])
    trial.run()
    assert trial.outcomes() == [(A, "won", "03-31 23:59", 900.0), (B, "lost", "03-31 23:59", None)]
    assert [row["reason"] for row in rows_of(trial.output, "outcomes")] == [None, "Out-Sold"]


def test_closing_activity_tells_the_time(trial: DynamicsTrial) -> None:
    trial.write_records("opportunity", [deal(A, 1), deal(C)])
    trial.write_records("close", [{"activityid": guid(8, 1), "_opportunityid_value": A, "actualend": "2026-03-31",
                           "createdon": "2026-03-31T15:30:00Z"}])  # fmt: skip
    trial.run()
    assert trial.outcomes() == [(A, "won", "03-31 15:30", 900.0)]


def test_reopened_deal_without_stages_is_open_again(trial: DynamicsTrial) -> None:
    trial.write_records("opportunity", [deal(A)])
    trial.write_records(
        "audit", [audit(A, "02-01", "statecode", "0", "2"), audit(A, "03-01", "statecode", "2", "0")]
    )
    trial.run()
    assert [(outcome, when) for _, outcome, when, _ in trial.outcomes()] == [
        ("lost", "02-01 10:00"), ("open", "03-01 10:00"),
    ]  # fmt: skip
    assert trial.days_of_stages() == []


def test_flow_without_audit_has_two_times(trial: DynamicsTrial) -> None:
    trial.write_stages()
    trial.write_records("opportunity", [deal(A)])
    trial.write_records("process", [flow(A)])
    trial.run()
    assert trial.days_of_stages() == [("01-05", "Develop"), ("02-01", "Propose")]


def test_stages_without_a_time_are_counted(trial: DynamicsTrial) -> None:
    trial.write_stages()
    trial.write_records("opportunity", [deal(A)])
    trial.write_records("process", [flow(A, traversedpath=f"{STAGE},{guid(9, 3)},{OTHER}")])
    record = trial.run().record
    assert trial.days_of_stages() == [("01-05", "Develop"), ("02-01", "Propose")]
    assert record["notes"] == [
        "Stages between the first and the present one without a time: 1. Export the audit rows of the process flow "
        "(activestageid) to have them."
    ]


def test_flow_of_the_lead_is_that_of_its_opportunity(trial: DynamicsTrial) -> None:
    trial.write_stages()
    trial.write_records("opportunity", [deal(A, _originatingleadid_value=LEAD)])
    trial.write_records(
        "process",
        [{**flow(A, createdon="2026-01-01T00:00:00Z", _leadid_value=LEAD), "_opportunityid_value": None}],
    )
    trial.run()
    assert trial.days_of_stages() == [("01-05", "Develop"), ("02-01", "Propose")]


def test_ids_match_in_any_case_and_braces(trial: DynamicsTrial) -> None:
    trial.write_records("opportunity", [deal(A)])
    call = {"activityid": guid(4, 1), "_regardingobjectid_value": f"{{{A.upper()}}}", "activitytypecode": "phonecall",
            "actualend": "2026-02-01T10:00:00Z", "directioncode": True, "statecode": 1}  # fmt: skip
    trial.write_records("phonecall", [call])
    trial.run()
    (row,) = rows_of(trial.output, "interactions")
    assert (row["lead_id"], row["kind"], row["channel"], row["direction"]) == (A, "call", "phone", "outbound")


def test_activities_of_a_merged_lead_are_its_survivors(trial: DynamicsTrial) -> None:
    merged = guid(1, 2)
    trial.write_records("opportunity", [deal(A)])
    leads = [{"leadid": LEAD, "subject": "x", "_qualifyingopportunityid_value": A, "createdon": "2026-01-01T00:00:00Z",
              "_masterid_value": None, "statecode": 1, "leadsourcecode": 8, f"leadsourcecode{FORMATTED}": "Web"},
             {"leadid": merged, "subject": "y", "_qualifyingopportunityid_value": None, "_masterid_value": LEAD,
              "createdon": "2026-01-01T00:00:00Z", "statecode": 2}]  # fmt: skip
    trial.write_records("lead", leads)
    task = {"activityid": guid(4, 1), "activitytypecode": "task", "_regardingobjectid_value": merged}
    trial.write_records("task", [{**task, "actualend": "2026-02-01T10:00:00Z", "statecode": 1}])
    trial.run()
    assert [row["lead_id"] for row in rows_of(trial.output, "interactions")] == [A]
    assert rows_of(trial.output, "leads")[0]["source"] == "Web"


def test_labels_of_choices_take_the_place_of_codes(trial: DynamicsTrial) -> None:
    plan = {
        "new_size": 2,
        f"new_size{FORMATTED}": "Large",
        "new_seats": 1500,
        f"new_seats{FORMATTED}": "1,500",
    }
    trial.write_records("opportunity", [deal(A) | plan])
    trial.write_records("audit", [audit(A, "02-01", "new_size", "1", "2")])
    trial.run()
    (row,) = rows_of(trial.output, "leads")
    assert (row["new_size"], row["new_seats"]) == ("1", "1500")
    (change,) = rows_of(trial.output, "attribute_changes")
    assert change["value"] == "Large"


def test_amounts_are_those_of_the_organisation(trial: DynamicsTrial) -> None:
    currency = {
        "_transactioncurrencyid_value": guid(3, 1),
        f"_transactioncurrencyid_value{FORMATTED}": "Euro",
    }
    yen = {
        "_transactioncurrencyid_value": guid(3, 2),
        f"_transactioncurrencyid_value{FORMATTED}": "Japanese Yen",
    }
    trial.write_records(
        "opportunity", [deal(A, 1, exchangerate=1.0, **currency), deal(B, 1, exchangerate=160.0, **yen)]
    )
    trial.run()
    assert [amount for *_, amount in trial.outcomes()] == [900.0, 5.62]
    assert 'currency = "EUR"' in (trial.output / "funnel.toml").read_text()


def test_currencies_without_rates_are_named(trial: DynamicsTrial) -> None:
    codes: list[Record] = [
        {f"_transactioncurrencyid_value{FORMATTED}": name} for name in ("Euro", "US Dollar")
    ]
    trial.write_records("opportunity", [deal(A, **codes[0]), deal(B, **codes[1])])
    with pytest.raises(InvalidInput, match=r"EUR, USD.*exchangerate"):
        trial.run()


def test_pipeline_is_refused(trial: DynamicsTrial) -> None:
    trial.write_records("opportunity", [deal(A)])
    with pytest.raises(InvalidInput, match="--pipeline Sales"):
        trial.run(pipeline="Sales")


def test_view_without_hidden_columns_names_the_mend(trial: DynamicsTrial) -> None:
    trial.write("view", [{"Topic": "x", "Status": "Open", "Created On": "2026-01-05", "Owner": "Ada"}])
    with pytest.raises(InvalidInput, match=r"no file is a table of dynamics.*Topic"):
        trial.run()


def test_names_of_several_deals_match_no_activity(trial: DynamicsTrial) -> None:
    """Views name the opportunity of an activity; a name that two have could be either."""
    row = {"Topic": "Same", "Status": "Open", "Created On": "2026-01-05"}
    trial.write("opportunities", [{"(Do Not Modify) Opportunity": id_, **row} for id_ in (A, B)])
    call = {"Regarding": "Same", "Activity Status": "Completed", "Actual End": "2026-02-01"}
    trial.write("calls", [{"(Do Not Modify) Phone Call": guid(4, 1), **call}])
    record = trial.run().record
    assert rows_of(trial.output, "interactions") == []
    aside = [reason for source in record["sources"] for reason in source["set_aside"]]
    assert aside == ["of_no_opportunity_of_the_export"]


def test_newer_export_adds_changes_and_erases(trial: DynamicsTrial) -> None:
    trial.write_records("opportunity", [deal(A, new_region="north"), deal(B)])
    trial.run()
    trial.write_records(
        "opportunity",
        [deal(A, new_region="south", modifiedon="2026-07-01T00:00:00Z"), deal(B, IsDelete=True)],
    )
    trial.run()
    assert [row["lead_id"] for row in rows_of(trial.output, "leads")] == [A]
    (change,) = rows_of(trial.output, "attribute_changes")
    assert (change["value"], change["recorded_at"].strftime("%m-%d")) == ("south", "07-01")


def test_versions_of_a_loader_are_a_history(trial: DynamicsTrial) -> None:
    """Without audit the versions of an opportunity tell its phases and its closing."""
    steps = [("01-05", "1-Qualify", "0"), ("02-01", "2-Develop", "0"), ("03-01", "2-Develop", "1")]
    rows = [
        {"_fivetran_start": f"2026-{day} 09:00:00", "opportunityid": A, "name": "x", "createdon": "2026-01-05 09:00:00",
         "stepname": step, "statecode": state, "actualvalue": "70", "actualclosedate": "2026-03-01"}
        for day, step, state in steps
    ]  # fmt: skip
    trial.write("opportunity", rows)
    trial.run()
    assert trial.days_of_stages() == [("01-05", "1-Qualify"), ("02-01", "2-Develop")]
    assert trial.outcomes() == [(A, "won", "03-01 09:00", 70.0)]
    assert 'stages = ["1-Qualify", "2-Develop"]' in (trial.output / "funnel.toml").read_text()


def test_workbook_of_a_view_is_read(trial: DynamicsTrial) -> None:
    header = ("(Do Not Modify) Opportunity", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Topic",
              "Status", "Created On", "Actual Close Date", "Actual Revenue", "Seats")  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        header,
        (A, "abc=", date(2026, 3, 2), "Alpha", "Won", date(2026, 1, 5), date(2026, 3, 1), 700.5, 12),
        (B, "def=", date(2026, 3, 3), "Beta", "Open", date(2026, 1, 6), None, None, 3),
    ]
    write_workbook(
        trial.source / "My Opportunities.xlsx", {"My Opportunities": rows, "hiddenSheet": [("x",), ("1",)]}
    )
    record = trial.run().record
    assert trial.outcomes() == [(A, "won", "03-01 23:59", 700.5)]
    assert [row["Seats"] for row in rows_of(trial.output, "leads")] == ["12", "3"]
    assert record["unclaimed"] == ["export/My Opportunities.xlsx, sheet hiddenSheet"]


def test_audit_saved_by_a_tool_is_the_history_of_stages(trial: DynamicsTrial) -> None:
    """Labels in place of names; the pipeline phase has a history, the process flow only its present stage."""
    deal_row = {"(Do Not Modify) Opportunity": A, "Topic": "Deal", "Status": "Open", "Created On": "2026-01-05 09:00",
                "Pipeline Phase": "3-Propose", "Est. Revenue": "1000"}  # fmt: skip
    trial.write("view", [deal_row])
    trial.write_records("flow", [flow(A)])
    trial.write_stages()
    changes = [("2026-01-20 10:00", "Pipeline Phase", "1-Qualify", "2-Develop"),
               ("2026-02-01 10:00", "Pipeline Phase", "2-Develop", "3-Propose"),
               ("2026-02-02 10:00", "Status Reason", "In Progress", "On Hold")]  # fmt: skip
    names = ("Date", "Attribute Name", "Old Value", "New Value")
    trial.write("audit", [{"Record ID": A, **dict(zip(names, row, strict=True))} for row in changes])
    imported = trial.run()
    assert trial.days_of_stages() == [("01-05", "1-Qualify"), ("01-20", "2-Develop"), ("02-01", "3-Propose")]
    assert not [what for what in imported.record["lacks"] if "stages" in what]
