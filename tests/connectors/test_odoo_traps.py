"""Small exports of Odoo with one trap each: what is wrong is named with its mend, what is right is kept."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from history.base.errors import InvalidInput
from tests.builders.exports.import_trial import Trial
from tests.builders.exports.imported_folder import rows_of
from tests.builders.exports.workbook import Cell, write_workbook

NEW, WON = [1, "New"], [4, "Won"]
STAGES = [
    {"id": 1, "name": "New", "sequence": 1, "is_won": False},
    {"id": 2, "name": "Offer", "sequence": 2, "is_won": False},
    {"id": 4, "name": "Won", "sequence": 9, "is_won": True},
]  # fmt: skip
Record = dict[str, Any]


def lead(id_: int, **fields: Any) -> Record:
    return {
        "id": id_, "name": f"Deal {id_}", "type": "opportunity", "active": True, "stage_id": NEW, "probability": 20.0,
        "create_date": "2026-01-05 09:00:00", "write_date": "2026-06-01 00:00:00", "date_closed": False,
        "date_last_stage_update": "2026-01-05 09:00:00", "expected_revenue": 1000.0, "lost_reason_id": False, **fields,
    }  # fmt: skip


def message(id_: int, day: str, **fields: Any) -> Record:
    return {
        "id": id_, "model": "crm.lead", "res_id": 1, "date": f"2026-{day} 10:00:00", "message_type": "notification",
        "subtype_id": [2, "Note"], "subject": False, **fields,
    }  # fmt: skip


def change(id_: int, message_id: int, old: Any, new: Any, **fields: Any) -> Record:
    """A tracked change of a link, or of `active` where the values are whole numbers."""
    sides = {}
    for side, value in (("old", old), ("new", new)):
        linked = isinstance(value, list)
        sides[f"{side}_value_integer"] = value[0] if linked else value
        sides[f"{side}_value_char"] = value[1] if linked else False
    name = [9, "Stage (crm.lead)"] if isinstance(new, list) else [8, "Active (crm.lead)"]
    return {"id": id_, "mail_message_id": [message_id, "x"], "field_id": name, **sides, **fields}


class OdooTrial(Trial):
    """Exports of Odoo, and what becomes of leads by day."""

    def __init__(self, folder: Path) -> None:
        super().__init__("odoo", folder)

    def decisions(self) -> list[tuple[str, str, str]]:
        rows = rows_of(self.output, "outcomes")
        return [(r["lead_id"], r["outcome"], r["closed_at"].strftime("%m-%d %H:%M")) for r in rows]


@pytest.fixture
def trial(tmp_path: Path) -> OdooTrial:
    trial = OdooTrial(tmp_path)
    trial.write_json("crm_stage", STAGES)
    return trial


def test_archived_lead_with_a_reason_is_lost(trial: OdooTrial) -> None:
    closed = {"active": False, "date_closed": "2026-03-01 12:00:00"}
    trial.write_json(
        "crm_lead",
        [lead(1, lost_reason_id=[3, "Too expensive"], **closed), lead(2, probability=0.0, **closed)],
    )
    trial.run()
    assert trial.decisions() == [("1", "lost", "03-01 12:00"), ("2", "lost", "03-01 12:00")]
    assert [row["reason"] for row in rows_of(trial.output, "outcomes")] == ["Too expensive", None]
    assert trial.stage_days() == [("1", "01-05", "New"), ("2", "01-05", "New")]


def test_archived_lead_with_a_chance_is_gone(trial: OdooTrial) -> None:
    trial.write_json("crm_lead", [lead(1, active=False, date_closed="2026-03-01 12:00:00"), lead(2)])
    trial.run()
    assert trial.decisions() == [("1", "gone", "03-01 12:00")]


def test_won_lead_that_is_archived_stays_won(trial: OdooTrial) -> None:
    won = lead(1, stage_id=WON, active=False, probability=100.0, date_closed="2026-03-01 12:00:00")
    trial.write_json("crm_lead", [won, lead(2)])
    trial.write_json("mail_message", [message(1, "03-01"), message(2, "04-01")])
    trial.write_json("mail_tracking_value", [change(1, 1, NEW, WON), change(2, 2, 1, 0)])
    trial.run()
    assert trial.decisions() == [("1", "won", "03-01 10:00")]


def test_restored_lead_is_open_again(trial: OdooTrial) -> None:
    trial.write_json("crm_lead", [lead(1, stage_id=[2, "Offer"])])
    trial.write_json("mail_message", [message(1, "02-01"), message(2, "03-01"), message(3, "04-01")])
    changes = [change(1, 1, NEW, [2, "Quote"]), change(2, 2, 1, 0), change(3, 3, 0, 1)]
    trial.write_json("mail_tracking_value", changes)
    trial.run()
    assert trial.decisions() == [("1", "lost", "03-01 10:00"), ("1", "open", "04-01 10:00")]
    assert trial.stage_days() == [("1", "01-05", "New"), ("1", "02-01", "Offer"), ("1", "04-01", "Offer")]


def test_stage_is_known_by_its_values_in_any_language(trial: OdooTrial) -> None:
    """Without the table of fields and with foreign labels only the values tell which field is the stage."""
    trial.write_json("crm_lead", [lead(1, stage_id=[2, "Offer"])])
    trial.write_json("mail_message", [message(1, "02-01")])
    trial.write_json(
        "mail_tracking_value", [change(1, 1, NEW, [2, "Offer"], field_id=[77, "Phase (crm.lead)"])]
    )
    trial.run()
    assert trial.stage_days() == [("1", "01-05", "New"), ("1", "02-01", "Offer")]


def test_columns_of_older_versions_are_read(trial: OdooTrial) -> None:
    trial.write_json("crm_lead", [lead(1, stage_id=[2, "Offer"])])
    trial.write_json("mail_message", [message(1, "02-01")])
    old = {"field_id": None, "field": "stage_id", "field_desc": "Stufe", "field_type": "many2one"}
    rows = [change(1, 1, NEW, [2, "Offer"]) | old]
    trial.write_json("mail_tracking_value", [{k: v for k, v in row.items() if v is not None} for row in rows])
    trial.run()
    assert trial.stage_days() == [("1", "01-05", "New"), ("1", "02-01", "Offer")]


def test_history_of_a_merged_lead_is_set_aside(trial: OdooTrial) -> None:
    trial.write_json("crm_lead", [lead(1)])
    merged = message(1, "02-01", subject="From Old deal : False")
    email = message(
        2, "02-02", subject="From Old deal : Hello", message_type="email", subtype_id=[1, "Discussions"]
    )
    trial.write_json("mail_message", [merged, email])
    trial.write_json("mail_tracking_value", [change(1, 1, NEW, [2, "Offer"])])
    record = trial.run().record
    assert trial.stage_days() == [("1", "01-05", "New")]
    assert [row["kind"] for row in rows_of(trial.output, "interactions")] == ["email"]
    aside = [entry for source in record["sources"] for entry in source["set_aside"]]
    assert aside == ["of_a_merged_lead"]


UNQUALIFIED = lead(1, type="lead")
CONVERTED = lead(
    2, date_conversion="2026-02-01 08:00:00", stage_id=[2, "Offer"], date_last_stage_update="2026-02-01 08:00:00"
)  # fmt: skip


def test_lead_is_a_deal_from_its_conversion_on(trial: OdooTrial) -> None:
    trial.write_json("crm_lead", [UNQUALIFIED, CONVERTED])
    trial.run()
    leads = [(r["lead_id"], r["created_at"].strftime("%m-%d")) for r in rows_of(trial.output, "leads")]
    assert leads == [("2", "02-01")]
    assert trial.stage_days() == [("2", "02-01", "Offer")]


def test_lead_that_is_merged_after_an_import_leaves(trial: OdooTrial) -> None:
    """A merge deletes the other lead and moves its messages: a newer export shows that and no more."""
    email = {"message_type": "email", "subtype_id": [1, "Discussions"]}
    trial.write_json("crm_lead", [lead(1), lead(2)])
    trial.write_json("mail_message", [message(1, "02-01", **email), message(2, "02-02", **email, res_id=2)])
    trial.run()
    trial.write_json("crm_lead", [lead(1, write_date="2026-07-01 00:00:00")])
    trial.write_json(
        "mail_message", [message(1, "02-01", **email), message(2, "02-02", **email, subject="From B : Hi")]
    )
    record = trial.run().record
    assert [row["lead_id"] for row in rows_of(trial.output, "leads")] == ["1"]
    assert [row["lead_id"] for row in rows_of(trial.output, "interactions")] == ["1", "1"]
    assert record["notes"][-1] == "Leads of the earlier import that were merged into others since then: 1."


def test_unqualified_leads_are_leads_on_demand(trial: OdooTrial) -> None:
    trial.write_json("crm_lead", [UNQUALIFIED, CONVERTED])
    assert trial.run(object="lead").record["object"] == "lead"
    assert trial.stage_days() == [("1", "01-05", "Lead"), ("2", "01-05", "Lead"), ("2", "02-01", "Offer")]
    assert 'stages = ["Lead", "Offer"]' in (trial.output / "funnel.toml").read_text()


def test_pipeline_is_the_sales_team(trial: OdooTrial) -> None:
    trial.write_json(
        "crm_lead", [lead(1, team_id=[1, "Europe"]), lead(2, team_id=[2, "Asia"]), lead(3, team_id=False)]
    )
    trial.run(pipeline="asia")
    assert [row["lead_id"] for row in rows_of(trial.output, "leads")] == ["2"]
    with pytest.raises(InvalidInput, match=r"--pipeline Mars: .*Europe \(1\), Asia \(1\), no pipeline \(1\)"):
        trial.run(pipeline="Mars")


def test_list_export_without_ids_names_the_field(trial: OdooTrial) -> None:
    trial.write("Lead-Opportunity", [{"Opportunity": "Deal", "Stage": "New", "Created on": "2026-01-05 09:00:00",
                                          "Expected Revenue": "10"}])  # fmt: skip
    with pytest.raises(InvalidInput, match=r"Lead-Opportunity\.csv holds leads without id .*'External ID'"):
        trial.run()


def test_rows_of_tags_below_a_lead_are_one_set(trial: OdooTrial) -> None:
    base = {"External ID": "", "Opportunity": "", "Stage": "", "Created on": "", "Tags/Tag Name": ""}
    own = {
        "External ID": "crm.case_1",
        "Opportunity": "Deal",
        "Stage": "New",
        "Created on": "2026-01-05 09:00:00",
    }
    trial.write("list", [base | own | {"Tags/Tag Name": "Hot"}, base | {"Tags/Tag Name": "Training"}])
    record = trial.run().record
    assert rows_of(trial.output, "leads")[0]["tags"] == "Hot;Training"
    assert [source["rows_used"] for source in record["sources"]] == [len(STAGES), 2]


def test_tracked_plan_is_kept_with_its_history(trial: OdooTrial) -> None:
    trial.write_json(
        "crm_lead", [lead(1, expected_revenue=3000.0), lead(2, create_date="2026-04-01 09:00:00")]
    )
    trial.write_json("mail_message", [message(1, "02-01")])
    revenue = {
        "field_id": [7, "Expected Revenue (crm.lead)"],
        "old_value_float": 1000.0,
        "new_value_float": 3000.0,
    }
    trial.write_json("mail_tracking_value", [change(1, 1, 0, 0) | revenue])
    trial.run()
    amounts = {row["lead_id"]: row["deal_amount"] for row in rows_of(trial.output, "leads")}
    assert amounts == {"1": "1000", "2": "1000"}
    (row,) = rows_of(trial.output, "attribute_changes")
    assert (row["attribute"], row["value"]) == ("deal_amount", "3000")


def test_newer_export_adds_changes_at_its_time(trial: OdooTrial) -> None:
    trial.write_json("crm_lead", [lead(1, x_region="north")])
    trial.run()
    trial.write_json("crm_lead", [lead(1, x_region="south", write_date="2026-07-01 00:00:00", stage_id=[2, "Offer"],
                                  date_last_stage_update="2026-06-15 00:00:00"), lead(2)])  # fmt: skip
    trial.run()
    (row,) = rows_of(trial.output, "attribute_changes")
    assert (row["value"], row["recorded_at"].strftime("%m-%d")) == ("south", "07-01")
    assert trial.stage_days() == [("1", "01-05", "New"), ("1", "06-15", "Offer"), ("2", "01-05", "New")]
    assert "probability" not in pq.read_schema(trial.output / "leads.parquet").names


def test_versions_of_a_loader_are_a_history(trial: OdooTrial) -> None:
    """Without tracked changes the versions of a record tell its stages, its loss and its owners."""
    base = {
        "id": "1",
        "name": "Deal",
        "type": "opportunity",
        "create_date": "2026-01-05 09:00:00",
        "probability": "0",
    }
    steps = [("01-05", "1", "t", "7"), ("02-01", "2", "t", "7"), ("03-01", "2", "f", "8")]
    rows = [
        {"_fivetran_start": f"2026-{day} 09:00:00", "_fivetran_active": str(n == 2).lower(), **base, "stage_id": stage,
         "active": active, "user_id": user}
        for n, (day, stage, active, user) in enumerate(steps)
    ]  # fmt: skip
    trial.write("crm_lead", rows)
    record = trial.run().record
    assert trial.stage_days() == [("1", "01-05", "New"), ("1", "02-01", "Offer")]
    assert trial.decisions() == [("1", "lost", "03-01 09:00")]
    assert rows_of(trial.output, "leads")[0]["owner"] == "7"
    assert [(r["attribute"], r["value"]) for r in rows_of(trial.output, "attribute_changes")] == [
        ("owner", "8")
    ]
    assert [source["rows_used"] for source in record["sources"]] == [3, len(STAGES)]


def test_row_with_a_time_of_deletion_is_deleted(trial: OdooTrial) -> None:
    rows = [{"id": str(n), "name": "Deal", "stage_id": "1", "create_date": "2026-01-05 09:00:00",
             "_ab_cdc_deleted_at": "2026-02-01T00:00:00.000Z" if n == 2 else ""} for n in (1, 2)]  # fmt: skip
    trial.write("crm_lead", rows)
    trial.run()
    assert [row["lead_id"] for row in rows_of(trial.output, "leads")] == ["1"]


def test_workbook_of_a_grouped_list_is_read(trial: OdooTrial) -> None:
    """A grouped list has a row of its own for each group, with its name, its size and its sums."""
    header = (
        "Opportunity",
        "External ID",
        "Stage",
        "Created on",
        "Closed Date",
        "Active",
        "Expected Revenue",
        "Seats",
    )
    rows: list[tuple[Cell, ...]] = [
        header,
        ("New (1)", None, None, None, None, None, 1000, None),
        ("    Alpha", "__export__.crm_lead_1_0a1b2c3d", "New", date(2026, 1, 5), None, "true", 1000, 12),
        ("Won (1)", None, None, None, None, None, 700.5, None),
        (
            "    Beta",
            "__export__.crm_lead_2_0a1b2c3e",
            "Won",
            date(2026, 1, 6),
            date(2026, 3, 1),
            "true",
            700.5,
            3,
        ),
    ]
    write_workbook(trial.source / "Lead-Opportunity.xlsx", {"Sheet1": rows})
    record = trial.run().record
    assert [(r["lead_id"], r["name"], r["Seats"]) for r in rows_of(trial.output, "leads")] == [
        ("1", "Alpha", "12"), ("2", "Beta", "3"),
    ]  # fmt: skip
    assert trial.decisions() == [("2", "won", "03-01 23:59")]
    assert rows_of(trial.output, "outcomes")[0]["amount"] == 700.5
    assert record["sources"][0]["set_aside"]["total_or_empty_row"]["count"] == 2


def test_file_that_comes_twice_counts_once(trial: OdooTrial) -> None:
    trial.write_json("crm_lead", [lead(1, stage_id=[2, "Offer"])])
    messages = [message(1, "02-01"), message(2, "02-02", message_type="email", subtype_id=[1, "Discussions"])]
    meeting = {
        "id": 5,
        "opportunity_id": [1, "x"],
        "start": "2026-02-03 10:00:00",
        "stop": "2026-02-03 11:00:00",
    }
    for copy in ("a", "b"):
        trial.write_json(f"messages-{copy}", messages)
        trial.write_json(f"tracking-{copy}", [change(1, 1, NEW, [2, "Offer"])])
        trial.write_json(f"meetings-{copy}", [meeting])
    record = trial.run().record
    assert [row["kind"] for row in rows_of(trial.output, "interactions")] == ["email", "meeting"]
    assert trial.stage_days() == [("1", "01-05", "New"), ("1", "02-01", "Offer")]
    again = [
        source["set_aside"]["same_id_again"]["count"] for source in record["sources"] if source["set_aside"]
    ]
    assert again == [1, 2, 1]
