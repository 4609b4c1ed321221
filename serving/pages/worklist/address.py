"""The address of a worklist: the query that links, forms and saved views keep, without the place in the list."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

FILTERS: Final = ("grade", "stage", "owner", "source", "attention")
# In this order in every address; a cursor is not among them: every change begins at the first lead.
KEYS: Final = ("order", "reverse", *FILTERS, "q", "snoozed", "capacity", "limit")
DEFAULT_ORDER: Final = "expected_revenue"


@dataclass(frozen=True)
class Address:
    """The query of a page: the texts of each key, without empty ones and defaults."""

    texts: Mapping[str, tuple[str, ...]]

    def query(self, **changes: str | Sequence[str] | None) -> str:
        """The query string with some keys changed; None removes one."""
        texts = {**self.texts, **{key: _texts(value) for key, value in changes.items()}}
        pairs = [(key, text) for key in (*KEYS, "cursor") for text in texts.get(key, ())]
        pairs = [pair for pair in pairs if pair != ("order", DEFAULT_ORDER)]
        return urlencode(pairs)

    def link(self, **changes: str | Sequence[str] | None) -> str:
        """The path with some keys changed; None removes one."""
        query = self.query(**changes)
        return f"/?{query}" if query else "/"

    def without(self, key: str, text: str) -> str:
        """The path without one value of a key."""
        return self.link(**{key: [other for other in self.texts.get(key, ()) if other != text]})

    def fields(self, *left_out: str) -> Iterator[tuple[str, str]]:
        """Key and text of each hidden field of a form that sets the keys left out."""
        return ((key, text) for key in KEYS if key not in left_out for text in self.texts.get(key, ()))

    def one(self, key: str, default: str = "") -> str:
        """The text of a key that occurs once."""
        return self.texts.get(key, (default,))[0]

    @property
    def is_filtered(self) -> bool:
        """True if not all leads are shown."""
        return any(self.texts.get(key) for key in (*FILTERS, "q", "snoozed"))


def address_of(values: Mapping[str, Any]) -> Address:
    """The address of a query as its readers gave it."""
    texts = {key: _texts(values.get(key)) for key in KEYS}
    return Address({key: kept for key, kept in texts.items() if kept})


def _texts(value: Any) -> tuple[str, ...]:
    if value is None or value is False or value == "":
        return ()
    if value is True:
        return ("true",)
    return tuple(value) if isinstance(value, list | tuple) else (str(value),)
