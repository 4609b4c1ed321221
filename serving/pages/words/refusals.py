"""Refusals in the reader's language: what a request or a form may not hold, and why a page was not given.

In English they are the API's own words. In German the sentences that forms and addresses of pages can cause are in
texts/refusals.toml, found by their words without their numbers; any other stays in the API's words.
"""

from collections.abc import Mapping
from typing import Any

from serving.base.problems import Problem
from serving.pages.words.catalogue import Translator
from serving.pages.words.language import DEFAULT
from serving.pages.words.names import column_words
from serving.pages.words.sentences import said

_EXPECTED, _UNKNOWN = "expected ", "unknown key; "


def detail_words(problem: Problem, translate: Translator) -> str:
    """What the page of a problem says first."""
    key = "refusals.problem_" + problem.code.replace("-", "_")
    known = translate.formats.language != DEFAULT and translate.has(key)
    return translate(key, n=len(problem.errors)) if known else problem.detail


def fault_words(fault: Mapping[str, Any], translate: Translator) -> str:
    """One fault of a form or an address, beside the name of its field."""
    message = str(fault["msg"])
    if translate.formats.language == DEFAULT:
        return message
    known = said("refusals", message, translate)
    if known is not None:
        return known
    if message.startswith(_UNKNOWN):
        return translate("refusals.unknown_key", words=message.removeprefix(_UNKNOWN).split()[-1].rstrip("?"))
    if message.startswith(_EXPECTED):
        return translate("refusals.expected", words=message.removeprefix(_EXPECTED))
    return message


def field_words(fault: Mapping[str, Any], translate: Translator) -> str:
    """The field that a fault is about, as its form names it; "" for the whole form."""
    place = fault["loc"]
    if len(place) < 2:
        return ""
    name = str(place[-1])
    if translate.formats.language == DEFAULT:
        return name
    key = "refusals.field_" + name
    return translate(key) if translate.has(key) else column_words(name, translate)
