"""Identity columns: names, e-mail addresses, phone numbers, links and ids, which are shown and never learned.

A guess goes by the values, never by the column's name: a column whose values recur describes leads, such as the e-mail
address of an owner or the link of a landing page.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from history.base.arrays import Ints
from history.config.schema import ACCOUNT

MIN_LEADS: Final = 20  # with a value, for a guess
FITS: Final = 0.9  # share of leads whose value has a form; the rest are typing errors
# A person or a company comes back a few times, an owner or a landing page many times. Measured on simulated columns:
# customers with up to four leads each stay below both bounds, twenty owners of 200 leads above the first.
MOST_LEADS_PER_VALUE: Final = 3.0
OFTEN: Final = 10  # leads with one value
MOST_OFTEN: Final = 0.2  # share of leads whose value is had by OFTEN leads
UNIQUE: Final = 0.8  # share of leads whose value no other lead has
SHORTEST_NUMBER: Final = 9  # digits of an id: shorter whole numbers may be amounts
SAME_LENGTH: Final = 0.95  # share of ids of digits that have one length; amounts have several

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LINK: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+", re.IGNORECASE)
_PHONE: Final = re.compile(
    r"(?:\+|00|0|\()?[0-9][0-9 ().\u00a0/-]{5,24}[0-9](?:\s*(?:x|ext\.?)\s*[0-9]{1,6})?"
)
_PHONE_MARK: Final = re.compile(r"^\+|^0[0-9]|^\([0-9]{1,5}\)|[0-9)] ?- ?[0-9]")
_NOT_PHONE: Final = re.compile(
    r"\([0-9]+\)|[0-9]{1,3}(?:[. \u00a0][0-9]{3})+|[0-9]{4}[./-][0-9]{1,2}[./-][0-9]{1,2}.*"
    r"|[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2})(?:[ T].*)?|[0-9]+-[0-9]+"
)
_LETTER: Final = re.compile(r"[^\W\d_]")
_DIGITS: Final = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True)
class _Form:
    """A form of identity values: what people call them, and the test of one text."""

    name: str
    has: Callable[[str], bool]


def _is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def _is_link(text: str) -> bool:
    return _LINK.fullmatch(text) is not None


def _is_phone(text: str) -> bool:
    """Digits with a mark of phone numbers: a plus sign, a leading zero, brackets, or hyphens between groups."""
    if _PHONE.fullmatch(text) is None or _PHONE_MARK.search(text) is None:
        return False
    return _NOT_PHONE.fullmatch(text) is None


FORMS: Final = (
    _Form("e-mail addresses", _is_email),
    _Form("links", _is_link),
    _Form("phone numbers", _is_phone),
)


def is_account(name: str) -> bool:
    """True for the column of accounts: only what is known of an account's other leads is learned, never its id."""
    return name == ACCOUNT


def contact_form(texts: Sequence[str], counts: Ints) -> str | None:
    """The form of a column of e-mail addresses, links or phone numbers that mostly belong to one lead each.

    counts (texts,): leads with each text. None if the values have another form or recur.
    """
    if not _is_enough(counts) or _recurs(counts):
        return None
    stripped = [text.strip() for text in texts]
    for form in FORMS:
        if _share(counts, [form.has(text) for text in stripped]) >= FITS:
            return form.name
    return None


def number_form(texts: Sequence[str], counts: Ints) -> str | None:
    """ "ids" for a column of long whole numbers of one length, nearly each of one lead."""
    if not _is_enough(counts) or single_share(counts) < UNIQUE:
        return None
    lengths = np.array([len(text) if _DIGITS.fullmatch(text) else 0 for text in texts], dtype=np.int64)
    usual = int(np.argmax(np.bincount(lengths, weights=counts)))
    is_usual = (lengths == usual).tolist()
    return "ids" if usual >= SHORTEST_NUMBER and _share(counts, is_usual) >= SAME_LENGTH else None


def text_form(texts: Sequence[str], counts: Ints) -> str | None:
    """ "texts nearly unique to a lead" for a column of names, titles, notes or ids with letters."""
    if not _is_enough(counts) or single_share(counts) < UNIQUE:
        return None
    has_letter = [_LETTER.search(text) is not None for text in texts]
    return "texts nearly unique to a lead" if _share(counts, has_letter) >= FITS else None


def single_share(counts: Ints) -> float:
    """Share of leads whose value no other lead has: the chance of a value never seen before (Good and Turing)."""
    total = int(counts.sum())
    return int((counts == 1).sum()) / total if total else 0.0


def _is_enough(counts: Ints) -> bool:
    return int(counts.sum()) >= MIN_LEADS


def _recurs(counts: Ints) -> bool:
    total = int(counts.sum())
    often = int(counts[counts >= OFTEN].sum())
    return total > MOST_LEADS_PER_VALUE * int((counts > 0).sum()) or often >= MOST_OFTEN * total


def _share(counts: Ints, chosen: Sequence[bool]) -> float:
    return float(counts[np.array(chosen, dtype=np.bool_)].sum() / counts.sum())
