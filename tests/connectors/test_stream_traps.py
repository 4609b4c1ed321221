"""Single traps of event streams, each in the smallest export that has it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.run import Imported
from history.base.errors import InvalidInput
from tests.builders.exports.imported_folder import bring_in, moment, rows_of

DAY = "2026-03-02T10:00:00Z"


def lines(folder: Path, name: str, records: Sequence[Mapping[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(map(json.dumps, records)) + "\n", encoding="utf-8")


def table(folder: Path, name: str, *rows: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")


def imported(system: str, folder: Path, **options: Any) -> Imported:
    return bring_in(system, folder / "export", folder / "crm", **options)


def leads(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["lead_id"]: row for row in rows_of(folder / "crm", "leads")}


def set_aside(result: Imported) -> dict[str, int]:
    return {
        reason: entry["count"]
        for source in result.record["sources"]
        for reason, entry in source["set_aside"].items()
    }


def call(number: int, **values: Any) -> dict[str, Any]:
    """A raw call of Segment."""
    base = {
        "type": "track",
        "messageId": f"m{number}",
        "anonymousId": "anon",
        "timestamp": DAY,
        "receivedAt": DAY,
    }
    return base | values


def test_address_of_a_form_makes_a_lead_and_joins_its_user(tmp_path: Path) -> None:
    records = [
        call(1, type="identify", traits={"email": "Ada@X.example"}, anonymousId="phone"),
        call(2, type="identify", userId="u1", traits={"email": "ada@x.example"}, anonymousId="desk"),
    ]
    lines(tmp_path / "export", "calls.jsonl", records)
    imported("segment", tmp_path)
    assert list(leads(tmp_path)) == ["u1"]


def test_alias_and_group_join_people_and_accounts(tmp_path: Path) -> None:
    records = [
        call(1, event="Signed Up", properties={"company_size": 50, "url": "/x"}),
        call(2, type="alias", userId="u1", previousId="anon"),
        call(3, type="group", userId="u1", groupId="g7", traits={"industry": "steel"}),
    ]
    lines(tmp_path / "export", "calls.jsonl", records)
    imported("segment", tmp_path)
    lead = leads(tmp_path)["u1"]
    assert (lead["account_id"], lead["account_industry"], lead["company_size"]) == ("g7", "steel", "50")


def test_suppressed_people_leave_an_earlier_import(tmp_path: Path) -> None:
    records = [call(1, userId="u1", event="Demo"), call(2, userId="u2", event="Demo", anonymousId="b")]
    lines(tmp_path / "export", "calls.jsonl", records)
    imported("segment", tmp_path)
    request = {"regulationType": "SUPPRESS_WITH_DELETE", "subjectIds": ["u2", "u3"], "status": "FINISHED"}
    lines(tmp_path / "export", "regulations.jsonl", [request])
    result = imported("segment", tmp_path)
    assert list(leads(tmp_path)) == ["u1"]
    assert set_aside(result) == {"erased": 1}


def test_users_table_alone_gives_leads_with_their_traits(tmp_path: Path) -> None:
    table(
        tmp_path / "export", "users.csv", "id,received_at,uuid_ts,email,plan,_fivetran_deleted",
        "u1,2026-03-02 10:00:00,2026-03-02 10:00:00,a@x.example,pro,false",
        "u2,2026-03-02 10:00:00,2026-03-02 10:00:00,b@x.example,free,true",
    )  # fmt: skip
    imported("segment", tmp_path)
    assert {id_: row["plan"] for id_, row in leads(tmp_path).items()} == {"u1": "pro"}


def test_traits_of_groups_in_a_warehouse_are_those_of_the_account(tmp_path: Path) -> None:
    table(
        tmp_path / "export", "groups.csv", "id,received_at,timestamp,user_id,anonymous_id,group_id,industry,id",
        "m1,2026-03-02 10:00:00,2026-03-02 10:00:00,u1,a1,g7,steel,x",
    )  # fmt: skip
    imported("segment", tmp_path)
    lead = leads(tmp_path)["u1"]
    assert (lead["account_id"], lead["account_industry"]) == ("g7", "steel")


def test_event_that_nobody_has_is_refused_with_near_names(tmp_path: Path) -> None:
    lines(tmp_path / "export", "calls.jsonl", [call(1, userId="u1", event="Subscription Started")])
    with pytest.raises(
        InvalidInput, match=r"--won Subscription Start: no event has this name.*subscription_started"
    ):
        imported("segment", tmp_path, won=("Subscription Start",))
    assert not (tmp_path / "crm").exists()


def test_export_without_a_win_says_so(tmp_path: Path) -> None:
    lines(tmp_path / "export", "calls.jsonl", [call(1, userId="u1", event="Subscription Started")])
    assert any(
        "nobody wins: no lead has Order Completed" in note
        for note in imported("segment", tmp_path).record["notes"]
    )


def test_named_lead_event_takes_the_place_of_the_rule(tmp_path: Path) -> None:
    records = [
        call(1, userId="u1", event="Viewed"),
        call(2, userId="u2", event="Demo Asked", anonymousId="b"),
    ]
    lines(tmp_path / "export", "calls.jsonl", records)
    imported("segment", tmp_path, lead=("Demo Asked",))
    assert list(leads(tmp_path)) == ["u2"]


def test_clock_ahead_of_its_receipt_counts_as_received(tmp_path: Path) -> None:
    lines(
        tmp_path / "export",
        "calls.jsonl",
        [call(1, userId="u1", event="Demo", timestamp="2027-03-02T10:00:00Z")],
    )
    result = imported("segment", tmp_path)
    assert moment(leads(tmp_path)["u1"]["created_at"]) == DAY
    assert "1 rows happened after they were recorded" in " ".join(result.record["notes"])


def test_orders_in_two_currencies_need_a_choice(tmp_path: Path) -> None:
    records = [
        call(
            n,
            userId=f"u{n}",
            anonymousId=f"a{n}",
            event="Order Completed",
            properties={"revenue": 5, "currency": code},
        )
        for n, code in enumerate(("EUR", "usd"))
    ]
    lines(tmp_path / "export", "calls.jsonl", records)
    with pytest.raises(InvalidInput, match=r"2 currencies \(EUR, USD\)"):
        imported("segment", tmp_path)
    imported("segment", tmp_path, currency="USD")
    assert [row["amount"] for row in rows_of(tmp_path / "crm", "outcomes")] == [None, 5]


@pytest.mark.parametrize(
    ("revenues", "amounts"),
    [
        (("12,50", "1.000,00"), [12.5, 1000]),
        (("1,250.00", "7"), [1250, 7]),
        (("1,250", "7"), [None, 7]),
        ((1.125, 2), [1.125, 2]),
    ],
)
def test_amounts_in_texts_are_read_by_evidence(
    revenues: Any, amounts: list[float | None], tmp_path: Path
) -> None:
    records = [
        call(n, userId=f"u{n}", anonymousId=f"a{n}", event="Order Completed", properties={"revenue": revenue})
        for n, revenue in enumerate(revenues)
    ]
    lines(tmp_path / "export", "calls.jsonl", records)
    result = imported("segment", tmp_path)
    assert [row["amount"] for row in rows_of(tmp_path / "crm", "outcomes")] == amounts
    assert any("cannot be read" in note for note in result.record["notes"]) == (None in amounts)


def test_later_export_in_another_currency_is_refused(tmp_path: Path) -> None:
    for n, code in enumerate(("EUR", "USD")):
        properties = {"revenue": 5, "currency": code}
        record = call(n, userId=f"u{n}", anonymousId=f"a{n}", event="Order Completed", properties=properties)
        lines(tmp_path / "export", "calls.jsonl", [record])
        if n == 0:
            imported("segment", tmp_path)
    with pytest.raises(
        InvalidInput, match=r"has amounts in EUR .* of the export are in USD: add --currency EUR"
    ):
        imported("segment", tmp_path)


def event(number: int, **values: Any) -> dict[str, Any]:
    """An event of Amplitude."""
    base = {
        "event_type": "Demo", "$insert_id": f"i{number}", "amplitude_id": 7, "user_id": "u1", "device_id": "d1",
        "event_time": "2026-03-02 10:00:00.000000", "server_upload_time": "2026-03-02 10:00:05.000000",
    }  # fmt: skip
    return base | values


def test_clock_of_a_device_is_corrected_by_the_upload(tmp_path: Path) -> None:
    record = event(1, client_event_time="2026-03-01 10:00:00", client_upload_time="2026-03-01 10:00:05")
    del record["event_time"]
    lines(tmp_path / "export", "events.json", [record])
    imported("amplitude", tmp_path)
    assert moment(leads(tmp_path)["u1"]["created_at"]) == DAY


def test_deleted_users_of_amplitude_are_erased(tmp_path: Path) -> None:
    records = [event(1), event(2, user_id="u2", amplitude_id=8, device_id="d2")]
    lines(tmp_path / "export", "events.json", records)
    jobs = [
        {
            "day": "2026-03-05",
            "status": "done",
            "amplitude_ids": [{"amplitude_id": 8, "requested_on_day": "2026-03-04"}],
        }
    ]
    (tmp_path / "export" / "deletions.json").write_text(json.dumps(jobs))
    result = imported("amplitude", tmp_path)
    assert list(leads(tmp_path)) == ["u1"]
    assert set_aside(result) == {"erased": 1, "job_of_deletions": 1}


def test_broken_cell_of_properties_is_set_aside(tmp_path: Path) -> None:
    table(
        tmp_path / "export", "events.csv", "event_type,user_id,event_time,event_properties,user_properties",
        'Demo,u1,2026-03-02 10:00:00,"{""value"": 3}","{""plan"": ""pro""}"',
        'Demo,u1,2026-03-02 11:00:00,"{""value"": ",',
    )  # fmt: skip
    result = imported("amplitude", tmp_path)
    assert leads(tmp_path)["u1"]["plan"] == "pro"
    assert set_aside(result) == {"event_properties_are_no_json": 1}


def hit(number: int, name: str, **values: Any) -> dict[str, Any]:
    """A row of GA4."""
    base = {
        "event_timestamp": str(1_772_445_600_000_000 + number),
        "event_name": name,
        "user_pseudo_id": "p1",
    }
    return base | values


def pair(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"string_value": value, "int_value": None}}


def test_form_answers_and_the_value_of_a_lead_are_attributes(tmp_path: Path) -> None:
    parameters = [
        pair("value", "100"),
        pair("currency", "EUR"),
        pair("team_size", "10-50"),
        pair("page_title", "x"),
    ]
    lines(tmp_path / "export", "events.json", [hit(1, "generate_lead", event_params=parameters)])
    imported("ga4", tmp_path)
    lead = leads(tmp_path)["p1"]
    assert (lead["lead_value"], lead["team_size"], "page_title" in lead) == ("100", "10-50", False)
    assert [row["stage"] for row in rows_of(tmp_path / "crm", "stages")] == ["generate_lead"]


def test_internal_traffic_is_no_lead(tmp_path: Path) -> None:
    records = [
        hit(1, "generate_lead", event_params=[pair("traffic_type", "internal")]),
        hit(2, "generate_lead", user_pseudo_id="p2"),
    ]
    lines(tmp_path / "export", "events.json", records)
    result = imported("ga4", tmp_path)
    assert list(leads(tmp_path)) == ["p2"]
    assert set_aside(result) == {"test_user": 1}


def test_session_begins_once_and_a_repeated_order_is_counted(tmp_path: Path) -> None:
    session = [pair("ga_session_id", "5")]
    records = [
        hit(1, "session_start", event_params=session), hit(900, "session_start", event_params=session),
        hit(2, "generate_lead"), hit(3, "purchase"), hit(4, "purchase"),
    ]  # fmt: skip
    lines(tmp_path / "export", "events.json", records)
    assert set_aside(imported("ga4", tmp_path)) == {"double": 1, "repeat_win": 1}


def test_microseconds_are_times_without_a_note(tmp_path: Path) -> None:
    """BigQuery writes them as texts in JSON: each was noted as unreadable although it was read."""
    lines(tmp_path / "export", "events.json", [hit(1, "generate_lead"), hit(2, "x", event_timestamp="soon")])
    notes = [note for note in imported("ga4", tmp_path).record["notes"] if "cannot be read" in note]
    assert [note[:32] for note in notes] == ["1 times of event_timestamp canno"]


def test_table_of_users_with_predictions_is_not_read(tmp_path: Path) -> None:
    lines(tmp_path / "export", "events.json", [hit(1, "generate_lead")])
    users = {"pseudo_user_id": "p1", "occurrence_date": "20260302", "predictions": {"purchase_score_7d": 0.9}}
    lines(tmp_path / "export", "users.json", [users])
    assert set_aside(imported("ga4", tmp_path)) == {"values_of_today": 1}


def test_rows_of_single_parameters_are_no_table_of_ga4(tmp_path: Path) -> None:
    table(
        tmp_path / "export", "x.csv", "event_timestamp,event_name,user_pseudo_id,event_params.key", "1,a,b,c"
    )
    with pytest.raises(InvalidInput, match="no file is a table of ga4"):
        imported("ga4", tmp_path)


def test_times_of_a_device_alone_are_noted(tmp_path: Path) -> None:
    record = call(1, userId="u1", event="Demo", originalTimestamp=DAY)
    del record["timestamp"]
    lines(tmp_path / "export", "calls.jsonl", [record])
    notes = imported("segment", tmp_path).record["notes"]
    assert any(note.startswith("1 rows have the time of a device alone") for note in notes)


def test_signs_are_no_accounts(tmp_path: Path) -> None:
    records = [
        call(n, userId=f"u{n}", anonymousId=f"a{n}", type="group", groupId=group)
        for n, group in enumerate(("g1", "-", "N/A"))
    ]
    lines(tmp_path / "export", "calls.jsonl", records)
    imported("segment", tmp_path)
    assert {id_: lead["account_id"] for id_, lead in leads(tmp_path).items()} == {
        "u0": "g1",
        "u1": None,
        "u2": None,
    }


def test_groups_without_their_id_are_no_screens(tmp_path: Path) -> None:
    table(
        tmp_path / "export", "groups.csv", "id,received_at,timestamp,user_id,anonymous_id",
        "m1,2026-03-02 10:00:00,2026-03-02 10:00:00,u1,a1",
    )  # fmt: skip
    assert imported("segment", tmp_path).rows.get("interactions", 0) == 0


def test_event_of_two_tables_keeps_its_amount(tmp_path: Path) -> None:
    """The row of `tracks` has no properties; without a time of receipt it must not count before the other."""
    table(
        tmp_path / "export", "trial_ended.csv", "id,user_id,anonymous_id,event,timestamp,received_at,revenue",
        "m1,u1,a1,order_completed,2026-03-02 10:00:00,2026-03-02 10:00:05,50",
    )  # fmt: skip
    table(
        tmp_path / "export", "tracks.csv", "id,user_id,anonymous_id,event,event_text,timestamp,context_app_name",
        "m1,u1,a1,order_completed,Order Completed,2026-03-02 10:00:00,shop",
    )  # fmt: skip
    assert set_aside(imported("segment", tmp_path)) == {"double": 1}
    assert [row["amount"] for row in rows_of(tmp_path / "crm", "outcomes")] == [50]


def test_wins_without_an_amount_are_noted(tmp_path: Path) -> None:
    lines(tmp_path / "export", "calls.jsonl", [call(1, userId="u1", event="Order Completed")])
    notes = imported("segment", tmp_path).record["notes"]
    assert "1 of 1 wins have no amount: what they brought is unknown." in notes


def test_table_of_an_event_counts_before_tracks(tmp_path: Path) -> None:
    head = "id,user_id,anonymous_id,event,timestamp,received_at"
    row = "m1,u1,a1,order_completed,2026-03-02 10:00:00,2026-03-02 10:00:05"
    table(tmp_path / "export", "trial_ended.csv", f"{head},revenue", f"{row},50")
    table(tmp_path / "export", "tracks.csv", f"{head},context_app_name", f"{row},shop")
    imported("segment", tmp_path)
    assert [row["amount"] for row in rows_of(tmp_path / "crm", "outcomes")] == [50]
