"""Templates: in the reader's language, with the frame of every page, harmless for any text."""

from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader
from starlette.testclient import TestClient

from models.bundle import Bundle
from serving.pages.rendering import (
    TEMPLATES,
    CompiledTemplates,
    environment,
    lead_link,
    preparations,
    schema_link,
    section_of,
)
from tests.builders.pages.page_paths import LEAD_PAGE


def test_section_is_that_of_the_path() -> None:
    assert [section_of(path) for path in ("/", "/leads/a%2Fb", "/funnel", "/docs")] == [
        "leads",
        "leads",
        "funnel",
        None,
    ]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-28T01:00:00Z", "today"),
        ("2026-11-27T12:00:00Z", "yesterday"),
        ("2026-11-29", "tomorrow"),
        ("2026-11-23T12:00:00Z", "5 days ago"),
        (None, ""),
    ],
)
def test_time_is_told_from_the_page(moment: str | None, text: str) -> None:
    template = environment("en", UTC).from_string("{{ moment | ago }}")
    assert template.render(moment=moment, as_of="2026-11-28T17:00:00Z") == text


def test_page_is_in_the_language_of_its_reader(client: TestClient) -> None:
    german = client.get("/", headers={"accept-language": "de-DE,de;q=0.9"}).text
    assert '<html lang="de">' in german
    assert "Prognose" in german
    assert "Forecast" in client.get("/", headers={"accept-language": "fr"}).text


def test_frame_marks_the_current_page_and_the_model(client: TestClient, bundle: Bundle) -> None:
    for path in ("/", "/funnel", "/forecast", "/model", LEAD_PAGE):
        page = client.get(path).text
        navigation = page.split("<nav")[1].split("</nav>")[0]
        current = "/" if path == LEAD_PAGE else path
        assert navigation.count("aria-current") == 1
        assert f'<a href="{current}" aria-current="page">' in navigation
        assert f"model {bundle.version}" in page
    assert "aria-current" not in client.get("/docs").text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_link_of_a_lead_is_one_part_of_a_path(lead_id: str) -> None:
    link = lead_link(lead_id)
    assert link.count("/") == 2
    assert unquote(link.removeprefix("/leads/")) == lead_id


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"$ref": "#/components/schemas/Lead"}, '<a href="#schema-Lead">Lead</a>'),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"enum": ["a", "<b>"]}, "a, &lt;b&gt;"),
        ({"const": "won"}, "won"),
        ({}, "anything"),
    ],
    ids=str,
)
def test_schema_is_a_few_words(schema: dict[str, Any], text: str) -> None:
    assert str(schema_link(schema)) == text


def test_prepared_templates_are_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for step in preparations():
        step()
    environment.cache_clear()  # a new time zone has an environment of its own

    def compiled(*_: object, **__: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(Environment, "compile", compiled)
    for path in TEMPLATES.glob("*.html"):
        assert environment("de", UTC).get_template(path.name)


def test_next_start_compiles_no_template_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rendered(folder: Path) -> str:
        one = Environment(loader=FileSystemLoader(tmp_path), bytecode_cache=CompiledTemplates(folder))
        return one.get_template("page.html").render(name="Ada")

    (tmp_path / "page.html").write_text("Call {{ name }}")
    (tmp_path / "taken").write_text("")
    assert rendered(tmp_path / "taken") == "Call Ada"  # where nothing can be written
    assert rendered(tmp_path / "kept") == "Call Ada"
    with monkeypatch.context() as patched:
        patched.delattr(Environment, "compile")
        assert rendered(tmp_path / "kept") == "Call Ada"
    (tmp_path / "page.html").write_text("Write to {{ name }}")
    assert rendered(tmp_path / "kept") == "Write to Ada"
