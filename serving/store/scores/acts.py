"""What the sellers could do with an open lead: their usual outbound interactions, and yes for declared attributes.

Only what sellers do themselves is tried: attributes must be declared mutable and say yes or no.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from features.attributes.parsing import BOOLEAN, boolean
from features.wording import duration
from funnel.state.attention.next_step import KIND_NOUNS
from history.history import INBOUND, NO_DIRECTION, OUTBOUND
from history.text.times import DAY_US
from models.bundle import Bundle
from models.reasons.usual_touches import UsualTouch
from serving.store.leads.lead_rows import LeadRows, text_in
from serving.store.leads.leads import current_attributes, stored_scalar
from serving.store.schema import CONTENT, LEAD_NO, TIME_US
from serving.store.scores.what_if import AddedRow, Change

MOST_ATTRIBUTES = 3
LONGEST_WAIT_DAYS = 30  # an older message of the lead is no longer answered, but taken up again
KIND, CHANNEL, DIRECTION = range(CONTENT, CONTENT + 3)
# What people call their own touches; other kinds are called by their name.
OWN_TOUCHES: Final = {"email_sent": "e-mail"}


class Suggestion(NamedTuple):
    """An act of the sellers in words, and what the words are made of, for other languages.

    said: the name of a sentence and its values.
    """

    words: str
    said: Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """A lead's last interaction, which nobody has answered."""

    kind: str
    channel: str | None
    time_us: int


@dataclass(frozen=True)
class Acts:
    """What could be done with one lead: the message that waits, the usual touches, and attributes that do not say yes.

    Each act adds one row: the touches come first and add an interaction, the others an attribute change.
    """

    waiting: Message | None
    touches: tuple[UsualTouch, ...]
    attributes: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of acts."""
        return len(self.touches) + len(self.attributes)

    def changes(self, as_of_us: int) -> list[Change]:
        """What each act adds at an instant."""
        touches = (Change({"interactions": [_row(touch, as_of_us)]}) for touch in self.touches)
        yes = stored_scalar(True)
        return [
            *touches,
            *(Change({"attribute_changes": [(as_of_us, as_of_us, name, yes)]}) for name in self.attributes),
        ]

    def suggestion(self, place: int, as_of_us: int) -> Suggestion:
        """The act at a place of `changes`: most acts are tried and need no words."""
        if place < len(self.touches):
            return _touch(self.touches[place], self.waiting, as_of_us)
        return _yes(self.attributes[place - len(self.touches)])


def acts_of(bundle: Bundle, rows: LeadRows, as_of_us: int) -> Acts:
    """What the sellers could do with the first lead of `rows`, by its rows up to as_of_us."""
    waiting = _waiting_message(rows, as_of_us) if bundle.usual_touches else None
    return Acts(waiting, bundle.usual_touches, _not_yes(bundle, rows, as_of_us))


def _waiting_message(rows: LeadRows, as_of_us: int) -> Message | None:
    """The last interaction with a direction, if that came from the lead."""
    columns = rows.tables["interactions"]
    if not len(columns[LEAD_NO]):
        return None
    numbers, times_us, directions = (np.asarray(columns[at]) for at in (LEAD_NO, TIME_US, DIRECTION))
    is_of_lead = (numbers == rows.leads[0].lead_no) & (directions != NO_DIRECTION) & (times_us <= as_of_us)
    chosen = np.flatnonzero(is_of_lead)
    if not len(chosen):
        return None
    # Of several at one instant, the one that arrived last.
    last = int(chosen[::-1][np.argmax(times_us[chosen[::-1]])])
    if directions[last] != INBOUND:
        return None
    kind, channel = text_in(columns[KIND], last), text_in(columns[CHANNEL], last)
    return None if kind is None else Message(kind, channel, int(times_us[last]))


def _row(touch: UsualTouch, as_of_us: int) -> AddedRow:
    return as_of_us, as_of_us, touch.kind, touch.channel, OUTBOUND, touch.value, None


def _touch(touch: UsualTouch, waiting: Message | None, as_of_us: int) -> Suggestion:
    kind = OWN_TOUCHES.get(touch.kind, _words(touch.kind))
    if waiting is not None and waiting.channel is not None and waiting.channel == touch.channel:
        days = (as_of_us - waiting.time_us) / DAY_US
        if days <= LONGEST_WAIT_DAYS:
            asked = f"{KIND_NOUNS.get(waiting.kind, _words(waiting.kind))} of {duration(days)} ago"
            said = {"sentence": "answer", "asked": waiting.kind, "days": days, "kind": touch.kind}
            return Suggestion(f"Answer the lead's {asked}: {kind} now", said)
    said = {"sentence": "touch", "kind": touch.kind}
    return Suggestion(f"{kind[:1].upper()}{kind[1:]} from us now", said)


def _yes(attribute: str) -> Suggestion:
    return Suggestion(f"{_words(attribute)}: yes", {"sentence": "yes", "attribute": attribute})


def _words(name: str) -> str:
    return name.replace("_", " ")


def _not_yes(bundle: Bundle, rows: LeadRows, as_of_us: int) -> tuple[str, ...]:
    """Declared mutable attributes that are read as yes or no and do not say yes."""
    declared = bundle.config.mutable
    if not declared:
        return ()
    names = [a.name for a in bundle.vocabulary.attributes if a.name in declared and a.kind == BOOLEAN]
    if not names:
        return ()
    current, *_ = current_attributes(rows, as_of_us)
    texts = {name: current.text(name) for name in names[:MOST_ATTRIBUTES]}
    return tuple(name for name, text in texts.items() if text is None or boolean(text) != 1)
