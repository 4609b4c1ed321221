"""Learns what the sellers do: kinds of interactions that are mostly outbound, with their usual channel and value."""

import numpy as np

from features.vocabulary import Vocabulary
from history.history import NO_DIRECTION, OUTBOUND, History
from models.reasons.usual_touches import UsualTouch

MOST_TOUCHES = 5
LEAST_ROWS = 20  # outbound interactions of a kind
LEAST_SHARE = 0.5  # of a kind's interactions with a direction


def learn_usual_touches(history: History, vocabulary: Vocabulary) -> tuple[UsualTouch, ...]:
    """The most frequent kinds that the model knows and the sellers do; () if the data tell no directions."""
    log = history.interactions
    ours = log.direction == OUTBOUND
    known = log.direction != NO_DIRECTION
    n_kinds = len(log.kind.values)
    outbound = np.bincount(log.kind.codes[ours], minlength=n_kinds)
    directed = np.bincount(log.kind.codes[known], minlength=n_kinds)
    touches = []
    for code in np.argsort(-outbound, kind="stable").tolist():
        kind = log.kind.values[code]
        is_usual = outbound[code] >= LEAST_ROWS and outbound[code] >= LEAST_SHARE * directed[code]
        if is_usual and kind in vocabulary.interactions.kinds:
            rows = np.flatnonzero(ours & (log.kind.codes == code))
            channels = log.channel.codes[rows][log.channel.codes[rows] >= 0]
            channel = log.channel.values[int(np.bincount(channels).argmax())] if len(channels) else None
            values = log.value[rows][~np.isnan(log.value[rows])]
            touches.append(UsualTouch(kind, channel, float(np.median(values)) if len(values) else None))
    return tuple(touches[:MOST_TOUCHES])
