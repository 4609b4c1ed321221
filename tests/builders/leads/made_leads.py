"""A few hundred leads with enough repetition for a vocabulary to be learned from."""

import numpy as np

from history.history import INBOUND, LOST, OUTBOUND, WON
from history.text.times import DAY_US, HOUR_US
from tests.builders.leads.lead_histories import STAGES, START_US, Change, Decision, Entry, Lead, Touch

LAST_US = START_US + 120 * DAY_US


def made_leads(n: int, seed: int) -> list[Lead]:
    """n leads created over 90 days, each with what a CRM holds of it up to LAST_US and some rows after."""
    rng = np.random.default_rng(seed)
    return [_made(rng) for _ in range(n)]


def _made(rng: np.random.Generator) -> Lead:
    created = START_US + int(rng.integers(0, 90 * 24)) * HOUR_US
    owner = f"owner {rng.integers(0, 5)}"

    def when(days: int) -> tuple[int, int]:
        time = created + int(rng.integers(0, days * 24)) * HOUR_US
        return time, time + int(rng.choice([0, 0, 0, 50])) * HOUR_US

    touches = [
        Touch(*when(40), str(rng.choice(["call", "mail", "demo"])), str(rng.choice(["phone", "web"])),
              int(rng.choice([INBOUND, OUTBOUND])), float(rng.choice([1.0, np.nan])))
        for _ in range(int(rng.integers(0, 8)))
    ]  # fmt: skip
    entered = created
    entries = []
    for stage in STAGES[: int(rng.integers(0, 4))]:
        entries.append(Entry(entered, entered, stage))
        entered += int(rng.integers(1, 200)) * HOUR_US
    closed = created + int(rng.integers(1, 20)) * DAY_US
    state = WON if rng.random() < 0.2 + 0.1 * int(owner[-1]) else LOST
    return Lead(
        created,
        {
            "owner": owner,
            "source": str(rng.choice(["web", "fair", "friend"])),
            "size": str(int(rng.integers(1, 500))),
            "due": f"2024-0{rng.integers(1, 7)}-{rng.integers(10, 28)}",
            "agreed": str(rng.choice(["true", "false"])),
            "plan": str(rng.choice(["3.0", "3", "x", "01"])),
            "city": f"city {rng.integers(0, 40)}" if rng.random() < 0.8 else None,
            "fixed": "same",
            "name": f"person {rng.integers(0, 10**9)}",
            "age": str(rng.integers(20, 60)),
        },
        touches,
        entries,
        [Decision(closed, closed + int(rng.integers(0, 3)) * DAY_US, state)] if rng.random() < 0.8 else [],
        [Change(*when(30), "owner", f"owner {rng.integers(0, 5)}") for _ in range(int(rng.random() < 0.3))],
    )
