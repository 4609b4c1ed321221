"""Single traps of Marketo, each in the smallest export that has it."""

from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from tests.builders.exports.import_trial import Trial, reasons
from tests.builders.exports.simulated_crm import Row


def person(id_: str, **values: str) -> Row:
    row = {"id": id_, "email": f"p{id_}@x.example", "industry": "steel", "createdAt": "2026-01-05T10:00:00Z"}
    return row | {"updatedAt": "2026-03-01T10:00:00Z"} | values


def activity(id_: str, lead: str, type_: str, day: str, **attributes: str) -> Row:
    return {
        "marketoGUID": id_, "leadId": lead, "activityDate": f"2026-{day}T10:00:00Z", "activityTypeId": type_,
        "primaryAttributeValue": attributes.pop("primary", ""),
        **{name: attributes.get(name, "") for name in ("New Value", "Old Value", "New Stage", "Merge IDs")},
    }  # fmt: skip


def opportunity(id_: str, **values: str) -> Row:
    row = {
        "externalOpportunityId": id_,
        "stage": "Closed Won",
        "isClosed": "true",
        "isWon": "true",
        "amount": "100",
    }
    return row | {"closeDate": "2026-02-01", "externalCreatedDate": "2026-01-10T10:00:00Z"} | values


def role(opportunity_id: str, lead: str, primary: str = "true") -> Row:
    return {"externalOpportunityId": opportunity_id, "leadId": lead, "role": "Buyer", "isPrimary": primary}


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    made = Trial("marketo", tmp_path)
    made.write("people", [person("1"), person("2")])
    return made


def test_bare_closing_date_is_the_end_of_the_day(trial: Trial) -> None:
    trial.write(
        "opportunities", [opportunity("a"), opportunity("b", isClosed="false", isWon="false", stage="Demo")]
    )
    trial.write("roles", [role("a", "1"), role("a", "2", "false"), role("b", "2"), role("zzz", "2")])
    imported = trial.run()
    assert trial.outcomes() == [("1", "won", "02-01 23:59", 100.0)]
    assert reasons(imported) == {"not_the_primary_person": 1, "open_opportunity": 1, "of_no_opportunity": 1}


def test_opportunity_without_a_person_is_counted(trial: Trial) -> None:
    trial.write("opportunities", [opportunity("a")])
    assert reasons(trial.run()) == {"opportunity_of_no_person": 1}
    assert trial.outcomes() == []


def test_new_opportunity_reopens_a_lost_person(trial: Trial) -> None:
    lost = opportunity("a", isWon="false", stage="Closed Lost")
    later = opportunity(
        "b", isClosed="false", isWon="false", stage="Demo", externalCreatedDate="2026-02-10T10:00:00Z"
    )
    trial.write("opportunities", [lost, later])
    trial.write("roles", [role("a", "1"), role("b", "1")])
    trial.run()
    assert [row[:3] for row in trial.outcomes()] == [
        ("1", "lost", "02-01 23:59"),
        ("1", "open", "02-10 10:00"),
    ]


def test_chosen_stages_win_and_lose(trial: Trial) -> None:
    rows = [activity("x", "1", "101", "01-08", **{"New Stage": "Customer"})]
    trial.write("activities", [*rows, activity("y", "2", "101", "01-09", **{"New Stage": "Junk"})])
    trial.run(won=("Customer",), lost=("Junk",))
    assert [row[:3] for row in trial.outcomes()] == [
        ("1", "won", "01-08 10:00"),
        ("2", "lost", "01-09 10:00"),
    ]
    assert trial.stages() == []
    with pytest.raises(InvalidInput, match="--won Clients: no event has this name"):
        trial.run(won=("Clients",))


def test_opens_and_clicks_are_two_kinds_and_custom_types_have_names(trial: Trial) -> None:
    ids = ("10", "11", "100001", "100002")
    trial.write("activities", [activity(f"a{n}", "1", id_, f"01-1{n}") for n, id_ in enumerate(ids)])
    trial.write("activity_types", [{"id": "100001", "name": "Phone Call", "description": "A call"}])
    trial.run()
    assert [kind for _, _, kind in trial.touches()] == [
        "open_email",
        "click_email",
        "phone_call",
        "activity_100002",
    ]


def test_merged_and_deleted_people_leave_an_earlier_import(trial: Trial) -> None:
    trial.write("activities", [activity("a", "2", "10", "01-10"), activity("b", "3", "10", "01-11")])
    trial.write("more", [person("3")])
    trial.run()
    assert {row["lead_id"] for row in trial.rows("leads")} == {"1", "2", "3"}
    merge = activity("m", "1", "32", "02-01", **{"Merge IDs": "[2]"})
    trial.write("later", [merge, activity("d", "3", "37", "02-02")])
    trial.run()
    assert {row["lead_id"] for row in trial.rows("leads")} == {"1"}
    assert trial.touches() == [("1", "01-10 10:00", "open_email")]


def test_newer_value_without_a_log_is_a_change_since_its_update(trial: Trial) -> None:
    trial.run()
    trial.write(
        "people", [person("1", industry="glass", updatedAt="2026-03-05T10:00:00Z"), person("2", industry="")]
    )
    trial.run()
    changes = [(r["lead_id"], r["changed_at"].day, r["value"] or "") for r in trial.rows("attribute_changes")]
    assert sorted(changes) == [("1", 5, "glass"), ("2", 1, "")]
    assert {row["industry"] for row in trial.rows("leads")} == {"steel"}
    assert sum(trial.run().new_rows.values()) == 0


