"""Small HubSpot exports with one trap each: what is wrong is named with its mend, what is right is kept."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.hubspot.objects import OWN_PROPERTY
from history.base.errors import InvalidInput
from tests.builders.exports.hubspot import stage_properties
from tests.builders.exports.import_trial import Trial, reasons
from tests.builders.exports.simulated_crm import Row, milliseconds


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial("hubspot", tmp_path)


def deal(id_: str, stage: str = "appointmentscheduled", **fields: str) -> Row:
    closed = stage.startswith("closed")
    return {
        "hs_object_id": id_, "dealname": f"Deal {id_}", "dealstage": stage, "pipeline": "default", "amount": "1000",
        "createdate": "2026-01-05T09:00:00Z", "closedate": "2026-03-31T12:00:00Z",
        "hs_is_closed": str(closed).lower(), "hs_is_closed_won": str(stage == "closedwon").lower(), **fields,
    }  # fmt: skip


def version(id_: str, name: str, value: str, day: str) -> Row:
    return {"deal_id": id_, "name": name, "value": value, "timestamp": f"2026-{day}T10:00:00Z"}


def call(id_: str, day: str, **fields: str) -> Row:
    return {"engagement_id": id_, "type": "CALL", "hs_timestamp": f"2026-{day}T10:00:00Z", **fields}


def test_closing_date_closes_a_deal_without_a_history(trial: Trial) -> None:
    trial.write(
        "deals", [deal("1", "closedwon"), deal("2", "closedlost", closed_lost_reason="price"), deal("3")]
    )
    trial.run()
    assert trial.outcomes() == [("1", "won", "03-31 12:00", 1000.0), ("2", "lost", "03-31 12:00", None)]
    assert [r["reason"] for r in trial.rows("outcomes")] == [None, "price"]
    names = pq.read_schema(trial.output / "leads.parquet").names
    assert names == ["lead_id", "created_at", "name"]


def test_planned_closing_date_has_its_history(trial: Trial) -> None:
    trial.write("deals", [deal("1", createdate="2026-01-05T10:00:00Z")])
    plans = [("2026-03-31", "01-05"), ("1777593600000", "02-01")]
    trial.write("history", [version("1", "closedate", value, day) for value, day in plans])
    trial.run()
    (change,) = trial.rows("attribute_changes")
    assert (change["attribute"], change["value"]) == ("expected_close_date", "2026-05-01")


def test_reopened_deal_is_open_again(trial: Trial) -> None:
    trial.write("deals", [deal("1", "closedwon")])
    path = ("appointmentscheduled", "closedlost", "contractsent", "closedwon")
    trial.write("history", [version("1", "dealstage", s, f"0{n}-10") for n, s in enumerate(path, 1)])
    trial.run()
    assert trial.outcomes() == [
        ("1", "lost", "02-10 10:00", None), ("1", "open", "03-10 10:00", None), ("1", "won", "04-10 10:00", 1000.0),
    ]  # fmt: skip
    assert trial.stages() == [
        ("1", "01-10 10:00", "Appointment Scheduled"), ("1", "03-10 10:00", "Contract Sent"),
    ]  # fmt: skip


def test_newer_entry_columns_come_before_the_older_ones(trial: Trial) -> None:
    row = deal("1", "closedwon", hs_date_entered_closedwon="2026-01-01T00:00:00Z")
    row |= {"hs_v2_date_entered_closedwon": "2026-03-30T10:00:00Z", "hs_v2_date_exited_closedwon": ""}
    row |= {"hs_date_entered_appointmentscheduled": "2026-01-05T09:00:00Z"}
    row |= {"hs_v2_date_entered_current_stage": "2026-03-30T10:00:00Z"}
    trial.write("deals", [row])
    trial.run()
    assert trial.outcomes() == [("1", "won", "03-30 10:00", 1000.0)]
    assert trial.stages() == [("1", "01-05 09:00", "Appointment Scheduled")]


def test_return_to_an_earlier_stage_is_noted(trial: Trial) -> None:
    entered = {"appointmentscheduled": "2026-02-05", "qualifiedtobuy": "2026-02-01"}
    columns = {f"hs_v2_date_entered_{stage}": f"{day}T10:00:00Z" for stage, day in entered.items()}
    trial.write(
        "deals", [deal("1", **columns), deal("2", hs_v2_date_entered_appointmentscheduled="2026-02-05")]
    )
    (note,) = trial.run().record["notes"]
    assert note.startswith("1 deals went back to an earlier stage")


def returned(*path: tuple[str, int]) -> Row:
    """The columns of stages of a deal that was created on 5 January 2026: its stages, and the day of each entry."""
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    rows = [
        {"value": stage, "timestamp": (start + timedelta(days=day)).isoformat().replace("+00:00", "Z")}
        for stage, day in path
    ]
    return stage_properties(rows)


BACK_AND_FORTH = (
    ("appointmentscheduled", 0),
    ("qualifiedtobuy", 3),
    ("appointmentscheduled", 10),
    ("qualifiedtobuy", 12),
)
FOUR_ENTRIES = [
    ("1", "01-05 09:00", "Appointment Scheduled"), ("1", "01-08 09:00", "Qualified To Buy"),
    ("1", "01-15 09:00", "Appointment Scheduled"), ("1", "01-17 09:00", "Qualified To Buy"),
]  # fmt: skip


def test_earlier_visits_follow_from_the_time_in_stages(trial: Trial) -> None:
    trial.write("deals", [deal("1", "qualifiedtobuy", **returned(*BACK_AND_FORTH))])
    (note,) = trial.run().record["notes"]
    assert note.startswith("1 deals came back to a stage")
    assert "several orders" not in note
    assert trial.stages() == FOUR_ENTRIES


def test_closed_deal_that_came_back_was_closed_and_reopened(trial: Trial) -> None:
    path = (("appointmentscheduled", 0), ("closedlost", 3), ("appointmentscheduled", 10), ("closedlost", 12))
    trial.write("deals", [deal("1", "closedlost", closedate="2026-01-17T09:00:00Z", **returned(*path))])
    trial.run()
    assert trial.outcomes() == [
        ("1", "lost", "01-08 09:00", None), ("1", "open", "01-15 09:00", None), ("1", "lost", "01-17 09:00", None),
    ]  # fmt: skip


@pytest.mark.parametrize("unit_ms", [1_000, 60_000, 3_600_000, 86_400_000])
def test_unit_of_durations_is_told_by_visits_with_both_ends(trial: Trial, unit_ms: int) -> None:
    cells = {
        name: str(float(text) / unit_ms) if "_time_in_" in name else text
        for name, text in returned(*BACK_AND_FORTH).items()
    }
    trial.write("deals", [deal("1", "qualifiedtobuy", **cells)])
    trial.run()
    assert trial.stages() == FOUR_ENTRIES


def test_durations_are_read_as_a_clock_with_or_without_days(trial: Trial) -> None:
    def clock(ms: int) -> str:
        hours = ms // 3_600_000
        return f"{hours // 24}:{hours % 24:02}:00:00" if hours > 24 else f"{hours}:00:00"

    cells = {
        name: clock(int(text)) if "_time_in_" in name else text
        for name, text in returned(*BACK_AND_FORTH).items()
    }
    trial.write("deals", [deal("1", "qualifiedtobuy", **cells)])
    trial.run()
    assert trial.stages() == FOUR_ENTRIES


def test_durations_that_cannot_be_read_or_contradict_are_noted(trial: Trial) -> None:
    cells = returned(*BACK_AND_FORTH)
    contradicted = cells | {"hs_v2_cumulative_time_in_appointmentscheduled": str(99 * 86_400_000)}
    unreadable = cells | {"hs_v2_cumulative_time_in_appointmentscheduled": "long"}
    trial.write("deals", [deal("1", **contradicted), deal("2", **unreadable)])
    notes = "\n".join(trial.run().record["notes"])
    assert re.search(
        r"^1 deals went back to an earlier stage; .* no path fits their times in stages", notes, re.M
    )
    assert re.search(r"durations of hs_v2_cumulative_time_in_appointmentscheduled.*long", notes)


def property_export(label: str, versions: list[tuple[str, str]], zone: str = "UTC") -> Row:
    """The row of a deal in HubSpot's export of a property's history: its values from the newest on."""
    row = {"Record ID": "1", "Deal Name": "Deal 1"}
    for place, (value, at) in enumerate(versions):
        number = f" ({place})" if place else ""
        row[f"Previous Value{number}" if place else f"{label} Current Value"] = value
        row |= {
            f"Change Date{number} ({zone})": at, f"Change Source{number}": "CRM_UI", f"Changed By{number}": "Ada Lang",
        }  # fmt: skip
    return row


def test_exported_property_history_gives_stages_owners_and_values(trial: Trial) -> None:
    trial.write("deals", [deal("1", "contractsent", Industry="Steel")])
    stages = [("Contract Sent", "2026-03-01 11:00"), ("Qualified To Buy", "2026-02-01 11:00"),
              ("Appointment Scheduled", "2026-01-05 10:00")]  # fmt: skip
    trial.write("stage-history", [property_export("Deal Stage", stages, "Europe/Berlin")])
    owners = [("Cleo Novak", "2026-02-01 11:00"), ("Ada Lang", "2026-01-05 09:00")]
    trial.write("owner-history", [property_export("Deal owner", owners)])
    values = [("Steel", "2026-02-01 11:00"), ("Paper", "2026-01-05 09:00")]
    trial.write("industry-history", [property_export("Industry", values)])
    trial.write("score-history", [property_export("Deal Score", values)])
    imported = trial.run()
    assert trial.stages() == [
        ("1", "01-05 09:00", "Appointment Scheduled"), ("1", "02-01 10:00", "Qualified To Buy"),
        ("1", "03-01 10:00", "Contract Sent"),
    ]  # fmt: skip
    changes = {(r["attribute"], r["value"], r["changed_at"].day) for r in trial.rows("attribute_changes")}
    assert changes == {("owner", "Cleo Novak", 1), ("Industry", "Steel", 1)}
    assert [(r["owner"], r["Industry"]) for r in trial.rows("leads")] == [("Ada Lang", "Paper")]
    assert reasons(imported) == {"property_that_is_no_attribute": 1}


def test_exported_property_history_is_read_beyond_its_header(trial: Trial) -> None:
    """HubSpot's header ends before the values of records that changed most often."""
    trial.write("deals", [deal("1", "qualifiedtobuy")])
    lines = [
        "Record ID,Deal Name,Deal Stage Current Value,Change Date (UTC),Previous Value (1),Change Date (1) (UTC),,",
        "1,Deal 1,Qualified To Buy,2026-03-01 10:00,Contract Sent,2026-02-01 10:00,"
        "Appointment Scheduled,2026-01-05 09:00",
    ]
    (trial.source / "history.csv").write_text("\n".join(lines))
    trial.run()
    assert [stage for *_, stage in trial.stages()] == [
        "Appointment Scheduled",
        "Contract Sent",
        "Qualified To Buy",
    ]


