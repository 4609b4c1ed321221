"""Leads of 330 days in whose last 90 something may be worse, and the leaks that a report finds in them."""

from typing import Any

import numpy as np

from funnel.state.state import funnel_state
from tests.builders.leads.funnel_leads import Lead, history_of

AS_OF = 330


def world(seed: int, *, drop: float = 0.0, drying: float = 0.0, slower: float = 1.0) -> list[Lead]:
    """Leads over 330 days; in the last 90 the step from new to demo, the entrances and the speed may be worse."""
    rng = np.random.default_rng(seed)
    leads = []
    for created in np.sort(rng.uniform(0, AS_OF, 1500)).tolist():
        late = created > AS_OF - 90
        if late and rng.random() < drying:
            continue
        stages, decisions = [(created, "new")], []
        moved = created + rng.exponential(4.0) * (slower if late else 1.0)
        if rng.random() < 0.5 * (1 - drop * late):
            stages.append((moved, "demo"))
            won = rng.random() < 0.5
        else:
            won = False
        closed = moved + rng.exponential(8.0)
        decisions = [(closed, "won" if won else "lost", 100.0)]
        source = str(rng.choice(["web", "fair"]))
        leads.append(
            Lead(
                created,
                [s for s in stages if s[0] <= AS_OF],
                [d for d in decisions if d[0] <= AS_OF],
                [],
                source,
            )
        )
    return leads


def leaks(leads: list[Lead]) -> dict[str, Any]:
    findings: dict[str, Any] = funnel_state(history_of(leads, AS_OF))["leaks"]
    return findings
