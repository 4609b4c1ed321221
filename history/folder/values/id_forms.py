"""Ids of leads in other forms: what spreadsheets and exports make of an id, matched if one lead alone is meant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import repeat
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints, Mask
from history.folder.tables.raw_table import RawTable
from history.folder.values.columns import texts
from history.history import Factor

# 1.2E+10 of a spreadsheet, 1.2e+16 of a program: the digits behind are lost.
ROUNDED: Final = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+\d{2,3}", re.ASCII)
WITH_POINT_ZERO: Final = re.compile(r"(\d+)\.0+", re.ASCII)
LIST_MARK: Final = re.compile(r"[;,|\n]")
LIST_FRAME: Final = "[]{}() \t"

# The short form of Salesforce tells records apart by case; three more characters check it.
SHORT_LENGTH: Final = 15
LONG_LENGTH: Final = 18
SHORT_ID: Final = re.compile(r"[0-9a-zA-Z]{15}")
CHECK_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

NOT_SPLIT: Final = ("leads", "outcomes")  # an amount for several leads would count for each


def long_id(text: str) -> str:
    """The 18 characters of a Salesforce id of 15; any other text as it is."""
    if len(text) != SHORT_LENGTH or not SHORT_ID.fullmatch(text):
        return text
    checks = ""
    for start in range(0, SHORT_LENGTH, 5):
        capitals = sum(1 << place for place in range(5) if "A" <= text[start + place] <= "Z")
        checks += CHECK_LETTERS[capitals]
    return text + checks


class IdForms:
    """The ids of leads, by the forms in which other tables may write them."""

    def __init__(self, code_of: Mapping[str, int]) -> None:
        """code_of: the index of each lead's id."""
        self._code_of = code_of

    def code(self, text: str) -> int:
        """The index of the one lead that a text means, in the same or another form; -1 for none or several."""
        code = self._code_of.get(text)
        if code is not None:
            return code
        if "." in text and (match := WITH_POINT_ZERO.fullmatch(text)) is not None:
            return self._code_of.get(match[1], -1)
        if len(text) == SHORT_LENGTH:
            return self._code_of.get(long_id(text), -1)
        if len(text) == LONG_LENGTH and long_id(text[:SHORT_LENGTH]) == text:
            return self._code_of.get(text[:SHORT_LENGTH], -1)
        return self._of_point_zero.get(text, -1)

    def codes(self, cells: Sequence[str]) -> tuple[Ints, Mask]:
        """`code` of each cell (n,), and whether it is the lead's id as it stands; fast where most are."""
        codes = np.fromiter(map(self._code_of.get, cells, repeat(-1)), np.int64, len(cells))
        is_exact = codes >= 0
        for place in np.flatnonzero(~is_exact).tolist():
            codes[place] = self.code(cells[place])
        return codes, is_exact

    def differs_by_case(self, text: str) -> bool:
        """True for a text that is a lead's id but for case or outer blanks."""
        return text.strip().casefold() in self._folded

    def differs_by_zeros(self, text: str) -> bool:
        """True for digits that are a lead's id but for leading zeros."""
        return text.isdecimal() and text.lstrip("0") in self._without_zeros

    def parts(self, text: str) -> list[str] | None:
        """The ids in a cell that lists several, of which one is a lead's at least; None for any other text."""
        if text in self._code_of or LIST_MARK.search(text) is None:
            return None
        parts = [part.strip(" \t\"'") for part in LIST_MARK.split(text.strip(LIST_FRAME))]
        ids = list(dict.fromkeys(part for part in parts if part))
        return ids if any(self.code(part) >= 0 for part in ids) else None

    @cached_property
    def _of_point_zero(self) -> dict[str, int]:
        """Leads whose ids are written as 123.0, by 123."""
        ids = (
            (match[1], code)
            for text, code in self._code_of.items()
            if (match := WITH_POINT_ZERO.fullmatch(text))
        )
        return _unambiguous(ids)

    @cached_property
    def _folded(self) -> set[str]:
        return {text.strip().casefold() for text in self._code_of}

    @cached_property
    def _without_zeros(self) -> set[str]:
        return {text.lstrip("0") for text in self._code_of if text.isdecimal()}


def _unambiguous(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    codes: dict[str, int] = {}
    for text, code in pairs:
        codes[text] = -1 if text in codes else code
    return codes


def is_rounded(text: str) -> bool:
    """True for a number of few digits and an exponent, as a spreadsheet writes a long id."""
    return "+" in text and ROUNDED.fullmatch(text) is not None


def has_no_lists(ids: pa.Array) -> bool:
    """True for a column of texts of which no cell has a mark between ids."""
    cells = ids.dictionary if pa.types.is_dictionary(ids.type) else ids
    if not pa.types.is_string(cells.type):
        return False
    return not pc.any(pc.match_substring_regex(cells, LIST_MARK.pattern)).as_py()


def split_lists(raw: RawTable, forms: IdForms) -> RawTable:
    """The table with a row for each id of a cell that lists several; the same one if no cell does."""
    if raw.name in NOT_SPLIT or has_no_lists(raw.columns["lead_id"]):
        return raw
    ids = texts(raw.columns["lead_id"])
    parts_of: dict[int, list[str]] = {}
    for code, text in enumerate(ids.values):
        if (parts := forms.parts(text)) is not None:
            parts_of[code] = parts
    if not parts_of:
        return raw
    part_count = np.ones(len(ids.values) + 1, dtype=np.int64)
    for code, parts in parts_of.items():
        part_count[code] = len(parts)
    rows = np.repeat(np.arange(len(raw)), part_count[ids.codes])
    is_split = np.isin(ids.codes, list(parts_of))[rows]
    is_first = np.diff(rows, prepend=-1) > 0
    columns = {name: array.take(pa.array(rows)) for name, array in raw.columns.items()}
    columns["lead_id"] = _single_ids(ids, parts_of, rows, is_split)
    added = len(rows) - len(raw)
    return replace(
        raw,
        columns=columns,
        row_numbers=np.asarray(raw.row_numbers)[rows],
        is_split=is_split & is_first,
        added=added,
    )


def _single_ids(ids: Factor, parts_of: Mapping[int, Sequence[str]], rows: Ints, is_split: Mask) -> pa.Array:
    """One id for each of `rows`, of which those that follow each other have the parts of one cell."""
    code_of = {text: code for code, text in enumerate(ids.values)}
    first = np.zeros(len(ids.values) + 1, dtype=np.int64)
    part_codes: list[int] = []
    for code, parts in parts_of.items():
        first[code] = len(part_codes)
        part_codes += [code_of.setdefault(part, len(code_of)) for part in parts]
    codes = ids.codes[rows].astype(np.int32)
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    codes[is_split] = np.array(part_codes, dtype=np.int32)[(first[codes] + place)[is_split]]
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=codes < 0), pa.array(list(code_of), pa.string())
    )