def test_exported_property_history_of_contacts_is_not_that_of_deals(trial: Trial) -> None:
    trial.write("deals", [deal("1")])
    row = property_export("Lifecycle Stage", [("Customer", "2026-03-01 10:00"), ("Lead", "2026-01-05 09:00")])
    trial.write("history", [{"Email" if name == "Deal Name" else name: text for name, text in row.items()}])
    assert reasons(trial.run()) == {"history_of_another_object": 1}


def test_currencies_without_company_amounts_are_named(trial: Trial) -> None:
    deals = [
        deal("1", "closedwon", deal_currency_code="EUR"),
        deal("2", "closedwon", deal_currency_code="JPY"),
    ]
    trial.write("deals", deals)
    with pytest.raises(InvalidInput, match=r"EUR, JPY.*amount_in_home_currency.*--currency EUR"):
        trial.run()
    trial.run(currency="EUR")
    assert [amount for *_, amount in trial.outcomes()] == [1000.0, None]


def test_company_amounts_convert_currencies(trial: Trial) -> None:
    home = [("1", "EUR", "1000"), ("2", "JPY", "6.25")]
    trial.write(
        "deals",
        [deal(i, "closedwon", deal_currency_code=code, amount_in_home_currency=own) for i, code, own in home],
    )
    trial.run()
    assert [amount for *_, amount in trial.outcomes()] == [1000.0, 6.25]
    assert 'currency = "EUR"' in (trial.output / "funnel.toml").read_text()


