"""The faults of funnel.toml: readers that note one and go on with a default."""

import difflib
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from history.config.config import CONFIG_FILE

LARGEST: Final = sys.float_info.max  # TOML's integers are unbounded


class Faults:
    """The faults found so far, and readers that add one and return a default when a value has the wrong form."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, key: str, fault: str) -> None:
        self.messages.append(f"{CONFIG_FILE}: {key} {fault}")

    def unknown(self, prefix: str, keys: Iterable[str], known: Iterable[str]) -> None:
        for key in sorted(set(keys) - set(known)):
            near = difflib.get_close_matches(key, list(known), 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            self.add(f"{prefix}{key}", f"is not a known key{hint}")

    def table(self, source: Mapping[str, Any], key: str, prefix: str = "") -> dict[str, Any]:
        value = source.get(key, {})
        if isinstance(value, dict):
            return value
        self.add(f"[{prefix}{key}]", f"must be a table, got {value!r}")
        return {}

    def text(self, source: Mapping[str, Any], key: str, default: str | None) -> str | None:
        value = source.get(key, default)
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self.add(key, f"must be a non-empty text, got {value!r}")
        return default

    def texts(self, source: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = source.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.add(key, f"must be a list of non-empty texts, got {value!r}")
            return ()
        if repeated := sorted({item for item in value if value.count(item) > 1}):
            self.add(key, f"names {', '.join(repeated)} more than once")
        return tuple(dict.fromkeys(value))

    def number(self, key: str, value: object, highest: float = float("inf")) -> float | None:
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and 0 <= value <= min(highest, LARGEST)
        ):
            return float(value)
        expected = "a number of at least 0" if highest == float("inf") else f"a number from 0 to {highest:g}"
        self.add(key, f"must be {expected}, got {value!r}")
        return None
