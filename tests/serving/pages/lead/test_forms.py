"""The forms of a lead's page: each does what its call does, once, and nothing without its token."""

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import HOSTILE, LEAD_PAGE
from tests.builders.service.service_client import caller, service

HTML = {"accept": "text/html"}
API = f"/v1{LEAD_PAGE}"
EVERY_FORM: dict[str, dict[str, str]] = {
    "calls": {"event_id": "c"},
    "notes": {"text": "t"},
    "remove-note": {"note_id": "1"},
    "snooze": {"days": "3"},
    "corrections": {"event_id": "e1", "action": "retract"},
    "what-if": {"kind": "call"},
}


def post(client: TestClient, part: str, path: str = LEAD_PAGE, **fields: str) -> Any:
    """Posts a form of the lead's page with the token that the page holds."""
    page = Page(client.get(path, headers=HTML).text)
    sent = {"csrf_token": page.fields["csrf_token"], "to": path, **fields}
    return client.post(f"{path}/{part}", data=sent, headers=HTML, follow_redirects=False)


def timeline(client: TestClient) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.get(API).json()["timeline"]
    return entries


@pytest.mark.parametrize("part", EVERY_FORM)
def test_a_form_without_its_token_changes_nothing(client: TestClient, part: str) -> None:
    before = timeline(client), client.get(f"{API}/notes").json()
    for token in ({}, {"csrf_token": "guess"}):
        answer = client.post(f"{LEAD_PAGE}/{part}", data={**EVERY_FORM[part], **token}, headers=HTML)
        assert answer.status_code == 403
    assert (timeline(client), client.get(f"{API}/notes").json()) == before


def test_a_call_is_stored_once_for_each_form(client: TestClient) -> None:
    page = Page(client.get(LEAD_PAGE, headers=HTML).text)
    for _ in range(2):
        answer = post(client, "calls", event_id="page-1", value="13")
        assert answer.status_code == 303
        assert answer.headers["location"].endswith("?done=called")
    calls = [entry["data"] for entry in timeline(client) if entry["event_id"] == "page-1"]
    assert [(call["kind"], call["direction"], call["value"]) for call in calls] == [
        ("call", "outbound", 13.0)
    ]
    assert page.fields["event_id"].startswith("page-")
    assert "The call is stored." in Page(client.get(answer.headers["location"], headers=HTML).text).words


def test_notes_are_kept_shown_and_removed(client: TestClient) -> None:
    assert post(client, "notes", text=HOSTILE).status_code == 303
    (note,) = client.get(f"{API}/notes").json()["notes"]
    assert note["text"] == HOSTILE
    page = client.get(LEAD_PAGE, headers=HTML).text
    assert Page(page).faults == []
    assert HOSTILE in Page(page).words
    assert post(client, "remove-note", note_id=str(note["note_id"])).status_code == 303
    assert client.get(f"{API}/notes").json()["notes"] == []
    assert post(client, "remove-note", note_id="x").status_code == 422
    assert post(client, "notes", text=" ").status_code == 422


def test_a_snooze_lasts_so_many_days_or_until_a_date(client: TestClient) -> None:
    assert post(client, "snooze", days="3").headers["location"].endswith("done=snoozed")
    assert "Snoozed until" in Page(client.get(LEAD_PAGE, headers=HTML).text).words
    assert post(client, "snooze", until="2190-01-05").status_code == 303
    assert client.get(f"{API}/notes").json()["snoozed_until"].startswith("2190-01-0")
    assert post(client, "snooze", days="").headers["location"].endswith("done=awake")
    assert client.get(f"{API}/notes").json()["snoozed_until"] is None
    for wrong in ({"days": "-1"}, {"days": "x"}, {"until": "2020-01-01"}):
        assert post(client, "snooze", **wrong).status_code == 422


