"""Ids of records: several in one cell, whole numbers that became decimal, merged records under their survivor."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints, Mask

SEPARATORS: Final = re.compile(r"[\s;,|\[\]\"']+")
# Words that stand for no id, in exports and in the calls of faulty tracking code.
NO_IDS: Final = (
    "null", "nil", "none", "undefined", "nan", "unknown", "anonymous", "guest", "n/a", "na", "true", "false", "0",
    "-1", "[]", "{}", "[object object]", "(not set)", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
ROUNDED: Final = r"^[0-9][.,]?[0-9]*[eE]\+[0-9]+$"
ID_NAME: Final = re.compile(r"(?:^|[_\s]|(?<=[a-z])(?=I))(?:[iI]d|ID)s?$")
DECIMAL: Final = r"^([0-9]+)\.0+$"  # a spreadsheet's or a data frame's form of a whole number


def are_no_ids(ids: pa.Array) -> Mask:
    """Which texts (n,) stand for no id: usual words, and signs without a letter or digit."""
    is_word = pc.is_in(pc.utf8_lower(ids), value_set=pa.array(NO_IDS))
    is_sign = pc.invert(pc.match_substring_regex(ids, r"[\pL\pN]"))
    return np.asarray(pc.fill_null(pc.or_(is_word, is_sign), False).to_numpy(zero_copy_only=False))


def are_rounded(ids: pa.Array) -> Mask:
    """Which ids (n,) a spreadsheet has rounded to 2.19E+10: their last digits are lost."""
    rounded = pc.fill_null(pc.match_substring_regex(ids, ROUNDED), False)
    return np.asarray(rounded.to_numpy(zero_copy_only=False))


def is_id_name(name: str) -> bool:
    """Whether a field's name says that it holds ids: id, OpportunityId, deal_id, Record ID."""
    return ID_NAME.search(name) is not None


def whole_ids(ids: pa.Array) -> pa.Array:
    """The ids, 123.0 as 123."""
    return pc.replace_substring_regex(ids, DECIMAL, r"\1")


def ids_in_cell(text: str | None) -> list[str]:
    """The ids of one cell: "1;2", '["1", "2"]', or "1:1571234567890;2:1571234567891" with times."""
    parts = (part.partition(":")[0] for part in SEPARATORS.split(text or ""))
    return [re.sub(DECIMAL, r"\1", part) for part in parts if part]


@dataclass(frozen=True)
class Ids:
    """The ids of the leads (n,), and the survivor of each merged one."""

    own: Sequence[str]
    survivors: Mapping[str, str]

    def places(self, array: pa.Array) -> Ints:
        """The place of each id's lead, that of the survivor for a merged one; -1 without a lead."""
        by_id = {id_: place for place, id_ in enumerate(self.own)}
        merged = {old: by_id[new] for old, new in self.survivors.items() if new in by_id and old not in by_id}
        known = pa.array([*by_id, *merged], pa.string())
        place = np.array([*by_id.values(), *merged.values(), -1], dtype=np.int64)
        found = pc.fill_null(pc.index_in(whole_ids(array), value_set=known), len(place) - 1)
        return np.asarray(place[found.to_numpy(zero_copy_only=False)])


def survivors_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Merged id -> the last survivor, through chains of merges; (merged, survivor) pairs in any order."""
    direct = {old: new for old, new in pairs if old != new}
    final: dict[str, str] = {}
    for old in direct:
        seen, new = {old}, direct[old]
        while new in direct and new not in seen:
            seen.add(new)
            new = direct[new]
        final[old] = new
    return {old: new for old, new in final.items() if old != new}


def earliest(us: Ints, ids: Sequence[str], survivors: Mapping[str, str], times: Mapping[str, int]) -> Ints:
    """When each record (n,), or the first of those merged into it, was created; times: of merged ids, if known."""
    place = {id_: row for row, id_ in enumerate(ids)}
    first = us.copy()
    for old, new in survivors.items():
        if old in times and new in place:
            first[place[new]] = min(first[place[new]], times[old])
    return first