def test_old_form_of_engagements_is_read(trial: Trial) -> None:
    trial.write("deals", [deal("1"), deal("2")])
    entry = {
        "engagement": {"id": 9, "type": "CALL", "timestamp": milliseconds("2026-02-01T10:00:00Z"), "ownerId": 3},
        "associations": {"contactIds": [5], "companyIds": [], "dealIds": [1, 2]},
        "metadata": {"durationMilliseconds": 120000, "status": "COMPLETED"},
    }  # fmt: skip
    trial.write_json("engagements", {"results": [entry], "hasMore": False, "offset": 0})
    trial.run()
    assert trial.touches() == [("1", "02-01 10:00", "call"), ("2", "02-01 10:00", "call")]
    assert trial.rows("interactions")[0]["value"] == 2.0


def test_activity_of_a_contact_belongs_to_the_deal_of_that_time(trial: Trial) -> None:
    first, second = deal("1"), deal("2", createdate="2026-04-01T09:00:00Z")
    trial.write("deals", [first, second])
    trial.write("deal_contact", [{"deal_id": "1", "contact_id": "7"}, {"deal_id": "2", "contact_id": "7"}])
    days = ("01-01", "02-01", "04-02")
    trial.write("calls", [call(str(n), day, contact_ids="7") for n, day in enumerate(days)])
    trial.run()
    assert trial.touches() == [
        ("1", "01-01 10:00", "call"), ("1", "02-01 10:00", "call"), ("2", "04-02 10:00", "call"),
    ]  # fmt: skip