def test_logged_values_tell_the_value_of_the_creation(trial: Trial) -> None:
    change = {"primary": "Lead Status", "New Value": "Working", "Old Value": "Open"}
    trial.write("activities", [activity("a", "1", "13", "02-01", **change)])
    trial.write("people", [person("1", leadStatus="Customer"), person("2", leadStatus="Customer")])
    trial.run()
    assert [row["lead_status"] for row in trial.rows("leads")] == ["Open", None]
    assert [(r["attribute"], r["value"]) for r in trial.rows("attribute_changes")] == [
        ("lead_status", "Working")
    ]


def test_revenue_stage_wins_only_without_opportunities(trial: Trial) -> None:
    won = [activity("x", "1", "101", "01-08", **{"New Stage": "Closed Won"})]
    trial.write("activities", won)
    trial.run()
    assert [row[:3] for row in trial.outcomes()] == [("1", "won", "01-08 10:00")]


def test_deletion_of_a_merged_record_erases_nobody(trial: Trial) -> None:
    merge = activity("m", "1", "32", "02-01", **{"Merge IDs": "[2]"})
    trial.write("activities", [activity("d", "2", "37", "02-01"), activity("a", "2", "10", "01-10"), merge])
    trial.run()
    assert trial.touches() == [("1", "01-10 10:00", "open_email")]


def test_opportunity_without_primary_marks_is_noted(trial: Trial) -> None:
    trial.write("opportunities", [opportunity("a")])
    rows = [role("a", "1"), role("a", "2")]
    trial.write(
        "roles", [{name: value for name, value in row.items() if name != "isPrimary"} for row in rows]
    )
    notes = trial.run().record["notes"]
    assert any(note.startswith("1 opportunities have several persons and no isPrimary") for note in notes)
    assert [row[:2] for row in trial.outcomes()] == [("1", "won")]


def test_people_without_a_name_are_anonymous_where_no_mark_tells(trial: Trial) -> None:
    nobody = person("3") | {"email": ""}
    trial.write("more", [nobody])
    assert reasons(trial.run()) == {"anonymous": 1}


def test_deletion_after_a_merge_of_an_earlier_import_erases_nobody(trial: Trial) -> None:
    trial.write("activities", [activity("m", "1", "32", "02-01", **{"Merge IDs": "[2]"})])
    trial.run()
    trial.write("activities", [activity("d", "2", "37", "02-02")])
    trial.write("people", [person("1")])
    trial.run()
    assert {row["lead_id"] for row in trial.rows("leads")} == {"1"}
    assert sum(trial.run().new_rows.values()) == 0


def test_closing_without_a_date_is_the_last_change(trial: Trial) -> None:
    trial.write("opportunities", [opportunity("a", closeDate="", updatedAt="2026-02-03T10:00:00Z")])
    trial.write("roles", [role("a", "1")])
    trial.run()
    assert [row[:3] for row in trial.outcomes()] == [("1", "won", "02-03 10:00")]


def test_activities_that_tell_nothing_are_counted(trial: Trial) -> None:
    rows = [
        activity("a", "1", "13", "01-08", primary="Industry"), activity("b", "1", "101", "01-09", primary="Model"),
        activity("c", "1", "", "01-10"), activity("d", "1", "x", "01-11"), activity("e", "1", "100003", "01-12"),
    ]  # fmt: skip
    trial.write("activities", rows)
    imported = trial.run()
    assert reasons(imported) == {"change_without_values": 1, "no_stage": 1, "no_type": 2}
    assert (trial.stages(), trial.rows("attribute_changes")) == ([], [])
    assert any(
        note.startswith("1 activities have types that the export does not name")
        for note in imported.record["notes"]
    )


def test_usual_types_keep_their_names(trial: Trial) -> None:
    trial.write("activities", [activity("a", "1", "10", "01-08")])
    trial.write("activity_types", [{"id": "10", "name": "E-Mail öffnen", "description": "x"}])
    trial.run()
    assert [kind for _, _, kind in trial.touches()] == ["open_email"]


def test_people_that_are_no_table_are_named(trial: Trial) -> None:
    trial.write("activities", [activity("a", "1", "10", "01-08")])
    trial.write("people", [{"id": "1", "name": "Ada"}])
    with pytest.raises(
        InvalidInput, match=r"no row makes a lead.* Of no use: export/people.csv \(no table of marketo\)"
    ):
        trial.run()


def test_activities_without_ids_are_noted(trial: Trial) -> None:
    row = {name: value for name, value in activity("", "1", "10", "01-08").items() if name != "marketoGUID"}
    trial.write("activities", [row, row])
    notes = trial.run().record["notes"]
    assert "2 rows have no id of their own: the same row in two files counts twice." in notes


def test_merged_person_of_an_older_export_says_nothing_of_the_survivor(trial: Trial) -> None:
    """The merged record's industry became that of the survivor."""
    people = [person("1"), person("2", industry="glass", createdAt="2026-02-05T10:00:00Z")]
    trial.write("people", people)
    trial.run()
    merge = activity("m", "1", "32", "04-01", **{"Merge IDs": "[2]"})
    trial.write("activities", [merge, activity("a", "1", "10", "04-02")])
    trial.write("people", people[:1])
    trial.run()
    trial.write("people", people)
    trial.write("activities", [activity("b", "2", "10", "02-06")])
    trial.run()
    assert [(row["lead_id"], row["industry"]) for row in trial.rows("leads")] == [("1", "steel")]
    assert trial.rows("attribute_changes") == []
    assert ("1", "02-06 10:00", "open_email") in trial.touches()
