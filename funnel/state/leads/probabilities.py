"""Model outputs for the open leads of a history, now and a week earlier."""

from dataclasses import dataclass, replace

import numpy as np

from history.base.arrays import Floats
from history.history import History
from history.snapshot import open_leads
from history.text.times import DAY_US
from models.bundle import Bundle
from models.scorer import score

EARLIER_DAYS = 7


@dataclass(frozen=True)
class LeadProbabilities:
    """Of every lead of the history (n,), NaN unless open: win probability now and EARLIER_DAYS ago, amount if won."""

    now: Floats
    earlier: Floats
    amount: Floats


def lead_probabilities(bundle: Bundle, history: History) -> LeadProbabilities:
    """The probabilities at history.as_of_us, under the model's configuration."""
    history = replace(history, config=bundle.config)
    now = np.full(len(history), np.nan)
    earlier, amount = now.copy(), now.copy()
    open_now = open_leads(history, history.as_of_us)
    if len(open_now):
        scores = score(bundle, open_now, 0)
        now[open_now.lead], amount[open_now.lead] = scores.probability, scores.expected_amount
    open_earlier = open_leads(history, history.as_of_us - EARLIER_DAYS * DAY_US)
    if len(open_earlier):
        earlier[open_earlier.lead] = score(bundle, open_earlier, 0).probability
    return LeadProbabilities(now, earlier, amount)
