"""Single traps of Account Engagement, each in the smallest export that has it."""

from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from tests.builders.exports.import_trial import Trial, reasons
from tests.builders.exports.simulated_crm import Row


def prospect(id_: str, **values: str) -> Row:
    row = {"id": id_, "email": f"p{id_}@x.example", "industry": "steel", "score": "50", "is_deleted": "false"}
    return row | {"created_at": "2026-01-05 10:00:00", "updated_at": "2026-03-01 10:00:00"} | values


def activity(id_: str, person: str, type_: str, day: str, **values: str) -> Row:
    row = dict.fromkeys(("visitor_id", "visit_id", "type_name", "details", "email_id", "opportunity_id"), "")
    return (
        row | {"id": id_, "prospect_id": person, "type": type_, "created_at": f"2026-{day} 10:00:00"} | values
    )


def opportunity(id_: str, **values: str) -> Row:
    row = {"id": id_, "stage": "Signed", "status": "Won", "value": "100", "closed_at": "2026-02-01"}
    return row | {"created_at": "2026-01-10 10:00:00", "updated_at": "2026-02-03 10:00:00"} | values


def link(opportunity_id: str, person: str) -> Row:
    return {"opportunity_id": opportunity_id, "prospect_id": person}


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    made = Trial("pardot", tmp_path)
    made.write("prospects", [prospect("1"), prospect("2")])
    return made


def leads(trial: Trial) -> set[str]:
    return {row["lead_id"] for row in trial.rows("leads")}


def test_bare_closing_date_is_the_end_of_the_day(trial: Trial) -> None:
    trial.write("opportunities", [opportunity("8"), opportunity("9", status="Open", closed_at="2026-09-01")])
    trial.write("links", [link("8", "2"), link("8", "1"), link("9", "2"), link("7", "2")])
    imported = trial.run()
    assert trial.outcomes() == [("1", "won", "02-01 23:59", 100.0)]
    assert reasons(imported) == {"not_the_primary_person": 1, "open_opportunity": 1, "of_no_opportunity": 1}


def test_closing_without_a_date_is_told_by_an_activity_or_the_last_change(trial: Trial) -> None:
    trial.write(
        "opportunities", [opportunity("8", closed_at=""), opportunity("9", status="Lost", closed_at="")]
    )
    trial.write("links", [link("8", "1"), link("9", "2")])
    trial.write("activities", [activity("a", "1", "9", "01-20", opportunity_id="8")])
    imported = trial.run()
    assert [row[:3] for row in trial.outcomes()] == [
        ("1", "won", "01-20 10:00"),
        ("2", "lost", "02-03 10:00"),
    ]
    assert any("1 opportunities closed without a date" in n for n in imported.record["notes"])


def test_first_prospect_that_is_there_decides(trial: Trial) -> None:
    trial.write("prospects", [prospect("1", is_deleted="true"), prospect("2"), prospect("10")])
    trial.write("opportunities", [opportunity("8")])
    trial.write("links", [link("8", "10"), link("8", "2"), link("8", "1")])
    trial.run()
    assert [row[:2] for row in trial.outcomes()] == [("2", "won")]


def test_activities_decide_without_opportunities(trial: Trial) -> None:
    rows = [
        ("a", "1", "10", "01-10"),
        ("b", "1", "18", "01-12"),
        ("c", "1", "9", "01-20"),
        ("d", "2", "8", "01-09"),
    ]
    trial.write("activities", [activity(*row, opportunity_id="8") for row in rows])
    trial.run()
    assert [row[:3] for row in trial.outcomes()] == [
        ("1", "lost", "01-10 10:00"),
        ("1", "open", "01-12 10:00"),
        ("1", "won", "01-20 10:00"),
    ]
    assert (trial.stages(), trial.touches()) == ([], [])


