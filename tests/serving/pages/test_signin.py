"""Signing in with a key and out again, over HTTP as browsers do it."""

from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.http.attempts import FAILURES_AT_ONCE
from serving.http.sessions import SESSION_COOKIE
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import HOSTILE
from tests.builders.service.service_client import caller, service

KEYS = "full,reader:read,program:ingest"
HTML = {"accept": "text/html"}


@pytest.fixture
def browser(tmp_path: Path) -> TestClient:
    return caller(service(tmp_path, LEADCAST_API_KEYS=KEYS)[0], **HTML)


def sign_in(browser: TestClient, key: str, **fields: str) -> int:
    """The status of posting the form of the page, without following it."""
    token = Page(browser.get("/signin").text).fields["csrf_token"]
    data = {"csrf_token": token, "key": key, **fields}
    status: int = browser.post("/signin", data=data, follow_redirects=False).status_code
    return status


def test_person_signs_in_reads_and_signs_out(browser: TestClient) -> None:
    asked = browser.get("/model?x=1", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/signin?to=%2Fmodel%3Fx%3D1")
    form = Page(browser.get(asked.headers["location"]).text)
    assert form.faults == []
    assert form.fields["to"] == "/model?x=1"
    data = {**form.fields, "key": "full", "name": "Olga Blanc"}
    answer = browser.post("/signin", data=data, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/model?x=1")
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Max-Age=43200", "Path=/"))
    page = browser.get("/model").text
    assert "Olga Blanc" in page
    assert browser.get("/v1/model").status_code == 200
    assert browser.get("/signin", follow_redirects=False).status_code == 303
    out = browser.post(
        "/signout", data={"csrf_token": Page(page).fields["csrf_token"]}, follow_redirects=False
    )
    assert (out.status_code, out.headers["location"]) == (303, "/signin")
    assert browser.get("/", follow_redirects=False).status_code == 303


def test_link_from_the_crm_asks_again_for_the_cookie(browser: TestClient) -> None:
    path = "/signin?to=%2Fleads%2FL1%3Fpanel%3D1&panel=1"
    asked = browser.get(path, headers={"sec-fetch-site": "cross-site"}).text
    assert (
        '<meta http-equiv="refresh" content="0;url=/signin?to=%2Fleads%2FL1%3Fpanel%3D1&amp;panel=1">'
        in asked
    )
    for site in ("same-origin", "none"):
        assert "http-equiv" not in browser.get(path, headers={"sec-fetch-site": site}).text


def test_wrong_key_is_asked_for_again_and_not_repeated(browser: TestClient) -> None:
    token = Page(browser.get("/signin").text).fields["csrf_token"]
    answer = browser.post(
        "/signin", data={"csrf_token": token, "key": "canary", "name": HOSTILE, "to": HOSTILE}
    )
    assert answer.status_code == 401
    assert "canary" not in answer.text
    page = Page(answer.text)
    assert page.faults == []
    assert page.fields["to"] == "/"
    assert SESSION_COOKIE not in browser.cookies


def test_key_of_a_program_opens_no_page(browser: TestClient) -> None:
    assert sign_in(browser, "program") == 403
    assert SESSION_COOKIE not in browser.cookies


def test_guessing_is_limited(browser: TestClient) -> None:
    statuses = [sign_in(browser, f"guess {number}") for number in range(FAILURES_AT_ONCE + 1)]
    assert statuses == [401] * FAILURES_AT_ONCE + [429]
    assert sign_in(browser, "full") == 429


def test_signing_in_needs_the_form_of_this_service(browser: TestClient) -> None:
    assert browser.post("/signin", data={"key": "full"}, follow_redirects=False).status_code == 403
    assert SESSION_COOKIE not in browser.cookies


@pytest.mark.parametrize("cookie", ["", "x", "a.b", "..", "%00", "e30.e30", "[1].x", "a" * 5_000])
def test_made_up_cookie_is_no_session(browser: TestClient, cookie: str) -> None:
    browser.cookies.set(SESSION_COOKIE, cookie)
    assert browser.get("/", follow_redirects=False).status_code == 303
    assert browser.get("/v1/model").status_code == 401


def test_read_only_person_is_told_apart(browser: TestClient) -> None:
    assert sign_in(browser, "reader", name="Ann") == 303
    page = browser.get("/").text
    assert "Ann" in page
    refused = browser.post("/v1/events", json={"events": []})
    assert refused.status_code == 401, "a session changes nothing through the API"


def test_hostile_name_stays_a_text(browser: TestClient) -> None:
    assert sign_in(browser, "full", name=HOSTILE + "\r\nset-cookie: a=b") == 303
    page = browser.get("/")
    assert Page(page.text).faults == []
    assert "a" not in browser.cookies


def test_unnamed_person_is_shown_by_the_label_of_the_key(browser: TestClient) -> None:
    assert sign_in(browser, "reader") == 303
    label = sha256(b"reader").hexdigest()[:8]
    assert f"key {label}" in browser.get("/").text


def test_without_keys_there_is_nothing_to_sign_in_for(tmp_path: Path) -> None:
    open_browser = caller(service(tmp_path)[0], **HTML)
    answer = open_browser.get("/signin?to=/model", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/model")
    page = open_browser.get("/").text
    assert "No keys are set" in page
    assert "/signout" not in page


def test_frame_of_who_is_not_signed_in_shows_no_navigation(browser: TestClient) -> None:
    page = browser.get("/signin")
    assert page.status_code == 200
    assert "<nav" not in page.text
    assert "model 7" not in page.text
