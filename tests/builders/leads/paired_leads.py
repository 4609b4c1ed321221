"""A funnel in which two attributes win together more or less often than each alone, or not."""

from functools import lru_cache

import numpy as np

from history.history import LOST, WON, History
from history.text.times import DAY_US
from tests.builders.leads.lead_histories import START_US, Change, Decision, Lead, history_of

DAYS = 240
AGENTS, PRODUCTS, REGIONS = 6, 5, 3


@lru_cache(maxsize=4)
def paired_history(effect: float, n: int = 1500, seed: int = 1) -> History:
    """n leads; agents and products add `effect` to the log-odds of a win together, or take it, and nothing apart.

    Some products are known late, some change, and some wins are recorded late.
    """
    random = np.random.default_rng(seed)
    sign = np.where((np.arange(AGENTS)[:, None] + np.arange(PRODUCTS)) % 2, 1.0, -1.0)
    leads = []
    for created in np.sort(random.integers(0, DAYS * DAY_US, n)) + START_US:
        agent, product, region = (int(random.integers(k)) for k in (AGENTS, PRODUCTS, REGIONS))
        log_odds = -0.5 + effect * sign[agent, product] + 0.4 * (region == 0)
        state = WON if random.random() < 1 / (1 + np.exp(-log_odds)) else LOST
        time = int(created + random.integers(2 * DAY_US, 14 * DAY_US))
        known = time + int(random.integers(0, 6 * DAY_US)) * int(random.random() < 0.2)
        attributes: dict[str, str | None] = {
            "agent": f"agent {agent}",
            "product": f"p{product}",
            "region": f"r{region}",
        }
        changes = []
        if random.random() < 0.1:
            when = int(created + DAY_US)
            attributes["product"], late = None, f"p{product}"
            changes = [Change(when, when, "product", late)]
        leads.append(
            Lead(int(created), attributes, decisions=[Decision(time, known, state)], changes=changes)
        )
    return history_of(leads, START_US + DAYS * DAY_US)