def test_planned_meetings_and_open_tasks_are_set_aside(trial: Trial) -> None:
    trial.write("deals", [deal("1", hs_lastmodifieddate="2026-06-01T00:00:00Z")])
    meeting = {"type": "MEETING", "deal_ids": "1", "hs_createdate": "2026-05-01T08:00:00Z"}
    task = {"type": "TASK", "deal_ids": "1", "hs_timestamp": "2026-03-01T08:00:00Z"}
    rows = [
        {"engagement_id": "1", "hs_timestamp": "2026-08-01T08:00:00Z", **meeting},
        {"engagement_id": "2", "hs_timestamp": "2026-05-02T08:00:00Z", "hs_meeting_outcome": "NO_SHOW", **meeting},
        {"engagement_id": "3", "hs_task_status": "NOT_STARTED", **task},
        {"engagement_id": "4", "hs_task_status": "COMPLETED", **task},
    ]  # fmt: skip
    trial.write("engagements", rows)
    assert reasons(trial.run()) == {"planned": 1, "not_completed": 2}
    assert trial.touches() == [("1", "03-01 08:00", "task")]


def test_merged_deals_are_one_lead_with_all_activities(trial: Trial) -> None:
    trial.write("deals", [deal("1"), deal("2")])
    trial.write("calls", [call("10", "02-01", deal_ids="1"), call("11", "02-02", deal_ids="2")])
    trial.run()
    trial.write("deals", [deal("1", hs_merged_object_ids="2;3")])
    trial.write("calls", [call("12", "02-03", deal_ids="3")])
    trial.run()
    assert [r["lead_id"] for r in trial.rows("leads")] == ["1"]
    assert trial.touches() == [("1", f"02-0{day} 10:00", "call") for day in (1, 2, 3)]


def test_survivor_is_as_old_as_the_first_deal_merged_into_it(trial: Trial) -> None:
    older = deal("2") | {"createdate": "2025-12-01T09:00:00Z"}
    trial.write("deals", [deal("1", hs_merged_object_ids="2"), older])
    trial.run()
    (row,) = trial.rows("leads")
    assert (row["lead_id"], row["created_at"].strftime("%Y-%m-%d")) == ("1", "2025-12-01")


