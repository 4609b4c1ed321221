"""Query strings of the service: known keys are checked, all problems told at once, unknown keys ignored."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from serving.base.limits import MAX_TEXT
from serving.base.problems import error, invalid

DEFAULT_REASONS = 5
MAX_QUERY = 8_192

Reader = Callable[[str], Any]


class Unreadable(ValueError):
    """What a query value should have been."""


@lru_cache(maxsize=256)
def query_texts(raw: bytes) -> Mapping[str, tuple[str, ...]]:
    """The values of each key of a query string; raises Problem 422 for one that is not UTF-8 or far too long."""
    if len(raw) > MAX_QUERY:
        raise invalid([error(["query"], f"longer than {MAX_QUERY} bytes")])
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise invalid([error(["query"], "not a query string of UTF-8 keys and values")]) from None
    found: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        found[key] = (*found.get(key, ()), value)
    return found


def read_query(raw: bytes, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The known keys that are given, each read by its reader; raises Problem 422 with all that cannot be read."""
    texts = query_texts(raw)
    values: dict[str, Any] = {}
    errors = []
    for key, reader in readers.items():
        given = texts.get(key)
        if given is None:
            continue
        try:
            if len(given) > 1:
                raise Unreadable("given twice")
            if "\0" in given[0]:
                raise Unreadable("contains NUL")
            values[key] = reader(given[0])
        except Unreadable as problem:
            errors.append(error(["query", key], str(problem)))
    if errors:
        raise invalid(errors)
    return values


def read_reasons(text: str) -> int | None:
    """How many reasons: a whole number, or None for `all`."""
    if text == "all":
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 4:
        return int(text)
    raise Unreadable("expected a whole number from 0 to 9999, or all")


def read_flag(text: str) -> bool:
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise Unreadable("expected true or false")


def read_text(text: str) -> str:
    return text


def read_short(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Unreadable(f"longer than {MAX_TEXT} characters")
    return text


def read_filter(text: str) -> str | None:
    """A text to compare with; None for an empty one, which lets everything through."""
    return read_short(text) or None


def one_of(names: Iterable[str]) -> Reader:
    """A reader of one of the names."""
    known = tuple(names)

    def read(text: str) -> str:
        if text not in known:
            raise Unreadable(f"expected {', '.join(known)}")
        return text

    return read


def whole_number(least: int, most: int) -> Reader:
    """A reader of a whole number from least (at least 0) to most, in ASCII digits and no more of them than most has."""

    def read(text: str) -> int:
        if text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most:
            return int(text)
        raise Unreadable(f"expected a whole number from {least} to {most}")

    return read


@dataclass(frozen=True)
class ScoreQuery:
    """as_of is still text: what a date means depends on the model's time zone."""

    as_of: str | None = None
    reasons: int | None = DEFAULT_REASONS
    flat: bool = False


_SCORE_READERS: dict[str, Reader] = {"as_of": read_text, "reasons": read_reasons, "flat": read_flag}


@lru_cache(maxsize=256)
def score_query(raw: bytes) -> ScoreQuery:
    return ScoreQuery(**read_query(raw, _SCORE_READERS))
