"""Names of the data in people's words: kinds of interactions, channels, columns.

The usual ones are in the catalogue; others are the customer's, and stay as they are in every language.
"""

import re
from typing import Final

from serving.pages.words.catalogue import Translator
from serving.pages.words.language import DEFAULT

# Kinds whose words say already from whom the touch came.
DIRECTED: Final = frozenset(
    (
        "ad_view",
        "email_open",
        "email_received",
        "email_reply",
        "email_sent",
        "form_submission",
        "form_submit",
        "web_visit",
    )
)


def kind_words(kind: str, translate: Translator) -> str:
    """e-mail sent, web visit."""
    key = "kinds." + kind
    return translate(key) if translate.has(key) else kind.replace("_", " ")


def kind_name(kind: str, translate: Translator) -> str:
    """A kind inside a sentence: in English by its own name, as the API has it."""
    return kind if translate.formats.language == DEFAULT else kind_words(kind, translate)


def channel_words(channel: str, translate: Translator) -> str:
    """E-mail, phone."""
    return _known("channels." + _key(channel), translate) or plain(channel)


def channel_name(channel: str, translate: Translator) -> str:
    """A channel inside a sentence: in English by its own name, as the API has it."""
    if translate.formats.language == DEFAULT:
        return channel
    return _known("channels." + _key(channel), translate) or channel


def column_words(column: str, translate: Translator) -> str:
    """A column of the leads as a heading: Company size."""
    return plain(column_name(column, translate))


def column_name(column: str, translate: Translator) -> str:
    """A column inside a sentence: in English by its own name, as the API has it."""
    if translate.formats.language == DEFAULT:
        return column.replace("_", " ")
    return _known("columns." + _key(column), translate) or column.replace("_", " ")


def aside_words(reason: str, translate: Translator) -> str:
    """Why rows were set aside: footer row."""
    return _known("asides." + _key(reason), translate) or reason.replace("_", " ")


def plain(name: str) -> str:
    """A name of the data for people: email_open as Email open."""
    words = name.replace("_", " ").strip() or name
    return words[:1].upper() + words[1:]


def kind_noun(kind: str, translate: Translator) -> str:
    """What waits for an answer: the e-mail, the form."""
    key = "kinds.the_" + kind
    return translate(key) if translate.has(key) else kind_words(kind, translate)


def touch_words(kind: str, direction: str | None, translate: Translator) -> str:
    """Kind and direction, inbound or outbound: call, out."""
    words = kind_words(kind, translate)
    if direction is None or kind in DIRECTED:
        return words
    return translate("worklist.inbound" if direction == "inbound" else "worklist.outbound", kind=words)


def _key(name: str) -> str:
    """The key of a name however it is written: company_size of Company Size."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def _known(key: str, translate: Translator) -> str | None:
    return translate(key) if translate.has(key) else None
