"""Beside the score of an open lead: what the sellers could do that would raise it most, and how leads like it ended.

What could be done is the model's what-if and no promise of a cause: leads that are called may have been better leads.
Only what sellers do themselves is tried: their usual outbound interactions, and yes for attributes that are declared
mutable and say yes or no.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from features.attributes.parsing import BOOLEAN, boolean
from features.wording import duration
from funnel.state.next_step import KIND_NOUNS
from history.history import INBOUND, NO_DIRECTION, OUTBOUND, History
from history.text.times import DAY_US
from models.bundle import Bundle
from models.scorer import OpenLeads
from models.usual_touches import UsualTouch
from serving.store.lead_rows import LeadRows
from serving.store.leads import current_attributes, stored_scalar
from serving.store.schema import CONTENT, LEAD_NO, TIME_US
from serving.store.scores.what_if import NOTHING, Change, open_variants

MOST_SUGGESTIONS = 3
MOST_ATTRIBUTES = 3
LEAST_POINTS = 0.05  # smaller ones would read as +0.0
LONGEST_WAIT_DAYS = 30  # an older message of the lead is no longer answered, but taken up again
KIND, CHANNEL, DIRECTION = range(CONTENT, CONTENT + 3)
NO_ADVICE: dict[str, list[dict[str, Any]]] = {"suggestions": [], "similar": []}


@dataclass(frozen=True)
class Suggestion:
    """An act of the sellers in words, the rows that it would add, and what the words are made of, for other languages.

    said: the name of a sentence and its values.
    """

    words: str
    change: Change
    said: Mapping[str, Any]


def advice(
    bundle: Bundle, rows: LeadRows, as_of_us: int, history: History | None = None
) -> dict[str, list[dict[str, Any]]]:
    """suggestions: {change, points, said} of acts that raise the first lead's probability, best first; similar: {stage,
    outcome, amount, days} of past leads like it, nearest first. The lead is open at as_of_us.

    history: of the first lead alone at as_of_us, if it is at hand.
    """
    if bundle.conversion is None:
        return NO_ADVICE
    acts = candidates(bundle, rows, as_of_us)
    variants = open_variants(bundle, rows, [NOTHING, *(act.change for act in acts)], as_of_us, history)
    now, *reached = [float(value) for leads in variants for value in leads.probability.tolist()]
    gains = [(100 * (new - now), act) for act, new in zip(acts, reached, strict=True)]
    raising = sorted((gain for gain in gains if gain[0] >= LEAST_POINTS), key=lambda gain: -gain[0])
    return {
        "suggestions": [
            {"change": act.words, "points": points, "said": act.said}
            for points, act in raising[:MOST_SUGGESTIONS]
        ],
        "similar": _similar(bundle, variants[0]),
    }


def _similar(bundle: Bundle, leads: OpenLeads) -> list[dict[str, Any]]:
    """Past leads like the first one; [] without a table."""
    if bundle.past_leads is None or bundle.conversion is None:
        return []
    contributions = bundle.conversion.contributions(leads.matrix.values[:1]).parts[0]
    return bundle.past_leads.similar(leads.stages[0], contributions)


def candidates(bundle: Bundle, rows: LeadRows, as_of_us: int) -> list[Suggestion]:
    """What the sellers could do with the first lead of `rows` at as_of_us."""
    if not bundle.usual_touches:
        return _yes(bundle, rows, as_of_us)
    waiting = _waiting_message(rows, as_of_us)
    touches = [_touch(touch, waiting, as_of_us) for touch in bundle.usual_touches]
    return touches + _yes(bundle, rows, as_of_us)


# What people call their own touches; other kinds are called by their name.
OWN_TOUCHES: Final = {"email_sent": "e-mail"}


@dataclass(frozen=True)
class _Message:
    """The lead's last interaction, which nobody has answered."""

    kind: str
    channel: str | None
    days: float


def _waiting_message(rows: LeadRows, as_of_us: int) -> _Message | None:
    """The last interaction with a direction, if that came from the lead."""
    lead_no = rows.leads[0].lead_no
    columns = rows.tables["interactions"]
    last = -1
    for i, (number, time_us, direction) in enumerate(
        zip(columns[LEAD_NO], columns[TIME_US], columns[DIRECTION], strict=True)
    ):
        is_of_lead = number == lead_no and direction != NO_DIRECTION and time_us <= as_of_us
        if is_of_lead and (last < 0 or time_us >= columns[TIME_US][last]):
            last = i
    if last < 0 or columns[DIRECTION][last] != INBOUND:
        return None
    days = (as_of_us - columns[TIME_US][last]) / DAY_US
    return _Message(columns[KIND][last], columns[CHANNEL][last], days)


def _touch(touch: UsualTouch, waiting: _Message | None, as_of_us: int) -> Suggestion:
    content = (touch.kind, touch.channel, OUTBOUND, touch.value, None)
    change = Change({"interactions": [(as_of_us, as_of_us, *content)]})
    kind = OWN_TOUCHES.get(touch.kind, _words(touch.kind))
    is_answer = waiting is not None and waiting.channel is not None and waiting.channel == touch.channel
    if waiting is not None and is_answer and waiting.days <= LONGEST_WAIT_DAYS:
        asked = f"{KIND_NOUNS.get(waiting.kind, _words(waiting.kind))} of {duration(waiting.days)} ago"
        said = {"sentence": "answer", "asked": waiting.kind, "days": waiting.days, "kind": touch.kind}
        return Suggestion(f"Answer the lead's {asked}: {kind} now", change, said)
    said = {"sentence": "touch", "kind": touch.kind}
    return Suggestion(f"{kind[:1].upper()}{kind[1:]} from us now", change, said)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _yes(bundle: Bundle, rows: LeadRows, as_of_us: int) -> list[Suggestion]:
    """Yes for declared mutable attributes that are read as yes or no and do not say yes."""
    declared = bundle.config.mutable
    attributes = [a for a in bundle.vocabulary.attributes if a.name in declared and a.kind == BOOLEAN]
    if not attributes:
        return []
    current, *_ = current_attributes(rows, as_of_us)
    acts = []
    for attribute in attributes[:MOST_ATTRIBUTES]:
        text = current.text(attribute.name)
        if text is None or boolean(text) != 1:
            row = (as_of_us, as_of_us, attribute.name, stored_scalar(True))
            change = Change({"attribute_changes": [row]})
            said = {"sentence": "yes", "attribute": attribute.name}
            acts.append(Suggestion(f"{_words(attribute.name)}: yes", change, said))
    return acts
