"""Query strings: every key is checked and all problems are reported at once; tracking keys are passed over."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from serving.base.limits import MAX_TEXT
from serving.base.problems import error, invalid

DEFAULT_REASONS = 5
MAX_QUERY = 8_192  # bytes
MAX_KEYS = 100

# Added to links by campaign tools: utm_source; gclid, fbclid, Microsoft's msclkid; HubSpot's _hsenc.
_TRACKING = re.compile(r"utm_.*|.*clk?id|_hs.*", re.DOTALL)

Reader = Callable[[str], Any]


class InvalidValue(ValueError):
    """A query value that its reader refuses; the message says what it expects."""


@lru_cache(maxsize=256)
def query_texts(raw: bytes) -> Mapping[str, tuple[str, ...]]:
    """The values of each key of a query string; raises Problem 422 if it is too long or not UTF-8."""
    if len(raw) > MAX_QUERY:
        raise invalid([error(["query"], f"longer than {MAX_QUERY} bytes")])
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_KEYS
        )
    except ValueError:
        raise invalid([error(["query"], "not a query string of UTF-8 keys and values")]) from None
    texts: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        texts[key] = (*texts.get(key, ()), value)
    return texts


def read_query(raw: bytes, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The values of a query string, each by the reader of its key; raises Problem 422 with every problem."""
    if not raw:
        return {}
    values: dict[str, Any] = {}
    errors = []
    for key, texts in query_texts(raw).items():
        try:
            if key in readers:
                values[key] = _read(texts, readers[key])
            elif not _TRACKING.fullmatch(key):
                raise InvalidValue(_unknown_key(key, readers))
        except InvalidValue as problem:
            errors.append(error(["query", key], str(problem)))
    if errors:
        raise invalid(errors)
    return values


@dataclass(frozen=True)
class Many:
    """A reader of a key that may be repeated: its values, each by `reader`, once and without those read as None."""

    reader: Reader

    def __call__(self, text: str) -> Any:
        return self.reader(text)


def _read(texts: tuple[str, ...], reader: Reader) -> Any:
    if any("\0" in text for text in texts):
        raise InvalidValue("contains NUL")
    if isinstance(reader, Many):
        values = dict.fromkeys(reader(text) for text in texts)
        return tuple(value for value in values if value is not None)
    if len(texts) > 1:
        raise InvalidValue("given twice")
    return reader(texts[0])


def _unknown_key(key: str, known: Iterable[str]) -> str:
    """The message for an unknown key: the nearest known one, or all of them."""
    keys = list(known)
    if not keys:
        return "unknown key; this call takes none"
    nearest = get_close_matches(key[:MAX_TEXT].lower(), keys, n=1)
    return (
        f"unknown key; did you mean {nearest[0]}?" if nearest else f"unknown key; expected {', '.join(keys)}"
    )


def read_reasons(text: str) -> int | None:
    """Number of reasons, None for `all`."""
    if text == "all":
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 4:
        return int(text)
    raise InvalidValue("expected a whole number from 0 to 9999, or all")


def read_flag(text: str) -> bool:
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise InvalidValue("expected true or false")


def read_text(text: str) -> str:
    return text


def read_short(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise InvalidValue(f"longer than {MAX_TEXT} characters")
    return text


def optional(reader: Reader) -> Reader:
    """A reader of an empty value as None, of others by `reader`: forms send empty fields."""

    def read(text: str) -> Any:
        return reader(text) if text else None

    return read


read_filter = optional(read_short)


def one_of(names: Iterable[str], *, ignore_case: bool = False) -> Reader:
    """A reader of one of the names; the value is the name as spelled here."""
    spelled = {name.casefold() if ignore_case else name: name for name in names}

    def read(text: str) -> str:
        name = spelled.get(text.casefold() if ignore_case else text)
        if name is None:
            raise InvalidValue(f"expected {', '.join(spelled.values())}")
        return name

    return read


def whole_number(least: int, most: int) -> Reader:
    """A reader of a whole number from least (0 or more) to most, in ASCII digits, no longer than `most`."""

    def read(text: str) -> int:
        if text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most:
            return int(text)
        raise InvalidValue(f"expected a whole number from {least} to {most}")

    return read


@dataclass(frozen=True)
class ScoreQuery:
    """as_of stays text: the meaning of a date depends on the model's time zone."""

    as_of: str | None = None
    reasons: int | None = DEFAULT_REASONS
    flat: bool = False


_SCORE_READERS: dict[str, Reader] = {"as_of": read_text, "reasons": read_reasons, "flat": read_flag}


@lru_cache(maxsize=256)
def score_query(raw: bytes) -> ScoreQuery:
    return ScoreQuery(**read_query(raw, _SCORE_READERS))
