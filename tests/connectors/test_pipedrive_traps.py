"""Small Pipedrive exports with one trap each: what is wrong is named with its mend, what is right is kept."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from history.base.errors import InvalidInput
from tests.builders.exports.import_trial import Trial, reasons
from tests.builders.exports.pipedrive import field_hash
from tests.builders.exports.simulated_crm import Row

STAGES = [
    {"id": "1", "name": "Lead in", "order_nr": "1", "pipeline_id": "5"},
    {"id": "2", "name": "Won over", "order_nr": "2", "pipeline_id": "5"},
    {"id": "3", "name": "Won", "order_nr": "3", "pipeline_id": "5"},
]


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    trial = Trial("pipedrive", tmp_path)
    trial.write("stages", STAGES)
    return trial


def deal(id_: str, status: str = "open", **fields: str) -> Row:
    closed = "2026-03-31 12:00:00" if status in ("won", "lost") else ""
    return {
        "id": id_, "title": f"Deal {id_}", "status": status, "stage_id": "1", "pipeline_id": "5", "value": "1000",
        "currency": "EUR", "add_time": "2026-01-05 09:00:00", "update_time": "2026-04-01 09:00:00",
        "won_time": closed if status == "won" else "", "lost_time": closed if status == "lost" else "",
        "stage_change_time": "", **fields,
    }  # fmt: skip


def change(id_: str, field: str, old: str, new: str, day: str) -> Row:
    return {
        "item_id": id_,
        "field_key": field,
        "old_value": old,
        "new_value": new,
        "log_time": f"2026-{day} 10:00:00",
    }


def activity(id_: str, **fields: str) -> Row:
    return {
        "id": id_,
        "type": "call",
        "done": "1",
        "due_date": "2026-02-01",
        "deal_id": "",
        "person_id": "",
        **fields,
    }


def test_status_closes_a_deal_at_its_own_time(trial: Trial) -> None:
    trial.write("deals", [deal("1", "won"), deal("2", "lost", lost_reason="price"), deal("3")])
    trial.run()
    assert trial.outcomes() == [("1", "won", "03-31 12:00", 1000.0), ("2", "lost", "03-31 12:00", None)]
    assert [r["reason"] for r in trial.rows("outcomes")] == [None, "price"]
    assert trial.stages() == [("3", "04-01 09:00", "Lead in")]


def test_present_stage_without_a_flow_is_known_since_the_export(trial: Trial) -> None:
    """Known earlier, it would tell of every past time which deals move later."""
    moved = {"stage_id": "2", "stage_change_time": "2026-02-01 10:00:00"}
    trial.write("deals", [deal("1"), deal("2", **moved), deal("3", "won", **moved)])
    trial.run()
    assert trial.stages() == [("1", "01-05 09:00", "Lead in"), ("2", "02-01 10:00", "Won over")]
    assert {r["recorded_at"].strftime("%m-%d %H:%M") for r in trial.rows("stages")} == {"04-01 09:00"}


def test_stage_with_a_closing_word_closes_nothing(trial: Trial) -> None:
    trial.write("deals", [deal("1", stage_id="3", stage_change_time="2026-02-01 10:00:00")])
    trial.run()
    assert trial.outcomes() == []
    assert trial.stages() == [("1", "02-01 10:00", "Won")]


def test_chosen_stage_is_a_win(trial: Trial) -> None:
    trial.write("deals", [deal("1", stage_id="2", stage_change_time="2026-02-01 10:00:00"), deal("2")])
    trial.run(won=("Won over",))
    assert trial.outcomes() == [("1", "won", "02-01 10:00", 1000.0)]


def test_reopened_deal_is_open_again(trial: Trial) -> None:
    trial.write("deals", [deal("1", "won", stage_id="2")])
    trial.write("flow", [
        change("1", "stage_id", "1", "2", "01-10"), change("1", "status", "open", "lost", "02-10"),
        change("1", "status", "lost", "open", "03-10"), change("1", "status", "open", "won", "04-10"),
    ])  # fmt: skip
    trial.run()
    assert trial.outcomes() == [
        ("1", "lost", "02-10 10:00", None), ("1", "open", "03-10 10:00", None), ("1", "won", "04-10 10:00", 1000.0),
    ]  # fmt: skip
    assert trial.stages() == [
        ("1", "01-05 09:00", "Lead in"), ("1", "01-10 10:00", "Won over"), ("1", "03-10 10:00", "Won over"),
    ]  # fmt: skip


def test_stage_that_is_set_after_the_loss_is_no_entry(trial: Trial) -> None:
    trial.write("deals", [deal("1", "lost", stage_id="2", lost_time="2026-02-10 10:00:00")])
    trial.write(
        "flow", [change("1", "status", "open", "lost", "02-10"), change("1", "stage_id", "1", "2", "03-10")]
    )
    trial.run()
    assert trial.stages() == [("1", "01-05 09:00", "Lead in")]
    assert trial.outcomes() == [("1", "lost", "02-10 10:00", None)]


def test_custom_fields_come_by_their_names_and_options(trial: Trial) -> None:
    key = field_hash("region")
    trial.write("deals", [{**deal("1"), key: "8", f"{key}_currency": "EUR"}])
    options = [{"id": 7, "label": "North"}, {"id": 8, "label": "South"}]
    field = {"id": 55, "key": key, "name": "Sales region", "field_type": "enum", "options": options}
    trial.write_json("dealFields", {"success": True, "data": [field]})
    trial.write("flow", [change("1", key, "7", "8", "02-10")])
    trial.run()
    assert trial.rows("leads")[0]["Sales region"] == "North"
    (row,) = trial.rows("attribute_changes")
    assert (row["attribute"], row["value"]) == ("Sales region", "South")


def test_fields_of_the_newer_api_are_unwrapped(trial: Trial) -> None:
    key = field_hash("region")
    record: dict[str, Any] = {k: v for k, v in deal("1").items() if v}
    record |= {"owner_id": 3, "custom_fields": {key: "north"}, "is_deleted": False, "label_ids": [4]}
    trial.write_json("deals", {"success": True, "data": [record], "additional_data": {"next_cursor": None}})
    trial.write("users", [{"id": "3", "name": "Ada Lang", "email": "a@x.example", "is_admin": "0"}])
    trial.write("fields", [{"field_code": key, "field_name": "Region", "field_type": "varchar"}])
    trial.run()
    (lead,) = trial.rows("leads")
    assert (lead["owner"], lead["Region"]) == ("Ada Lang", "north")


def test_linked_records_in_json_cells_are_read(trial: Trial) -> None:
    user, org = '{"id": 3, "name": "Ada Lang"}', '{"value": 9, "name": "Org"}'
    trial.write("deals", [deal("1", user_id=user, org_id=org)])
    trial.run()
    (lead,) = trial.rows("leads")
    assert (lead["owner"], lead["account_id"]) == ("Ada Lang", "9")


def test_weighted_value_and_counters_are_left_out(trial: Trial) -> None:
    today = {
        "weighted_value": "800",
        "done_activities_count": "3",
        "probability": "80",
        "expected_close_date": "2026-05-01",
    }
    trial.write("deals", [deal("1", region="north", **today)])
    ignored = trial.run().record["ignored"]["Deal"]
    assert pq.read_schema(trial.output / "leads.parquet").names == ["lead_id", "created_at", "name", "region"]
    assert {"weighted_value", "done_activities_count", "probability"} <= set(ignored)


def test_several_currencies_are_named(trial: Trial) -> None:
    trial.write("deals", [deal("1", "won"), deal("2", "won", currency="USD")])
    with pytest.raises(InvalidInput, match=r"EUR, USD.*--currency EUR"):
        trial.run()


def test_merged_deal_moves_to_its_survivor(trial: Trial) -> None:
    trial.write("deals", [deal("1"), deal("2")])
    trial.write("activities", [activity("1", deal_id="1"), activity("2", deal_id="2", due_date="2026-02-02")])
    trial.run()
    trial.write("deals", [deal("1", merge_what_id="2"), deal("2", "deleted")])
    assert reasons(trial.run()) == {"merged_into_another": 1}
    assert [r["lead_id"] for r in trial.rows("leads")] == ["1"]
    assert trial.touches() == [("1", "02-01 00:00", "call"), ("1", "02-02 00:00", "call")]


def test_survivor_is_as_old_as_the_first_deal_merged_into_it(trial: Trial) -> None:
    older = deal("2", "deleted") | {"add_time": "2025-12-01 09:00:00"}
    trial.write("deals", [deal("1", merge_what_id="2"), older])
    trial.run()
    (row,) = trial.rows("leads")
    assert (row["lead_id"], row["created_at"].strftime("%Y-%m-%d")) == ("1", "2025-12-01")


def test_deleted_deal_leaves_an_earlier_import(trial: Trial) -> None:
    trial.write("deals", [deal("1"), deal("2")])
    trial.run()
    trial.write("deals", [deal("1"), deal("2", "deleted")])
    trial.run()
    assert [r["lead_id"] for r in trial.rows("leads")] == ["1"]


def test_done_activity_takes_place_when_it_was_due_or_marked(trial: Trial) -> None:
    trial.write("deals", [deal("1")])
    marked = {"deal_id": "1", "marked_as_done_time": "2026-02-01 15:00:00"}
    trial.write("activities", [
        activity("1", due_time="09:30", **marked), activity("2", due_time="18:00", **marked), activity("3", **marked),
        activity("4", deal_id="1", done="0"),
    ])  # fmt: skip
    assert reasons(trial.run()) == {"not_done": 1}
    assert [when for _, when, _ in trial.touches()] == ["02-01 09:30", "02-01 15:00", "02-01 15:00"]


def test_status_without_a_meaning_sets_the_deal_aside(trial: Trial) -> None:
    trial.write("deals", [deal("1"), deal("2", "paused")])
    record = trial.run().record
    entry = next(s["set_aside"] for s in record["sources"] if s["kind"] == "Deal")["unknown_status"]
    assert entry == {"count": 1, "first": "export/deals.csv, row 3: unknown_status"}


def test_export_without_deals_names_what_it_has(trial: Trial) -> None:
    trial.write("activities", [activity("1", deal_id="1")])
    with pytest.raises(InvalidInput, match=r"no table of deals.*activities\.csv \(Activity\)"):
        trial.run()
