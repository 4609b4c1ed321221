"""Beside the score of an open lead: what the sellers could do that would raise it most, and how leads like it ended.

What could be done is the model's what-if and no promise of a cause: leads that are called may have been better leads.
Only what sellers do themselves is tried: their usual outbound interactions, and yes for attributes that are declared
mutable and say yes or no.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from features.attributes.parsing import BOOLEAN, boolean
from features.wording import duration
from funnel.state.next_step import KIND_NOUNS
from history.base.arrays import Floats
from history.history import INBOUND, NO_DIRECTION, OUTBOUND, History
from history.snapshot import Snapshot
from history.text.times import DAY_US
from models.bundle import Bundle
from models.scorer import open_leads
from models.usual_touches import UsualTouch
from serving.store.history import history_of
from serving.store.lead_rows import LeadRows
from serving.store.leads import current_attributes, stored_scalar
from serving.store.schema import CONTENT, LEAD_NO, TIME_US
from serving.store.scores.what_if import NOTHING, Change, changed, snapshot_of, with_changes

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


def advice(bundle: Bundle, rows: LeadRows, as_of_us: int) -> dict[str, list[dict[str, Any]]]:
    """suggestions: {change, points, said} of acts that raise the first lead's probability, best first; similar: {stage,
    outcome, amount, days} of past leads like it, nearest first. The lead is open at as_of_us.
    """
    if not bundle.vocabulary.reads_accounts:
        alone = rows.only(0)
        history = history_of(alone, bundle.config, as_of_us)
        return advice_of_leads(bundle, history, [OpenLead(alone, 0)])[0]
    if bundle.conversion is None:
        return NO_ADVICE
    acts = candidates(bundle, rows, as_of_us)
    # In one history the variants would count as other leads of the account.
    each = [
        open_leads(bundle, snapshot_of(changed(rows, change), bundle, as_of_us))
        for change in (NOTHING, *(act.change for act in acts))
    ]
    reached = [float(leads.probability[0]) for leads in each]
    return {
        "suggestions": _best(acts, reached),
        "similar": _similar(bundle, each[0].stages, each[0].matrix.values[:1])[0],
    }


class OpenLead(NamedTuple):
    """An open lead: its rows alone, and its position in a history."""

    rows: LeadRows
    position: int


def advice_of_leads(
    bundle: Bundle, history: History, leads: Sequence[OpenLead]
) -> list[dict[str, list[dict[str, Any]]]]:
    """`advice` of several leads of one history at its instant, for a model that does not read accounts.

    All variants are one history: the fixed cost of its features is that of one lead.
    """
    if bundle.conversion is None or not leads:
        return [NO_ADVICE] * len(leads)
    acts = [candidates(bundle, lead.rows, history.as_of_us) for lead in leads]
    firsts = [0, *accumulate(1 + len(of_lead) for of_lead in acts)]
    positions = [
        lead.position for lead, of_lead in zip(leads, acts, strict=True) for _ in range(1 + len(of_lead))
    ]
    changes = [change for of_lead in acts for change in (NOTHING, *(act.change for act in of_lead))]
    count = len(positions)
    snapshot = Snapshot(
        with_changes(history, positions, changes),
        np.arange(count, dtype=np.int64),
        np.full(count, history.as_of_us, dtype=np.int64),
    )
    variants = open_leads(bundle, snapshot)
    reached = variants.probability.tolist()
    unchanged = firsts[:-1]
    similar = _similar(bundle, [variants.stages[i] for i in unchanged], variants.matrix.values[unchanged])
    return [
        {"suggestions": _best(of_lead, reached[start:stop]), "similar": of_similar}
        for of_lead, (start, stop), of_similar in zip(acts, pairwise(firsts), similar, strict=True)
    ]


def _best(acts: Sequence[Suggestion], reached: Sequence[float]) -> list[dict[str, Any]]:
    """The acts that raise the probability most; reached: without any act, then with each."""
    now, *after = reached
    gains = [(100 * (new - now), act) for act, new in zip(acts, after, strict=True)]
    raising = sorted((gain for gain in gains if gain[0] >= LEAST_POINTS), key=lambda gain: -gain[0])
    return [
        {"change": act.words, "points": points, "said": act.said}
        for points, act in raising[:MOST_SUGGESTIONS]
    ]


def _similar(bundle: Bundle, stages: Sequence[str | None], values: Floats) -> list[list[dict[str, Any]]]:
    """Past leads like each of these with feature values (n, k); [] without a table."""
    if bundle.past_leads is None or bundle.conversion is None:
        return [[] for _ in stages]
    contributions = bundle.conversion.contributions(values).parts
    return [
        bundle.past_leads.similar(stage, of_lead)
        for stage, of_lead in zip(stages, contributions, strict=True)
    ]


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
    columns = rows.tables["interactions"]
    if not len(columns[LEAD_NO]):
        return None
    numbers, times_us, directions = (np.array(columns[at]) for at in (LEAD_NO, TIME_US, DIRECTION))
    is_of_lead = (numbers == rows.leads[0].lead_no) & (directions != NO_DIRECTION) & (times_us <= as_of_us)
    chosen = np.flatnonzero(is_of_lead)
    if not len(chosen):
        return None
    # Of several at one instant, the one that arrived last.
    last = int(chosen[::-1][np.argmax(times_us[chosen[::-1]])])
    if columns[DIRECTION][last] != INBOUND:
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
