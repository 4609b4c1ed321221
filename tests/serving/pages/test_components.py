"""Macros of the templates: valid markup for any text and for figures at their limits."""

from datetime import UTC
from typing import Any

import pytest
from jinja2 import UndefinedError

from serving.pages.rendering import environment
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import HOSTILE

CALLS = {
    "notice": '{% call notice("error") %}{{ x }}{% endcall %}',
    "panel": '{% call panel(x, "id") %}{{ x }}{% endcall %}',
    "card": "{{ card(x, x, x) }}{{ card(x, x) }}",
    "empty": "{% call empty(x) %}{{ x }}{% endcall %}",
    "grade": "{{ grade(x) }}{{ grade('A') }}{{ grade(none) }}",
    "tag": "{{ tag(x) }}",
    "chip": "{{ chip(x, x) }}",
    "chance": "{{ chance(0.0, 0.0, 0.0) }}{{ chance(1.0, 1.0, 1.0) }}{{ chance(none, none, none) }}",
    "interval_bar": "{{ interval_bar(0.5, none, none) }}",
    "change": "{{ change(0.2) }}{{ change(-3.7) }}{{ change(none) }}",
    "sparkline": "{{ sparkline([0.2, 0.2], 0) }}{{ sparkline([], none) }}{{ sparkline([0.1], 4) }}",
    "waterfall_row": '{{ waterfall_row(x, x, 0.2, 0.2, x, "up") }}{{ waterfall_row(x, "", 0, 1, x, "base") }}',
    "timeline_entry": "{{ timeline_entry(x, x, x) }}{{ timeline_entry(x, x) }}",
    "bar": "{{ bar(0.0) }}{{ bar(1.0, 0.5) }}",
    "csrf_field": "{{ csrf_field() }}",
    "button": '{{ button(x, "primary", "phone") }}{{ button(x) }}',
    "link_button": '{{ link_button(x, x, "", "mail") }}',
    "menu": '{% call menu(x, "end") %}{{ x }}{% endcall %}',
    "search_field": "{{ search_field(x, x) }}{{ search_field(x, none) }}",
    "sort_heading": '{{ sort_heading(x, x, "ascending", "number") }}{{ sort_heading(x, x) }}',
}


def rendered(name: str, language: str = "en", **values: Any) -> str:
    source = f'{{% from "components.html" import {name} with context %}}{CALLS[name]}'
    return environment(language, UTC).from_string(source).render(csrf_token="t", **values)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_macro_is_valid_for_hostile_text(name: str, language: str) -> None:
    text = rendered(name, language, x=HOSTILE)
    page = Page(text)
    assert page.faults == []
    assert page.open_tags == []
    assert "<img" not in text


@pytest.mark.parametrize(("points", "kind"), [(0.4, "flat"), (9.2, "up"), (-0.5, "flat"), (-0.6, "down")])
def test_change_has_its_colour(points: float, kind: str) -> None:
    source = '{% from "components.html" import change with context %}{{ change(x) }}'
    assert f'class="change {kind}"' in environment("en", UTC).from_string(source).render(x=points)


def test_bar_stays_inside_its_frame() -> None:
    for value in (0.0, 0.004, 0.5, 1.0):
        source = '{% from "components.html" import interval_bar with context %}{{ interval_bar(v, v, v) }}'
        text = environment("en", UTC).from_string(source).render(v=value)
        place = float(text.split('class="mark" x="')[1].split('"')[0])
        assert 0 <= place <= 118


def test_unknown_icon_is_an_error() -> None:
    source = '{% from "icons.html" import icon %}{{ icon("nothing") }}'
    with pytest.raises(UndefinedError):
        environment("en", UTC).from_string(source).render()


def test_icon_is_a_picture_with_a_name_or_none() -> None:
    source = '{% from "icons.html" import icon %}{{ icon("phone", x) }}{{ icon("x") }}'
    text = environment("en", UTC).from_string(source).render(x=HOSTILE)
    assert Page(text).faults == Page(text).open_tags == []
    assert text.count('role="img"') == text.count('aria-hidden="true"') == 1
