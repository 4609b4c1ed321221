"""Why a score moved and what would raise it, in the reader's language; in English the words of the API."""

from collections.abc import Mapping
from typing import Any

from serving.pages.lead.feature_values import duration
from serving.pages.words.catalogue import Translator
from serving.pages.words.names import channel_name, column_name, kind_name, kind_noun

Record = Mapping[str, Any]


def cause_words(cause: Record, translate: Translator) -> str:
    """A cause of a move; one that was stored without what its words are made of keeps its label."""
    said = cause.get("said")
    if said is None:
        return str(cause["label"])
    return translate("told.cause_" + said["sentence"], **_written(said, translate))


def act_words(suggestion: Record, translate: Translator) -> str:
    """What the sellers could do."""
    said = suggestion["said"]
    values = _written(said, translate)
    if "kind" in said:
        own = "told.own_" + said["kind"]
        values["kind"] = translate(own) if translate.has(own) else values["kind"]
    text = translate("told.act_" + said["sentence"], **values)
    return text if said["sentence"] == "yes" else text[:1].upper() + text[1:]


def _written(said: Record, translate: Translator) -> dict[str, Any]:
    values = {name: value for name, value in said.items() if name != "sentence"}
    if "kind" in said:
        values["kind"] = kind_name(said["kind"], translate).replace("_", " ")
    if "channel" in said:
        values["channel"] = channel_name(said["channel"], translate)
    if "asked" in said:
        values["asked"] = kind_noun(said["asked"], translate)
        values["duration"] = duration(translate, said["days"], "_dative")
    if "attribute" in said:
        values["attribute"] = column_name(said["attribute"], translate)
    return values
