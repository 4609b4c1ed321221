"""Every figure of an API's answer as pages may write it, and the figures of a page that are none of these."""

import html
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from serving.pages.words.formats import Formats

COHORT_AGES = {str(30 * k) for k in range(1, 25)}  # days, the columns of the cohorts
_FIGURE = re.compile(r"[\u2212+]?\d[\d.,]*\d|\d")


def figures_of(answer: Any, language: str, currency: str | None) -> set[str]:
    """The numbers of every value in the answer, in every way in which pages write one."""
    formats = Formats(language)
    figures: set[str] = set()
    for value in _values(answer):
        for text in _written(value, formats, currency):
            figures.update(_FIGURE.findall(text))
    return figures | {figure.lstrip("+\u2212") for figure in figures}


def unknown_figures(page: str, known: set[str]) -> list[str]:
    """The figures in what a page shows that no value of the answer gives."""
    main = page[page.index("<main") : page.index("</main>")]
    words = html.unescape(re.sub(r"<[^>]*>", " ", main))
    fixed = {str(n) for n in range(32)} | {"80", "90"} | COHORT_AGES  # of texts, days and intervals
    found = (figure.lstrip("+\u2212") for figure in _FIGURE.findall(words))
    return sorted({figure for figure in found if figure not in known | fixed})


def _values(answer: Any) -> Iterator[Any]:
    """Every value, and the length of every list."""
    if isinstance(answer, dict):
        for value in answer.values():
            yield from _values(value)
    elif isinstance(answer, list):
        yield len(answer)
        for value in answer:
            yield from _values(value)
    elif answer is not None and not isinstance(answer, bool):
        yield answer


def _written(value: Any, formats: Formats, currency: str | None) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if re.match(r"\d{4}-\d\d-\d\d", value):
            yield from (formats.moment(value), formats.day(value), formats.month(value))
            yield str((date.fromisoformat(value[:10]).month + 2) // 3)
        return
    yield from (formats.number(value), formats.number(100 * value), formats.percent(value))
    yield from (formats.measure(value), formats.tenths(value), formats.wins(value))
    yield from (formats.whole(value), formats.points(value), formats.points(100 * value))
    yield from (formats.money(value, currency), formats.short_money(value, currency))
