"""Small exports with one trap each: what is wrong is named with its mend, what is right is kept."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.stages import chained
from history.base.errors import InvalidInput
from history.folder.values.id_forms import long_id
from history.read import read_folder
from history.text.times import format_time
from tests.builders.exports.import_trial import Trial
from tests.builders.exports.salesforce import record_id
from tests.builders.exports.simulated_crm import Row

NOW_US = 1_790_000_000_000_000
A, B, C = (record_id("006", number) for number in (1, 2, 3))


def deal(id_: str, stage: str = "Prospecting", **fields: str) -> Row:
    won, lost = stage == "Closed Won", stage == "Closed Lost"
    return {
        "Id": id_, "StageName": stage, "CreatedDate": "2026-01-05T09:00:00Z", "CloseDate": "2026-03-31",
        "Amount": "1000", "IsClosed": str(won or lost).lower(), "IsWon": str(won).lower(), **fields,
    }  # fmt: skip


def move(number: int, id_: str, stage: str, when: str, **fields: str) -> Row:
    return {
        "Id": record_id("008", number), "OpportunityId": id_, "StageName": stage,
        "CreatedDate": f"2026-{when}T10:00:00Z", "Amount": "1000", "CloseDate": "2026-03-31", **fields,
    }  # fmt: skip


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial("salesforce", tmp_path)


def test_closing_day_without_a_history_ends_that_day(trial: Trial) -> None:
    trial.write(
        "deals",
        [deal(A, "Closed Won"), deal(B, "Closed Lost", SystemModstamp="2026-06-01T00:00:00Z"), deal(C)],
    )
    trial.run()
    assert trial.outcomes() == [(A, "won", "03-31 23:59", 1000.0), (B, "lost", "03-31 23:59", None)]


def test_closing_day_before_the_creation_counts_at_the_creation(trial: Trial) -> None:
    trial.write("deals", [deal(A, "Closed Lost", CloseDate="2026-01-01"), deal(C)])
    trial.run()
    assert trial.outcomes() == [(A, "lost", "01-01 23:59", None)]
    history = read_folder(trial.output)
    assert history.outcomes.time_us.tolist() == [history.created_us[history.lead_ids.index(A)]]
    assert history.outcomes.implied.tolist() == [True]
    assert [flag.rule for flag in history.reports["outcomes"].flagged] == ["closed_before_created"]


def test_planned_closing_day_without_a_history_is_left_out(trial: Trial) -> None:
    trial.write("deals", [deal(A, "Closed Won"), deal(C, CloseDate="2027-12-31")])
    trial.run()
    assert not set(pq.read_schema(trial.output / "leads.parquet").names) & {
        "CloseDate",
        "expected_close_date",
        "Amount",
    }


def test_planned_closing_day_keeps_its_history(trial: Trial) -> None:
    trial.write("deals", [deal(C, CloseDate="2026-05-31")])
    trial.write(
        "history",
        [move(1, C, "Prospecting", "01-05"), move(2, C, "Prospecting", "02-01", CloseDate="2026-05-31")],
    )
    trial.run()
    assert trial.rows("leads")[0]["expected_close_date"] == "2026-03-31"
    (change,) = trial.rows("attribute_changes")
    assert (change["attribute"], change["value"]) == ("expected_close_date", "2026-05-31")


def test_tracked_plan_is_the_same_for_deals_without_a_change(trial: Trial) -> None:
    """Otherwise the presence of a value at the creation would tell that it changes later."""
    trial.write(
        "deals",
        [deal(A, CloseDate="2026-05-31"), deal(B, CloseDate="2026-06-30"), deal(C, CreatedDate="2025-01-01")],
    )
    tracked = {
        "Field": "CloseDate",
        "OldValue": "2026-03-31",
        "NewValue": "2026-05-31",
        "CreatedDate": "2026-02-01T10:00:00Z",
    }
    began = {"Field": "created", "OldValue": "", "NewValue": "", "CreatedDate": "2026-01-01T10:00:00Z"}
    trial.write(
        "fields", [{"Id": "1", "OpportunityId": A, **began}, {"Id": "2", "OpportunityId": A, **tracked}]
    )
    trial.run()
    assert [row["expected_close_date"] for row in trial.rows("leads")] == ["2026-03-31", "2026-06-30", None]


def test_planned_day_is_that_of_the_export_zone(trial: Trial, tmp_path: Path) -> None:
    trial.write("deals", [deal(C)])
    trial.write("history", [move(1, C, "Prospecting", "01-05")])
    mapping = tmp_path / "map.toml"
    mapping.write_text('[funnel]\ntimezone = "Europe/Berlin"\n')
    trial.run(mapping)
    assert trial.rows("leads")[0]["expected_close_date"] == "2026-03-31"


def test_reopened_deal_has_an_open_outcome(trial: Trial) -> None:
    trial.write("deals", [deal(A, "Closed Won", Amount="700")])
    stages = ("Prospecting", "Closed Lost", "Negotiation", "Closed Won", "Closed Won")
    trial.write("history", [move(n, A, stage, f"0{n + 1}-02") for n, stage in enumerate(stages)])
    trial.run()
    assert [(outcome, when, amount) for _, outcome, when, amount in trial.outcomes()] == [
        ("lost", "02-02 10:00", None), ("open", "03-02 10:00", None), ("won", "04-02 10:00", 700.0),
    ]  # fmt: skip
    assert [row["stage"] for row in trial.rows("stages")] == ["Prospecting", "Negotiation"]


def test_deal_is_right_where_its_history_ends_early(trial: Trial) -> None:
    trial.write("deals", [deal(A, "Closed Won"), deal(B)])
    trial.write("history", [move(1, A, "Prospecting", "01-05"), move(2, B, "Prospecting", "01-05"),
                            move(3, B, "Closed Lost", "02-05"), move(4, C, "Prospecting", "06-01")])  # fmt: skip
    record = trial.run().record
    assert trial.outcomes() == [
        (A, "won", "03-31 23:59", 1000.0), (B, "lost", "02-05 10:00", None), (B, "open", "06-01 10:00", None),
    ]  # fmt: skip
    aside = next(s["set_aside"] for s in record["sources"] if s["kind"] == "OpportunityHistory")
    assert aside["of_an_unknown_opportunity"] == {
        "count": 1, "first": "export/history.csv, row 5: of_an_unknown_opportunity",
    }  # fmt: skip


def test_short_and_long_ids_are_one_record(trial: Trial) -> None:
    trial.write("deals", [deal(A[:15])])
    trial.write("history", [move(1, A, "Prospecting", "01-05")])
    trial.run()
    assert trial.rows("leads")[0]["lead_id"] == A
    assert trial.rows("stages")[0]["lead_id"] == A


def test_long_id_is_that_of_salesforce() -> None:
    assert long_id("0015500000Xyy06") == "0015500000Xyy06AAB"
    assert long_id("001q000000wW9Be") == "001q000000wW9BeAAK"
    assert long_id("some-id") == "some-id"


def test_currencies_without_rates_are_named(trial: Trial) -> None:
    trial.write("deals", [deal(A, CurrencyIsoCode="EUR"), deal(B, CurrencyIsoCode="JPY")])
    with pytest.raises(InvalidInput, match=r"EUR, JPY.*--currency EUR"):
        trial.run()


def test_chosen_currency_keeps_its_own_amounts(trial: Trial) -> None:
    trial.write(
        "deals", [deal(A, "Closed Won", CurrencyIsoCode="EUR"), deal(B, "Closed Won", CurrencyIsoCode="JPY")]
    )
    trial.run(currency="EUR")
    assert [amount for *_, amount in trial.outcomes()] == [1000.0, None]
    assert 'currency = "EUR"' in (trial.output / "funnel.toml").read_text()


def test_amounts_are_converted_by_the_rates_of_the_export(trial: Trial) -> None:
    trial.write(
        "deals", [deal(A, "Closed Won", CurrencyIsoCode="EUR"), deal(B, "Closed Won", CurrencyIsoCode="JPY")]
    )
    trial.write("rates", [{"IsoCode": "EUR", "ConversionRate": "1", "IsCorporate": "true"},
                          {"IsoCode": "JPY", "ConversionRate": "160", "IsCorporate": "false"}])  # fmt: skip
    trial.run()
    assert [amount for *_, amount in trial.outcomes()] == [1000.0, 6.25]


def test_ambiguous_dates_ask_for_one_line(trial: Trial, tmp_path: Path) -> None:
    trial.write("deals", [deal(A, CreatedDate="1/5/2026", CloseDate="3/4/2026")])
    with pytest.raises(InvalidInput, match=r"--mapping FILE.*%d/%m/%Y"):
        trial.run()
    mapping = tmp_path / "map.toml"
    mapping.write_text('[formats]\ndatetime = "%d/%m/%Y"\n')
    trial.run(mapping)
    assert format_time(int(trial.rows("leads")[0]["created_at"].timestamp()) * 1_000_000)[:10] == "2026-05-01"


def test_every_fault_of_a_mapping_is_named(trial: Trial, tmp_path: Path) -> None:
    trial.write("deals", [deal(A)])
    mapping = tmp_path / "map.toml"
    mapping.write_text('[formats]\ndatetime = "%Y"\ndecimal = "x"\n[funnel]\ntimezone = "Mars"\n[other]\n')
    with pytest.raises(InvalidInput) as refused:
        trial.run(mapping)
    assert len(refused.value.problems) == 4


def test_ids_that_a_spreadsheet_rounded_are_refused(trial: Trial) -> None:
    trial.write("deals", [deal("2.19E+10"), deal("2.19E+10")])
    with pytest.raises(InvalidInput, match="2 ids were rounded"):
        trial.run()


def test_history_without_its_deal_column_is_refused(trial: Trial) -> None:
    trial.write("deals", [deal(A)])
    rows = [move(number, A, "New", "02-03") for number in range(3)]
    trial.write("history", [{k: v for k, v in row.items() if k != "OpportunityId"} for row in rows])
    with pytest.raises(InvalidInput, match=r"history\.csv.*OpportunityId"):
        trial.run()


def test_export_without_opportunities_names_what_it_has(trial: Trial) -> None:
    trial.write("history", [move(1, A, "New", "02-03")])
    with pytest.raises(InvalidInput, match=r"no table of opportunities.*history\.csv"):
        trial.run()


def test_foreign_folder_names_its_columns(trial: Trial) -> None:
    trial.write("people", [{"first": "Ada", "born": "1815"}])
    with pytest.raises(InvalidInput, match=r"people\.csv has first, born"):
        trial.run()


def test_chosen_stages_close_deals(trial: Trial) -> None:
    rows = [deal(A, "Signed"), deal(B, "Dropped"), deal(C)]
    trial.write("deals", [{k: v for k, v in row.items() if not k.startswith("Is")} for row in rows])
    trial.run(won=("Signed",), lost=("Dropped",))
    assert [(id_, outcome) for id_, outcome, *_ in trial.outcomes()] == [(A, "won"), (B, "lost")]


def test_unknown_chosen_stage_lists_the_stages(trial: Trial) -> None:
    trial.write("deals", [deal(A), deal(B, "Closed Won")])
    with pytest.raises(InvalidInput, match=r"--won Signd.*Prospecting, Closed Won"):
        trial.run(won=("Signd",))


def test_open_tasks_and_planned_events_are_set_aside(trial: Trial) -> None:
    trial.write("deals", [deal(A, LastModifiedDate="2026-06-01T00:00:00Z")])
    task = {
        "WhatId": A,
        "WhoId": "",
        "TaskSubtype": "Call",
        "ActivityDate": "2026-02-01",
        "CreatedDate": "2026-02-03T08:00:00Z",
    }
    trial.write(
        "tasks",
        [
            {**task, "Id": record_id("00T", 1), "Status": "Completed"},
            {**task, "Id": record_id("00T", 2), "Status": "Not Started"},
        ],
    )
    event = {"WhatId": A, "WhoId": "", "CreatedDate": "2026-02-03T08:00:00Z"}
    trial.write("events", [{**event, "Id": record_id("00U", 1), "StartDateTime": "2026-08-01T08:00:00Z"},
                           {**event, "Id": record_id("00U", 2), "StartDateTime": "2026-03-01T08:00:00Z"}])  # fmt: skip
    record = trial.run().record
    assert [(r["kind"], r["occurred_at"].strftime("%m-%d"), r["channel"]) for r in trial.rows("interactions")] == [
        ("call", "02-01", "phone"), ("meeting", "03-01", "meeting"),
    ]  # fmt: skip
    assert {reason for s in record["sources"] for reason in s["set_aside"]} == {"not_completed", "planned"}
    assert trial.rows("interactions")[0]["recorded_at"].strftime("%m-%d") == "02-03"


def test_report_of_both_kinds_of_activities_keeps_each_one_s_rules(trial: Trial) -> None:
    """A task is an interaction once it is completed, an event once it has begun; both are entered by the day's end."""
    trial.write("deals", [deal(A, LastModifiedDate="2026-06-01T00:00:00Z")])
    row = {
        "Opportunity ID": A,
        "Created Date": "2/3/2026",
        "Status": "",
        "Start Date Time": "",
        "Date": "1/31/2026",
    }
    trial.write(
        "Tasks and Events",
        [
            {"Activity ID": record_id("00T", 1), **row, "Type": "Call", "Status": "Completed"},
            {"Activity ID": record_id("00T", 2), **row, "Type": "Call", "Status": "Not Started"},
            {"Activity ID": record_id("00U", 1), **row, "Type": "", "Start Date Time": "3/1/2026 8:00 AM"},
            {"Activity ID": record_id("00U", 2), **row, "Type": "", "Start Date Time": "8/1/2026 8:00 AM"},
        ],
    )
    record = trial.run().record
    assert [(r["kind"], r["occurred_at"].strftime("%m-%d")) for r in trial.rows("interactions")] == [
        ("call", "01-31"), ("meeting", "03-01"),
    ]  # fmt: skip
    aside = {reason: entry["count"] for s in record["sources"] for reason, entry in s["set_aside"].items()}
    assert aside == {"not_completed": 1, "planned": 1}
    assert trial.rows("interactions")[0]["recorded_at"].strftime("%m-%d %H:%M") == "02-03 23:59"