def test_newer_export_keeps_the_earlier_values(trial: Trial) -> None:
    trial.write("deals", [deal("1", region="north", hs_lastmodifieddate="2026-02-01T00:00:00Z"), deal("2")])
    trial.run()
    changed = deal("1", "contractsent", region="south", hs_lastmodifieddate="2026-03-01T00:00:00Z")
    trial.write("deals", [changed, deal("2", archived="true"), deal("3")])
    trial.run()
    assert [(r["lead_id"], r["region"]) for r in trial.rows("leads")] == [("1", "north"), ("3", None)]
    (change,) = trial.rows("attribute_changes")
    assert (change["value"], change["recorded_at"].strftime("%m-%d")) == ("south", "03-01")
    assert [stage for id_, _, stage in trial.stages() if id_ == "1"] == [
        "Appointment Scheduled",
        "Contract Sent",
    ]


def test_chosen_pipeline_is_kept(trial: Trial) -> None:
    trial.write("deals", [deal("1"), deal("2"), deal("3", "998", pipeline="77")])
    stages = [
        {
            "id": "998",
            "label": "Due",
            "displayOrder": 0,
            "metadata": {"isClosed": "false", "probability": "0.5"},
        }
    ]
    trial.write_json(
        "pipelines", {"results": [{"id": "77", "label": "Renewals", "displayOrder": 1, "stages": stages}]}
    )
    trial.run(pipeline="renewals")
    assert [r["lead_id"] for r in trial.rows("leads")] == ["3"]
    assert 'stages = ["Due"]' in (trial.output / "funnel.toml").read_text()


def test_stages_of_a_pipeline_in_a_cell_are_read(trial: Trial) -> None:
    trial.write("deals", [deal("1", "s1"), deal("2", "s2", hs_is_closed="", hs_is_closed_won="")])
    stages = (
        '[{"id": "s1", "label": "Start", "displayOrder": 0, "metadata": {"isClosed": "false", "probability": "0.1"}},'
        ' {"id": "s2", "label": "Signed", "displayOrder": 1, "metadata": {"isClosed": "true", "probability": "1.0"}}]'
    )
    trial.write("pipelines", [{"id": "default", "label": "Sales", "displayOrder": "0", "stages": stages}])
    trial.run()
    assert trial.outcomes() == [("2", "won", "03-31 12:00", 1000.0)]
    assert [stage for *_, stage in trial.stages()] == ["Start"]


def test_stages_in_another_pipeline_are_left_out_with_a_note(trial: Trial) -> None:
    trial.write("deals", [deal("1"), deal("2", "x9", pipeline="77")])
    trial.write(
        "history",
        [
            version("1", "dealstage", "x9", "01-05"),
            version("1", "dealstage", "appointmentscheduled", "02-05"),
        ],
    )
    stages = [
        {
            "stage_id": "x9",
            "label": "Elsewhere",
            "display_order": "0",
            "is_closed": "false",
            "pipeline_id": "77",
        }
    ]
    stages.append({"stage_id": "appointmentscheduled", "label": "First", "display_order": "0", "is_closed": "false",
                   "pipeline_id": "default"})  # fmt: skip
    trial.write("stages", stages)
    notes = trial.run(pipeline="default").record["notes"]
    assert notes == ["1 stage entries in another pipeline, before a deal moved, are left out."]
    assert trial.stages() == [("1", "02-05 10:00", "First")]


def test_history_without_an_object_is_told_by_its_ids(trial: Trial) -> None:
    trial.write("deals", [deal("1", "contractsent")])
    base = {"property_name": "dealstage", "timestamp": "2026-01-06T10:00:00Z", "source_type": "X"}
    trial.write("deals_history", [{"object_id": "1", "value": "contractsent", **base}])
    trial.write("contacts_history", [{"object_id": "999", "value": "lead", **base}])
    assert reasons(trial.run()) == {"history_of_another_object": 1}
    assert trial.stages() == [("1", "01-06 10:00", "Contract Sent")]


def test_renamed_won_stage_is_chosen(trial: Trial) -> None:
    rows = [deal("1", "s1"), deal("2", "s2")]
    trial.write("deals", [{k: v for k, v in row.items() if not k.startswith("hs_is")} for row in rows])
    with pytest.raises(InvalidInput, match=r"--won Signed.*s1, s2"):
        trial.run(won=("Signed",))
    trial.run(won=("s2",))
    assert [(id_, outcome) for id_, outcome, *_ in trial.outcomes()] == [("2", "won")]


