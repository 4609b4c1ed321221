"""What a page shows, as a reader reads it: tables by column, cards, and figures as numbers of a printed precision."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder

from starlette.testclient import TestClient

from tests.builders.pages.html_page import VOID_TAGS

HEADINGS = ("h1", "h2", "h3", "figcaption")
_FIGURE = re.compile(
    r"(?<![\w.,])([\u2212+]?)(?:€ )?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(?: ?(%|M\b))?(?!\w)"
)
_UNITS = {"%": 0.01, "M": 1e6, "": 1.0}
ENGLISH = {"accept-language": "en", "accept": "text/html"}
INTERVAL = 0.8  # of every interval of scores and forecasts, named before its bounds: "80 % interval: ..."
NOISE = 1e-9  # of sums of binary fractions


class _Builder(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self._tree = TreeBuilder()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tree.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID_TAGS:
            self._tree.end(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID_TAGS:
            self._tree.end(tag)

    def handle_endtag(self, tag: str) -> None:
        self._tree.end(tag)

    def handle_data(self, data: str) -> None:
        self._tree.data(data)


def main_of(page: str) -> Element:
    """The tree of a page's <main>; pages are well nested (test_pages.py)."""
    start = page.index("<main")
    builder = _Builder(page[start : page.index("</main>") + len("</main>")])
    return builder._tree.close()


def page_of(client: TestClient, path: str) -> Element:
    """The main part of a page in English."""
    answer = client.get(path, headers=ENGLISH)
    assert answer.status_code == 200, answer.text
    return main_of(answer.text)


def answer_of(client: TestClient, path: str) -> Any:
    """The API's answer for the query of a page."""
    answer = client.get(f"/v1{path}", headers={"accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def words(node: Element | None) -> str:
    """The text of a part with single spaces, one between elements; "" for a part that is not there."""
    return "" if node is None else " ".join(" ".join(node.itertext()).split())


def classed(node: Element, name: str) -> list[Element]:
    """The parts of a class, in the order of the page."""
    return [part for part in node.iter() if name in part.get("class", "").split()]


def part(node: Element, place: str) -> Element:
    """The part with an id."""
    return next(found for found in node.iter() if found.get("id") == place)


@dataclass(frozen=True)
class Table:
    """A table under its heading: each row by the words of its columns, the cells themselves beside."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Element]]

    def texts(self) -> list[Mapping[str, str]]:
        """Each row by column."""
        return [dict(zip(self.columns, map(words, row), strict=True)) for row in self.rows]


def tables(node: Element) -> list[Table]:
    """The tables of a part, each with the last heading before it."""
    return list(_tables(node))


def _tables(node: Element) -> Iterator[Table]:
    heading = ""
    for here in node.iter():
        if here.tag in HEADINGS:
            heading = words(here)
        elif here.tag == "table":
            head, body = here.find("thead/tr"), here.findall("tbody/tr")
            assert head is not None
            yield Table(heading, [words(cell) for cell in head], [list(row) for row in body])


def table(node: Element, heading: str) -> Table:
    """The table under a heading; one that is split in two, for its first and its other rows, as one."""
    same = [found for found in tables(node) if found.heading == heading]
    assert same, f"no table under {heading}: {[found.heading for found in tables(node)]}"
    return Table(heading, same[0].columns, [row for found in same for row in found.rows])


def cards(node: Element) -> dict[str, tuple[str, str]]:
    """The cards by their label: value and note."""
    return {
        words(card.find("h2")): (words(card.find("p[@class='big']")), words(card.find("p[@class='quiet']")))
        for card in classed(node, "card")
    }


@dataclass(frozen=True)
class Figure:
    """A number as it was read, and half a unit of its last digit."""

    value: float
    half: float


def figures(text: str) -> list[Figure]:
    """The numbers of an English text; "12 %" is 0.12, "1.92 M" is 1,920,000."""
    found = []
    for sign, whole, fraction, unit in _FIGURE.findall(text.replace("\u00a0", " ")):
        number = float(whole.replace(",", "") + "." + (fraction or "0"))
        scale = _UNITS[unit]
        half = 0.5 * 10 ** -len(fraction) * scale
        found.append(Figure((-number if sign == "\u2212" else number) * scale, half))
    return found


def differences(text: str, *values: float | None) -> list[str]:
    """What a text shows otherwise than the values, None being nothing; each within the precision of its figure."""
    expected = [value for value in values if value is not None]
    shown = figures(text)
    if len(shown) != len(expected):
        return [f"{text!r} has {len(shown)} figures, expected {expected}"]
    pairs = zip(shown, expected, strict=True)
    return [
        f"{text!r} shows {figure.value}, expected {value}"
        for figure, value in pairs
        if abs(figure.value - value) > figure.half + NOISE * max(1.0, abs(value))
    ]


Values = Callable[[Mapping[str, Any]], Sequence[float | None]]


def table_differences(
    shown: Table, records: Sequence[Mapping[str, Any]], columns: Mapping[str, Values]
) -> list[str]:
    """What a table shows otherwise than the records, one a row; columns give the numbers of their cells.

    Columns of texts and pictures are not named. Columns of the same name are told apart by `#2`.
    """
    if len(shown.rows) != len(records):
        return [f"{shown.heading} has {len(shown.rows)} rows, expected {len(records)}"]
    places = numbered(shown.columns)
    found = []
    for row, record in zip(shown.rows, records, strict=True):
        for name, values in columns.items():
            faults = differences(words(row[places[name]]), *values(record))
            found += [f"{shown.heading}, {words(row[0])}, {name}: {fault}" for fault in faults]
    return found


def numbered(names: Sequence[str]) -> dict[str, int]:
    """The place of each name, the second of the same name under `name#2`."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        count = 1 + sum(1 for other in names[:place] if other == name)
        places[name if count == 1 else f"{name}#{count}"] = place
    return places