def test_moves_of_one_day_follow_each_other(trial: Trial) -> None:
    """A report has no ids of its rows, may be sorted in any way, and tells the day only in some languages."""
    trial.write(
        "deals", [deal(A, "Proposal", CreatedDate="1/5/2026", LastModifiedDate="2026-06-01T00:00:00Z")]
    )
    steps = [("Qualification", "Proposal"), ("Prospecting", "Qualification"), ("", "Prospecting")]
    trial.write(
        "Opportunity History",
        [
            {"Opportunity ID": A, "From Stage": old, "To Stage": new, "Last Modified": "1/15/2026"}
            for old, new in steps
        ],
    )
    trial.run()
    assert [row["stage"] for row in trial.rows("stages")] == ["Prospecting", "Qualification", "Proposal"]


@given(st.permutations(range(5)))
def test_moves_are_chained_whatever_their_order(order: list[int]) -> None:
    moves = [(None, "a"), ("a", "b"), ("b", "c"), ("c", "b"), ("b", "won")]
    chain = [order[row] for row in chained([moves[place] for place in order])]
    assert chain[:2] == [0, 1]
    assert sorted(chain) == list(range(5))


def test_bare_day_of_a_creation_has_the_time_of_its_first_change(trial: Trial) -> None:
    day = {"CreatedDate": "1/5/2026", "SystemModstamp": "6/30/2026"}
    trial.write("deals", [deal(A, **day), deal(B, **day), deal(C, **day)])
    report = {"From Stage": "", "To Stage": "Prospecting"}
    trial.write(
        "Opportunity History",
        [{"Opportunity ID": A, **report, "Last Modified": "1/5/2026 10:30 AM"},
         {"Opportunity ID": B, **report, "Last Modified": "1/6/2026 10:30 AM"}],
    )  # fmt: skip
    trial.run()
    created = {row["lead_id"]: row["created_at"].strftime("%m-%d %H:%M") for row in trial.rows("leads")}
    assert created == {A: "01-05 10:30", B: "01-05 00:00", C: "01-05 00:00"}