def test_probability_gives_the_meaning_of_a_stage_without_a_usual_word(trial: Trial) -> None:
    rows = [("1", "Signed", "100%"), ("2", "Disqualified", "0%"), ("3", "Talks", "40%")]
    trial.write(
        "deals",
        [
            {"Record ID": id_, "Deal Name": "x", "Deal Stage": stage, "Deal probability": share, "Amount": "10",
             "Create Date": "2026-01-05 09:00", "Close Date": "2026-03-31 12:00", "Pipeline": "Sales"}
            for id_, stage, share in rows
        ],
    )  # fmt: skip
    trial.run()
    assert trial.outcomes() == [("1", "won", "03-31 12:00", 10.0), ("2", "lost", "03-31 12:00", None)]


def test_rounded_ids_are_refused(trial: Trial) -> None:
    trial.write("deals", [deal("9.01E+09"), deal("9.02E+09")])
    with pytest.raises(InvalidInput, match="2 ids were rounded"):
        trial.run()


def test_contacts_alone_name_the_option_for_them(trial: Trial) -> None:
    trial.write("contacts", [contact("1", "lead")])
    with pytest.raises(InvalidInput, match=r"no table of deals.*--object person"):
        trial.run()


# ---- contacts as leads


def contact(id_: str, stage: str, **fields: str) -> Row:
    return {
        "Record ID": id_, "Email": f"p{id_}@x.example", "Lifecycle Stage": stage, "Create Date": "2026-01-05 09:00",
        "First Name": "Ada", "Last Name": "Lang", **fields,
    }  # fmt: skip


def test_contact_that_became_a_customer_is_won(trial: Trial) -> None:
    trial.write("contacts", [contact("1", "Customer"), contact("2", "Lead"), contact("3", "Opportunity")])
    rows = [
        ("1", "lead", "01-05"),
        ("1", "opportunity", "02-05"),
        ("1", "customer", "03-05"),
        ("2", "lead", "01-06"),
    ]
    trial.write(
        "history",
        [
            {"contact_id": i, "name": "lifecyclestage", "value": v, "timestamp": f"2026-{d}T10:00:00Z"}
            for i, v, d in rows
        ],
    )
    trial.write("deals", [deal("1")])
    assert reasons(trial.run(object="person")) == {"deals_are_not_the_leads": 1}
    assert trial.outcomes() == [("1", "won", "03-05 10:00", None)]
    assert [(id_, stage) for id_, _, stage in trial.stages()] == [
        ("1", "Lead"), ("1", "Opportunity"), ("2", "Lead"), ("3", "Opportunity"),
    ]  # fmt: skip


def test_dates_of_lifecycle_stages_stand_for_a_history(trial: Trial) -> None:
    row = contact(
        "1", "Customer", **{"Became a Lead Date": "", "hs_v2_date_entered_lead": "2026-01-05T10:00:00Z"}
    )
    row["hs_v2_date_entered_customer"] = "2026-02-05T10:00:00Z"
    trial.write("contacts", [row])
    trial.run(object="person")
    assert trial.outcomes() == [("1", "won", "02-05 10:00", None)]
    assert trial.stages() == [("1", "01-05 10:00", "Lead")]


def test_merged_contacts_are_one_person_with_all_events(trial: Trial) -> None:
    row = contact("1", "Lead", **{"Calculated merged vids": "2:1571234567890;3:1571234567891"})
    trial.write("contacts", [row, contact("2", "Lead")])
    trial.write(
        "forms",
        [{"contact_id": "3", "timestamp": "2026-02-01 10:00:00", "form_id": "f", "conversion_id": "c"}],
    )
    event = {"id": "e1", "recipient": "P1@x.example", "type": "CLICK", "created": "2026-02-02 10:00:00"}
    trial.write(
        "email_events", [{**event, "filteredEvent": "false"}, {**event, "id": "e2", "filteredEvent": "true"}]
    )
    assert reasons(trial.run(object="person")) == {"merged_into_another": 1, "by_a_bot": 1}
    assert trial.touches() == [("1", "02-01 10:00", "form_submission"), ("1", "02-02 10:00", "email_click")]


# ---- tables of other loaders