def test_kinds_follow_the_number_and_the_asset(trial: Trial) -> None:
    rows = [
        {"type": "6", "type_name": "Email"}, {"type": "11", "type_name": "Email"},
        {"type": "1", "type_name": "Email Tracker"}, {"type": "1", "email_id": "5"},
        {"type": "2", "type_name": "Landing Page"}, {"type": "4", "type_name": "Form Handler"},
        {"type": "2", "type_name": "Page View", "details": "https://x.example/pricing"},
        {"type": "99", "type_name": "Email"}, {"type": "Open", "type_name": "Email"}, {"type": "1"},
        {"type": "", "type_name": "Visit"}, {"type": "", "type_name": "Webinar"},
    ]  # fmt: skip
    made = [
        activity(str(n), "1", day=f"02-{n + 1:02d}", type_=row.pop("type"), **row)
        for n, row in enumerate(rows)
    ]
    trial.write("activities", made)
    assert reasons(trial.run()) == {"no_type": 1}
    assert [kind for _, _, kind in trial.touches()] == [
        "email_sent", "email_open", "email_click", "email_click", "landing_page_view", "form_handler_submission",
        "page_view_pricing", "activity_99", "email_open", "click", "visit",
    ]  # fmt: skip
    directions = {row["kind"]: row["direction"] for row in trial.rows("interactions")}
    assert (directions["email_sent"], directions["email_open"]) == ("outbound", "inbound")


def test_external_activities_are_those_of_the_address(trial: Trial) -> None:
    trial.write("more", [prospect("3", email="two@x.example"), prospect("4", email="two@x.example")])
    base = {"extension": "Shop", "activity_date": "2026-02-01T10:00:00+01:00", "value": ""}
    rows = [base | {"id": "1", "type": "Cart Left", "email": "P1@X.example"}]
    more = [
        base | {"id": id_, "type": type_, "email": "two@x.example"}
        for id_, type_ in (("2", "Cart Left"), ("3", ""))
    ]
    trial.write("external", [*rows, *more])
    imported = trial.run()
    assert trial.touches() == [("1", "02-01 09:00", "cart_left")]
    assert reasons(imported) == {"of_no_lead": 1, "no_type": 1}


def test_page_views_count_once_the_visitor_is_known(trial: Trial) -> None:
    view = {"visitor_id": "1", "visit_id": "5", "title": "x", "created_at": "2026-01-03 10:00:00"}
    trial.write(
        "views", [view | {"id": "1", "url": "https://x.example/demo"}, view | {"id": "2", "url": "https://x"}]
    )
    visitor = {"id": "1", "page_view_count": "2", "prospect_id": "2", "created_at": "2026-01-03 10:00:00"}
    trial.write("visitors", [visitor | {"updated_at": "2026-02-20 10:00:00"}])
    submitted = activity("a", "2", "4", "01-07", type_name="Form", visitor_id="1")
    trial.write("activities", [submitted])
    trial.run()
    rows = [(r["lead_id"], r["kind"], r["recorded_at"]) for r in trial.rows("interactions")]
    views = [(lead, kind, known.strftime("%m-%d")) for lead, kind, known in rows if known]
    assert views == [("2", "page_view_demo", "01-07"), ("2", "page_view", "01-07")]


def test_email_clicks_count_once(trial: Trial) -> None:
    click = {"id": "7", "prospect_id": "1", "url": "https://x.example", "created_at": "2026-02-01 10:00:00"}
    trial.write("clicks", [click])
    trial.run()
    assert trial.touches() == [("1", "02-01 10:00", "email_click")]


def test_email_clicks_beside_activities_are_counted(trial: Trial) -> None:
    click = {"id": "7", "prospect_id": "1", "url": "https://x.example", "created_at": "2026-02-01 10:00:00"}
    trial.write("clicks", [click])
    trial.write("activities", [activity("a", "1", "1", "02-01", email_id="5")])
    assert reasons(trial.run()) == {"also_among_the_activities": 1}
    assert len(trial.touches()) == 1


@pytest.mark.parametrize("present", [[prospect("2", is_deleted="true")], []], ids=["deleted", "missing"])
def test_merged_prospect_of_an_earlier_import_is_its_survivor(trial: Trial, present: list[Row]) -> None:
    trial.write("activities", [activity("a", "2", "11", "01-10"), activity("b", "1", "11", "01-11")])
    trial.run()
    trial.write("activities", [activity("a", "1", "11", "01-10"), activity("b", "1", "11", "01-11")])
    trial.write("prospects", [prospect("1"), *present])
    for _ in range(2):
        imported = trial.run()
        assert leads(trial) == {"1"}
        assert [touch[0] for touch in trial.touches()] == ["1", "1"]
    assert sum(imported.new_rows.values()) == 0


def test_visits_that_moved_merge_nobody_who_is_there(trial: Trial) -> None:
    trial.write("activities", [activity("a", "2", "20", "01-10", visit_id="5")])
    trial.run()
    trial.write("activities", [activity("a", "1", "20", "01-10", visit_id="5")])
    trial.run()
    assert leads(trial) == {"1", "2"}