def test_field_history_names_fields_by_the_labels_of_the_export(trial: Trial) -> None:
    trial.write(
        "deals",
        [
            {"Opportunity ID": A, "Phase": "Angebot", "Erstelldatum": "05.01.2026", "Geschlossen": "0",
             "Inhaber der Opportunity": "Ann", "Newsletter": "0", "Schlusstermin": "31.03.2026"},
        ],
    )  # fmt: skip
    row = {"Opportunity-ID": A, "Bearbeitungsdatum": "20.01.2026 10:00"}
    trial.write(
        "Feldverlauf",
        [
            {**row, "Feld/Ereignis": "Phase", "Alter Wert": "Bedarf", "Neuer Wert": "Angebot"},
            {**row, "Feld/Ereignis": "Inhaber der Opportunity", "Alter Wert": "Bob", "Neuer Wert": "Ann"},
            {**row, "Feld/Ereignis": "Newsletter", "Alter Wert": "true", "Neuer Wert": "false"},
        ],
    )
    trial.run()
    assert [row["stage"] for row in trial.rows("stages")] == ["Bedarf", "Angebot"]
    assert (trial.rows("leads")[0]["owner"], trial.rows("leads")[0]["Newsletter"]) == ("Bob", "1")


def test_api_pages_with_nested_history_are_read(trial: Trial) -> None:
    moves = [{k: v for k, v in move(1, A, "Prospecting", "01-05").items() if k != "OpportunityId"}]
    record = {**deal(A), "attributes": {"type": "Opportunity", "url": "/x"}, "Owner": {"Name": "Ada Lang"},
              "Account": None, "OpportunityHistories": {"totalSize": 1, "records": moves}}  # fmt: skip
    (trial.source / "page.json").write_text(json.dumps({"totalSize": 1, "done": True, "records": [record]}))
    trial.run()
    assert trial.rows("leads")[0]["owner"] == "Ada Lang"
    assert [row["stage"] for row in trial.rows("stages")] == ["Prospecting"]


