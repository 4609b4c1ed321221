"""Texts of an attribute: what one says alone, again, or among others is the same."""

from itertools import chain
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.attributes.parsing import BOOLEAN, CATEGORY, DATE, NUMBER, SET, category_key
from features.attributes.readings import MOST_DATES, MOST_KEPT, Readings, TextReader

TEXTS = {
    CATEGORY: ["Web", "web ", "rare"],
    NUMBER: ["1.5", "1,5", "x"],
    BOOLEAN: ["yes", "0", "perhaps"],
    DATE: ["2026-03-31", "2026-03-31T23:30:00Z", "soon"],
    SET: ["erp;bi", "bi", "other"],
}


def reader(kind: str) -> TextReader:
    codes = {"erp": 2, "bi": 3} if kind == SET else {"web": 2}
    return TextReader(
        kind,
        category_key,
        codes,
        (0.0, 0.0, 0.7, 0.2),
        ";" if kind == SET else "",
        (),
        ZoneInfo("Europe/Berlin"),
    )


def columns(readings: Readings) -> list[list[object]]:
    return [[None if value != value else value for value in column] for column in readings]


@pytest.mark.parametrize("kind", TEXTS)
def test_texts_together_say_what_each_says_alone(kind: str) -> None:
    of_kind = reader(kind)
    alone = [columns(of_kind.read([text])) for text in TEXTS[kind]]
    again = [columns(of_kind.read([text])) for text in TEXTS[kind]]
    assert alone == again
    for texts, each in ((TEXTS[kind], alone), (TEXTS[kind] * MOST_DATES, alone * MOST_DATES)):
        assert columns(reader(kind).read(texts)) == [list(chain(*parts)) for parts in zip(*each, strict=True)]


def test_readings_are_those_of_their_kind() -> None:
    assert columns(reader(CATEGORY).read(["Web"])) == [[2], [0.7], [None], ["web"], [0], []]
    assert columns(reader(CATEGORY).read(["rare"]))[:2] == [[1], [0.0]]
    assert columns(reader(SET).read(["erp;bi"]))[4:] == [[2], [0, 1]]
    date = columns(reader(DATE).read(["2026-03-31"]))
    assert date[1:3] == [[1.0], [13.0]]  # a Tuesday of the 13th week


def test_no_more_readings_are_kept_than_allowed() -> None:
    numbers = reader(NUMBER)
    for i in range(MOST_KEPT + 10):
        numbers.read([str(i)])
    assert len(numbers.kept) <= MOST_KEPT
    assert np.array(numbers.read(["7"]).value).tolist() == [7.0]