def test_tables_of_airbyte_are_read(trial: Trial) -> None:
    properties = '{"dealname": "Deal 1", "dealstage": "contractsent"}'
    trial.write("deals", [{
        "_airbyte_raw_id": "x", "_airbyte_extracted_at": "2026-04-01", "id": "1",
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-03-01T09:00:00.000Z", "archived": "false", "properties": properties, "contacts": '["7"]',
        "companies": '["9", "8"]', "properties_dealname": "Deal 1", "properties_dealstage": "contractsent",
        "properties_pipeline": "default", "properties_amount": "1000", "properties_hs_num_contacts": "3",
        "properties_region": "north", "properties_createdate": "2026-01-05T09:00:00.000Z",
    }])  # fmt: skip
    base = {"dealId": "1", "sourceType": "CRM_UI", "archived": "false"}
    path = [
        ("appointmentscheduled", "2026-01-05T09:00:00.000Z"),
        ("contractsent", "2026-03-01T09:00:00.000Z"),
    ]
    trial.write(
        "deals_property_history",
        [{**base, "property": "dealstage", "value": stage, "timestamp": at} for stage, at in path],
    )
    trial.write("engagements_calls", [{
        "id": "5", "createdAt": "2026-02-01T09:00:00.000Z", "deals": "", "contacts": '["7"]',
        "properties_hs_timestamp": "2026-02-01T09:00:00.000Z", "properties_hs_call_direction": "OUTBOUND",
        "properties_hs_call_duration": "60000",
    }])  # fmt: skip
    record = trial.run().record
    assert record["unclaimed"] == []
    (lead,) = trial.rows("leads")
    assert (lead["account_id"], lead["name"], lead["region"]) == ("9", "Deal 1", "north")
    assert set(lead) == {"lead_id", "created_at", "account_id", "name", "region"}
    assert trial.stages() == [
        ("1", "01-05 09:00", "Appointment Scheduled"),
        ("1", "03-01 09:00", "Contract Sent"),
    ]
    assert trial.touches() == [("1", "02-01 09:00", "call")]


def test_tables_of_dlt_are_read(trial: Trial) -> None:
    trial.write("deals", [{
        "id": "1", "dealname": "Deal 1", "dealstage": "contractsent", "pipeline": "default", "amount": "1000",
        "createdate": "2026-01-05 09:00:00+00:00", "hs_lastmodifieddate": "2026-03-01 09:00:00+00:00",
        "hs_object_id": "1", "_dlt_load_id": "1772350000.1", "_dlt_id": "a",
    }])  # fmt: skip
    trial.write("deals_property_history", [{
        "object_id": "1", "property_name": "dealstage", "value": "contractsent", "source_type": "CRM_UI",
        "timestamp": "2026-03-01 09:00:00+00:00", "_dlt_load_id": "1772350000.1", "_dlt_id": "b",
    }])  # fmt: skip
    trial.write("pipelines_deals", [{
        "label": "Sales", "display_order": "0", "id": "default", "created_at": "2020-01-01", "archived": "false",
        "_dlt_id": "c",
    }])  # fmt: skip
    trial.write("pipelines_deals__stages", [{
        "label": "Contract", "display_order": "4", "id": "contractsent", "metadata__is_closed": "false",
        "metadata__probability": "0.9", "_dlt_parent_id": "c", "_dlt_id": "d",
    }])  # fmt: skip
    record = trial.run().record
    assert record["unclaimed"] == []
    assert trial.stages() == [("1", "03-01 09:00", "Contract")]
    assert set(trial.rows("leads")[0]) == {"lead_id", "created_at", "name"}


def test_several_ids_in_a_cell_are_several_deals(trial: Trial) -> None:
    trial.write("deals", [deal("1"), deal("2"), deal("3")])
    trial.write("calls", [call("5", "02-01", **{"Associated Deal IDs": "1;3"})])
    trial.run()
    assert trial.touches() == [("1", "02-01 10:00", "call"), ("3", "02-01 10:00", "call")]


@pytest.mark.parametrize("name", ["Number of Employees", "numemployees"])
def test_size_of_a_company_is_no_counter_of_today(name: str) -> None:
    """It was left out with "Number of Pageviews" and other counters that HubSpot keeps."""
    assert OWN_PROPERTY.search(name) is None
    assert OWN_PROPERTY.search("Number of Sales Activities") is not None