def test_newer_export_adds_changes_at_its_time(trial: Trial) -> None:
    trial.write("deals", [deal(A, Region__c="north", LastModifiedDate="2026-02-01T00:00:00Z"), deal(B)])
    trial.run()
    trial.write("deals", [deal(A, "Negotiation", Region__c="south", LastModifiedDate="2026-03-01T00:00:00Z"),
                          deal(B, IsDeleted="true"), deal(C)])  # fmt: skip
    trial.run()
    assert [(r["lead_id"], r["Region__c"]) for r in trial.rows("leads")] == [(A, "north"), (C, None)]
    (change,) = trial.rows("attribute_changes")
    assert (change["value"], change["recorded_at"].strftime("%m-%d")) == ("south", "03-01")
    assert [(r["lead_id"], r["stage"]) for r in trial.rows("stages")] == [
        (A, "Prospecting"), (A, "Negotiation"), (C, "Prospecting"),
    ]  # fmt: skip


def test_changed_funnel_configuration_stays(trial: Trial) -> None:
    trial.write("deals", [deal(A)])
    trial.run()
    (trial.output / "funnel.toml").write_text('[funnel]\nname = "Mine"\n')
    trial.run()
    assert "Mine" in (trial.output / "funnel.toml").read_text()


def test_versions_without_a_current_table_are_enough(trial: Trial) -> None:
    versions = [("2026-01-05 09:00:00", "Prospecting"), ("2026-02-01 10:00:00", "Closed Won")]
    trial.write("history", [
        {"_fivetran_start": start, "_fivetran_active": str(stage == "Closed Won").lower(), "id": A, "stage_name": stage,
         "created_date": "2026-01-05 09:00:00", "close_date": "2026-02-01", "amount": "5", "name": "x", "is_won": "",
         "is_closed": ""}
        for start, stage in versions
    ])  # fmt: skip
    record = trial.run().record
    assert trial.outcomes() == [(A, "won", "02-01 10:00", 5.0)]
    assert record["sources"][0]["rows_used"] == len(versions)


def test_present_row_comes_before_versions_of_it(trial: Trial) -> None:
    version = {
        "_fivetran_start": "2026-06-01 00:00:00",
        "_fivetran_active": "true",
        **deal(A, Region__c="old"),
    }
    trial.write("opportunity_history", [version])
    trial.write("opportunity", [deal(A, Region__c="new")])
    trial.run()
    assert trial.rows("leads")[0]["Region__c"] == "new"


def test_table_with_a_link_to_opportunities_is_no_lead(trial: Trial) -> None:
    trial.write("deals", [deal(A)])
    trial.write(
        "orders",
        [{"Id": record_id("801", 1), "Status": "Draft", "CreatedDate": "2026-01-05", "OpportunityId": A}],
    )
    assert trial.run().record["unclaimed"] == ["export/orders.csv"]


def test_export_is_not_older_than_its_latest_closing(trial: Trial) -> None:
    """A report without modification dates: the last closing lies after the last creation."""
    trial.write("deals", [deal(A, "Closed Won", CloseDate="2026-07-31"), deal(C)])
    trial.run()
    assert trial.outcomes() == [(A, "won", "07-31 23:59", 1000.0)]