def test_missing_prospect_with_activities_of_its_own_stays(trial: Trial) -> None:
    trial.write(
        "activities", [activity("a", "2", "20", "01-10", visit_id="5"), activity("b", "2", "11", "01-11")]
    )
    trial.run()
    trial.write("activities", [activity("a", "1", "20", "01-10", visit_id="5")])
    trial.write("prospects", [prospect("1")])
    trial.run()
    assert leads(trial) == {"1", "2"}


def test_deleted_prospects_leave_an_earlier_import(trial: Trial) -> None:
    trial.write("activities", [activity("a", "2", "11", "01-10")])
    trial.run()
    trial.write("prospects", [prospect("1"), prospect("2", is_deleted="true")])
    assert reasons(trial.run()) == {"deleted": 1, "erased": 1}
    assert (leads(trial), trial.touches()) == ({"1"}, [])


def test_newer_value_is_a_change_since_its_update(trial: Trial) -> None:
    trial.run()
    newer = prospect("1", industry="glass", score="900", updated_at="2026-03-05 10:00:00")
    trial.write("prospects", [newer, prospect("2", industry="")])
    trial.run()
    changes = [
        (r["lead_id"], r["attribute"], r["changed_at"].day, r["value"])
        for r in trial.rows("attribute_changes")
    ]
    assert sorted(changes) == [("1", "industry", 5, "glass"), ("2", "industry", 1, "")]
    assert {row["industry"] for row in trial.rows("leads")} == {"steel"}
    assert sum(trial.run().new_rows.values()) == 0


def test_prospects_without_ids_go_by_their_address(trial: Trial) -> None:
    row = {"Email": "Ada@X.example", "Company": "X", "Score": "5", "Created Date": "2026-01-05 10:00:00"}
    trial.write("prospects", [row])
    trial.run()
    assert leads(trial) == {"ada@x.example"}
    trial.write("activities", [activity("a", "1", "11", "01-10")])
    with pytest.raises(
        InvalidInput, match=r"prospects.csv has prospects without their ids, by which .*activities.csv"
    ):
        trial.run()


def test_chosen_names_win_lose_and_make_leads(trial: Trial) -> None:
    rows = [
        activity("a", "1", "24", "01-08"),
        activity("b", "2", "13", "01-09"),
        activity("c", "1", "4", "01-07"),
    ]
    trial.write("activities", rows)
    trial.run(won=("Webinar Attended",), lost=("Email Bounced",), lead=("Submission", "email_bounced"))
    assert [row[:3] for row in trial.outcomes()] == [
        ("1", "won", "01-08 10:00"),
        ("2", "lost", "01-09 10:00"),
    ]
    with pytest.raises(InvalidInput, match="--won Demo: no event has this name"):
        trial.run(won=("Demo",))


def test_lifecycle_wins_only_without_opportunities(trial: Trial) -> None:
    stages = [
        {"id": str(n), "name": name, "position": str(n)} for n, name in enumerate(("MQL", "Won Opportunity"))
    ]
    trial.write("stages", stages)
    base = {
        "prospect_id": "1",
        "previous_stage_id": "",
        "created_at": "2026-01-08 10:00:00",
        "seconds_elapsed": "9",
    }
    entered = base | {"id": "2", "next_stage_id": "1", "created_at": "2026-01-09 10:00:00"}
    trial.write("history", [base | {"id": "1", "next_stage_id": "0"}, entered | {"id": "3"}, entered])
    imported = trial.run()
    assert [row[:3] for row in trial.outcomes()] == [("1", "won", "01-09 10:00")]
    assert reasons(imported) == {"no_stage": 1, "repeat_win": 1}


def test_lifecycle_stage_of_no_name_has_its_number(trial: Trial) -> None:
    row = {"id": "1", "prospect_id": "1", "previous_stage_id": "", "created_at": "2026-01-08 10:00:00"}
    trial.write("history", [row | {"next_stage_id": "7"}])
    trial.run()
    assert trial.stages() == [("1", "01-08 10:00", "Stage 7")]


