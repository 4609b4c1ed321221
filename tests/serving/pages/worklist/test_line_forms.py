"""The form of the worklist's lines: each button acts on its own lead, once, and never without the token."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import HOSTILE, LEAD_PAGE
from tests.builders.service.service_client import caller, service

HTML = {"accept": "text/html"}
API = f"/v1{LEAD_PAGE}"
QUOTED = LEAD_PAGE.removeprefix("/leads/")
BUTTONS: dict[str, dict[str, str]] = {
    "called": {"call_id": "c"},
    "snooze-1": {},
    "snooze-7": {},
    "keep": {"text-1": "t", "until-1": "2190-01-05"},
}


def press(client: TestClient, button: str, line: str = f"1 {QUOTED}", **fields: str) -> Any:
    """Presses a button of a line, on the page of the worklist."""
    page = Page(client.get("/", headers=HTML).text)
    sent = {"csrf_token": page.fields["csrf_token"], "to": "/?grade=A", button: line, **fields}
    return client.post("/line", data=sent, headers=HTML, follow_redirects=False)


def kept(client: TestClient) -> tuple[Any, Any]:
    """What the lead has: its timeline, and its notes and snooze."""
    return client.get(API).json()["timeline"], client.get(f"{API}/notes").json()


def test_buttons_of_the_page_are_those_of_the_form(client: TestClient) -> None:
    text = client.get("/", headers=HTML).text
    for button in BUTTONS:
        assert text.count(f'<button form="act" name="{button}" value="1 ') == 1
    assert f'name="called" value="1 {QUOTED.replace("%2F", "/")}"' in text


@pytest.mark.parametrize("button", BUTTONS)
def test_a_form_without_its_token_changes_nothing(client: TestClient, button: str) -> None:
    before = kept(client)
    for token in ({}, {"csrf_token": "guess"}):
        sent = {**BUTTONS[button], button: f"1 {QUOTED}", **token}
        assert client.post("/line", data=sent, headers=HTML).status_code == 403
    assert kept(client) == before


def test_a_call_is_stored_once_for_each_line_of_a_page(client: TestClient) -> None:
    before = len(kept(client)[0])
    for line in (f"1 {QUOTED}", f"1 {QUOTED}", f"2 {QUOTED}"):
        answer = press(client, "called", line, call_id="page")
        assert answer.headers["location"] == "/?grade=A&done=called"
    timeline, _ = kept(client)
    assert {entry["event_id"] for entry in timeline} >= {"page-1", "page-2"}
    assert len(timeline) == before + 2


def test_a_lead_sleeps_for_the_days_of_the_button(client: TestClient) -> None:
    until = []
    for button in ("snooze-1", "snooze-7"):
        assert press(client, button).headers["location"] == "/?grade=A&done=snoozed"
        until.append(kept(client)[1]["snoozed_until"])
    assert until == sorted(until)
    assert until[0] != until[1]


def test_a_line_keeps_its_note_its_date_or_both(client: TestClient) -> None:
    others = {"text-1": "of another line", "until-1": "2192-01-05", "text": "of no line"}
    line = f"2 {QUOTED}"
    for sent, done in (
        ({"text-2": HOSTILE, "until-2": ""}, "noted"),
        ({"until-2": "2190-01-05"}, "snoozed"),
        ({"text-2": "two", "until-2": "2191-01-05"}, "kept"),
    ):
        answer = press(client, "keep", line, **others, **sent)
        assert answer.headers["location"] == f"/?grade=A&done={done}"
    _, beside = kept(client)
    assert [note["text"] for note in beside["notes"]] == ["two", HOSTILE]
    assert beside["snoozed_until"].startswith("2191-01-0")
    for wrong in (
        {},
        {"text-2": " "},
        {"text-2": "three", "until-2": "2020-01-01"},
        {"until-2": "soon"},
        {"keep": f"3 {QUOTED}"},
    ):
        assert press(client, "keep", line, **{**others, **wrong}).status_code == 422
    assert kept(client)[1] == beside


def test_a_form_of_no_button_and_of_an_unknown_lead_changes_nothing(client: TestClient) -> None:
    for button, status in (("", 422), ("snooze-9", 422), ("keep ", 422)):
        assert press(client, button or "other").status_code == status
    for button, fields in BUTTONS.items():
        for line in ("1 nobody", "1", "1 "):
            answer = press(client, button, line, **fields)
            assert answer.status_code in (404, 422)
            assert Page(answer.text).faults == []


def test_the_form_needs_the_scope_of_its_calls(tmp_path: Any) -> None:
    guard, runtime = service(tmp_path, LEADCAST_API_KEYS="reader:read,writer:read+ingest,scorer:read+score")
    answers = {}
    for key in ("reader", "writer", "scorer"):
        client = caller(guard, authorization=f"Bearer {key}")
        answers[key] = client.post("/line", data={"called": "1 x", "call_id": "c"}).status_code
    runtime.stored.store.close()
    assert answers == {"reader": 403, "writer": 404, "scorer": 403}
