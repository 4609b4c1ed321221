"""Warnings about events that are stored although the model does not know their words: a slip of the pen, perhaps."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from history.base.warnings import Warning, json_of
from history.outcomes.closing_stages import is_closing
from history.text.outcome_words import match_key
from models.bundle import Bundle
from serving.base.event import Event, RejectedEvent

LEAST_SIMILARITY = 0.75  # of a word that the warning suggests


def event_warnings(
    bundle: Bundle | None, events: Sequence[Event], rejected: Sequence[RejectedEvent]
) -> list[dict[str, Any]]:
    """{index, code, subject, detail} of each event whose stage, kind or attribute the model does not know.

    An attribute is named only if it is near one that the model knows: others may be for people.
    """
    if bundle is None:
        return []
    words = _Words(bundle)
    refused = {entry.index for entry in rejected}
    return [
        {"index": index, **warning}
        for index, event in enumerate(events)
        if index not in refused
        for warning in json_of(words.warnings(event))
    ]


class _Words:
    """The stages and kinds of a model."""

    def __init__(self, bundle: Bundle) -> None:
        self._config, self._values = bundle.config, bundle.values
        self._stages = {match_key(stage): stage for stage in bundle.config.stages}
        self._kinds = {match_key(kind): kind for kind in bundle.vocabulary.interactions.kinds}

    def warnings(self, event: Event) -> list[Warning]:
        if event.table == "attribute_changes":
            return self._values.misnamed_changes([row["attribute"] for row in event.rows])
        warning = self._word(event)
        return [] if warning is None else [warning]

    def _word(self, event: Event) -> Warning | None:
        if event.table == "stages" and self._stages:
            stage = event.rows[0]["stage"]
            if match_key(stage) in self._stages or is_closing(stage, self._config):
                return None
            detail = "the model does not know this stage; it counts as one after the last"
            return Warning("unknown_stage", stage, detail + _suggestion(stage, self._stages))
        if event.table == "interactions" and self._kinds:
            kind = event.rows[0]["kind"]
            if match_key(kind) in self._kinds:
                return None
            detail = "not among the kinds that the model learned; it counts with all other kinds"
            return Warning("unknown_kind", kind, detail + _suggestion(kind, self._kinds))
        return None


def _suggestion(word: str, known: Mapping[str, str]) -> str:
    """The known word nearest to this one, as the end of a sentence; "" if none is near."""
    close = get_close_matches(match_key(word), list(known), n=1, cutoff=LEAST_SIMILARITY)
    return f"; did you mean {known[close[0]]!r}?" if close else ""