def test_objects_within_a_prospect_are_no_attributes(trial: Trial) -> None:
    (trial.source / "prospects.csv").unlink()
    activities = [{"id": 4, "type": 6, "type_name": "Email", "created_at": "2026-02-01 10:00:00"}]
    person = {
        "id": 5, "email": "a@x.example", "score": 7, "created_at": "2026-01-05 10:00:00", "Seats": "9",
        "campaign": {"id": 1, "name": "Fair", "cost": 5}, "profile": {"id": 1, "name": "Default"},
        "assigned_to": {"user": {"id": 3, "first_name": "Bo", "last_name": "Li"}},
        "last_activity": {"visitor_activity": {"id": 4, "type": 6, "created_at": "2026-02-01 10:00:00"}},
        "visitor_activities": {"visitor_activity": activities},
    }  # fmt: skip
    trial.write_json(
        "people", {"@attributes": {"stat": "ok"}, "result": {"total_results": 1, "prospect": person}}
    )
    trial.run()
    (lead,) = trial.rows("leads")
    assert {k: v for k, v in lead.items() if k not in ("lead_id", "created_at", "email")} == {
        "source": "Fair", "owner": "Bo Li", "seats": "9",
    }  # fmt: skip
    assert trial.touches() == [("5", "02-01 10:00", "email_sent")]


def test_campaign_is_the_source_only_without_one(trial: Trial) -> None:
    trial.write(
        "prospects", [prospect("1", source="Web", campaign_id="5"), prospect("2", source="", campaign_id="6")]
    )
    trial.write("campaigns", [{"id": "5", "name": "Fair", "cost": "9"}])
    trial.run()
    rows = [(r["lead_id"], r["source"], r["campaign"]) for r in trial.rows("leads")]
    assert sorted(rows) == [("1", "Web", "Fair"), ("2", None, "6")]


def test_forms_and_users_are_no_prospects(trial: Trial) -> None:
    created = {"created_at": "2026-01-05 10:00:00", "updated_at": "2026-01-05 10:00:00"}
    trial.write("forms", [{"id": "1", "name": "Contact", "campaign_id": "5", **created}])
    trial.write(
        "users", [{"id": "3", "email": "u@us.example", "first_name": "Bo", "last_name": "Li", "role": "Rep"}]
    )
    trial.write("members", [{"id": "1", "list_id": "4", "prospect_id": "1", **created}])
    imported = trial.run()
    assert leads(trial) == {"1", "2"}
    assert imported.record["unclaimed"] == ["export/forms.csv"]
    assert reasons(imported) == {"lists_are_made_by_rules": 1}


def test_visits_of_two_tables_count_once_without_their_ids(trial: Trial) -> None:
    visit = {"id": "5", "visitor_id": "9", "prospect_id": "1", "visitor_page_view_count": "2"}
    trial.write("visits", [visit | {"created_at": "2026-02-01 10:00:00"}])
    row = {name: value for name, value in activity("a", "1", "20", "02-01").items() if name != "visit_id"}
    trial.write("activities", [row])
    assert reasons(trial.run()) == {"also_among_the_visits": 1}
    assert len(trial.touches()) == 1


def test_numbers_without_a_name_are_noted(trial: Trial) -> None:
    trial.write(
        "prospects", [prospect("1", campaign_id="5", user_id="7"), prospect("2", campaign_id="5", user_id="")]
    )
    trial.write(
        "users", [{"id": "7", "email": "u@us.example", "first_name": "Bo", "last_name": "Li", "role": "Rep"}]
    )
    notes = trial.run().record["notes"]
    assert [note for note in notes if "stand for their names" in note] == [
        "2 rows name campaigns that the export does not have: their numbers stand for their names; export campaigns."
    ]


def test_person_of_an_earlier_import_decides(trial: Trial) -> None:
    """A later export may hold the prospects alone that changed."""
    trial.run()
    trial.write("prospects", [prospect("2")])
    trial.write("opportunities", [opportunity("8")])
    trial.write("links", [link("8", "1"), link("8", "2")])
    trial.run()
    assert [row[:2] for row in trial.outcomes()] == [("1", "won")]


def test_rows_that_a_loader_calls_deleted_are_counted(trial: Trial) -> None:
    gone = {"_fivetran_deleted": "true"}
    trial.write("activities", [activity("a", "1", "11", "02-01") | gone])
    trial.write("opportunities", [opportunity("8")])
    trial.write("links", [link("8", "1") | gone, link("8", "2") | {"_fivetran_deleted": "false"}])
    assert reasons(trial.run()) == {"deleted": 2}
    assert trial.touches() == []
    assert [row[:2] for row in trial.outcomes()] == [("2", "won")]
