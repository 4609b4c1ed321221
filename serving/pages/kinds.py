"""Kinds of interactions in people's words: the usual ones from the catalogue, others by their own names."""

from typing import Final

from serving.pages.catalogue import Translator
from serving.pages.language import DEFAULT

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