def test_a_wrong_event_is_replaced_or_retracted(client: TestClient) -> None:
    place = f"{LEAD_PAGE}?correct=e2"
    page = Page(client.get(place, headers=HTML).text)
    fields = {name: page.fields[name] for name in ("event_id", "was_at")}
    answer = post(
        client, "corrections", **fields, action="replace", kind="demo", occurred_at=fields["was_at"]
    )
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("?done=corrected")
    (entry,) = [entry for entry in timeline(client) if entry["event_id"] == "e2"]
    assert entry["data"] == {"kind": "demo"}
    assert entry["occurred_at"] == "2026-05-01T10:00:00Z"
    moved = post(
        client, "corrections", event_id="e1", action="replace", stage="new", occurred_at="2026-05-03T09:30:00"
    )
    assert moved.status_code == 303
    (entry,) = [entry for entry in timeline(client) if entry["event_id"] == "e1"]
    assert (entry["data"], entry["occurred_at"]) == ({"stage": "new"}, "2026-05-03T09:30:00Z")
    for event_id in ("e1", "e2", "e3"):
        assert post(client, "corrections", event_id=event_id, action="retract").status_code == 303
    assert timeline(client) == []
    assert post(client, "corrections", event_id="zz", action="retract").status_code == 422
    assert post(client, "corrections", event_id="e1", action="replace", occurred_at="soon").status_code == 422


def test_a_what_if_shows_its_effect_and_keeps_nothing(client: TestClient) -> None:
    before = timeline(client)
    answer = post(
        client, "what-if", kind="call", direction="outbound", attribute="seats", attribute_value="50"
    )
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.faults == []
    assert page.open_tags == []
    assert "Nothing was stored." in page.words
    assert "becomes" in page.words
    assert timeline(client) == before
    assert post(client, "what-if").status_code == 422
    assert post(client, "what-if", kind="call", value="many").status_code == 422


@pytest.mark.parametrize("part", EVERY_FORM)
def test_hostile_texts_in_every_field_stay_texts(client: TestClient, part: str) -> None:
    answer = post(client, part, **dict.fromkeys(EVERY_FORM[part], HOSTILE))
    assert answer.status_code in (303, 404, 422, 200)
    assert Page(client.get(LEAD_PAGE, headers=HTML).text).faults == []
    if answer.status_code != 303:
        assert Page(answer.text).faults == []


def test_forms_of_unknown_leads_are_404(client: TestClient) -> None:
    token = Page(client.get(LEAD_PAGE, headers=HTML).text).fields["csrf_token"]
    for part, fields in EVERY_FORM.items():
        if part not in ("remove-note", "corrections"):
            sent = {**fields, "csrf_token": token}
            assert client.post(f"/leads/nobody/{part}", data=sent, headers=HTML).status_code == 404
    odd = quote("a/notes", safe="")
    assert (
        client.post(f"/leads/{odd}", data={"csrf_token": token, "text": "x"}, headers=HTML).status_code == 404
    )


def test_a_form_returns_to_pages_of_this_service_alone(client: TestClient) -> None:
    for target in ("https://evil.example/leads/x", "//evil.example/leads/x", "/leads/x\\..\\y"):
        location = post(client, "notes", text="t", to=target).headers["location"]
        assert location.startswith("/")
        assert "evil" not in location
    for target, location in (("/?grade=A", "/?grade=A&done=called"), ("/?done=noted", "/?done=called")):
        assert post(client, "calls", event_id="c2", to=target).headers["location"] == location
    page = Page(client.get("/?done=called", headers=HTML).text)
    assert "The call is stored." in page.words
    assert not [link for link in page.links if "done=" in link]


def test_each_form_needs_its_scope(tmp_path: Any) -> None:
    guard, runtime = service(tmp_path, LEADCAST_API_KEYS="reader:read,writer:read+ingest,scorer:read+score")
    allowed = {}
    for key in ("reader", "writer", "scorer"):
        client = caller(guard, authorization=f"Bearer {key}")
        allowed[key] = {
            part
            for part, fields in EVERY_FORM.items()
            if client.post(f"/leads/x/{part}", data=fields, follow_redirects=False).status_code != 403
        }
    runtime.stored.store.close()
    assert allowed["reader"] == set()
    assert allowed["writer"] == set(EVERY_FORM) - {"what-if"}
    assert allowed["scorer"] == {"what-if"}
