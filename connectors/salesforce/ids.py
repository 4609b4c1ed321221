"""Ids of Salesforce: 15 characters tell records apart, three more check their capitals."""

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.folder.values.id_forms import CHECK_LETTERS, SHORT_LENGTH

ID_LENGTH: Final = SHORT_LENGTH
OPPORTUNITY_PREFIX: Final = "006"
ID: Final = re.compile(r"^[0-9a-zA-Z]{15}([A-Z0-5]{3})?$")
# Key prefixes that Salesforce gives to its own objects; a custom object's begins with "a".
REFERENCE: Final = re.compile(
    r"^(00[1-9A-Z]|01[0-9A-Z]|500|701|80[0-9]|a[0-9a-zA-Z]{2})[0-9a-zA-Z]{12}([A-Z0-5]{3})?$"
)


def keys(array: pa.Array) -> pa.Array:
    """The part of each id that tells records apart: the first 15 of 15 or 18 characters, other ids as they are."""
    length = pc.utf8_length(array)
    return pc.if_else(pc.equal(length, ID_LENGTH + 3), pc.utf8_slice_codeunits(array, 0, ID_LENGTH), array)


def long_ids(array: pa.Array) -> list[str]:
    """history.folder.values.id_forms.long_id of each value of a column without nulls."""
    short = pc.equal(pc.utf8_length(array), ID_LENGTH)
    short = pc.and_(short, pc.match_substring_regex(array, ID.pattern))
    rows = np.flatnonzero(short.to_numpy(zero_copy_only=False))
    texts: list[str] = array.to_pylist()
    if not len(rows):
        return texts
    joined = "".join(array.take(pa.array(rows)).to_pylist()).encode("ascii")
    letters = np.frombuffer(joined, dtype=np.uint8).reshape(len(rows), 3, 5)
    capitals = (letters >= ord("A")) & (letters <= ord("Z"))
    checks = np.array(list(CHECK_LETTERS))[(capitals << np.arange(5)).sum(axis=2)]
    for row, check in zip(rows.tolist(), checks.tolist(), strict=True):
        texts[row] += "".join(check)
    return texts


def is_reference(value: str | None) -> bool:
    """Whether a text is the id of a record."""
    return value is not None and REFERENCE.match(value) is not None


def are_references(array: pa.Array) -> bool:
    """Whether every value is an id of another record."""
    values = array.drop_null()
    return len(values) > 0 and all(is_reference(text) for text in values.to_pylist())
