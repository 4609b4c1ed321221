"""Twenty leads with skips, moves back, reopenings, corrections and censored ones: small enough to count by hand."""

import math
from dataclasses import replace
from typing import Any

from funnel.records import Record
from funnel.state.state import FunnelOptions, funnel_state
from history.history import History
from tests.builders.leads.funnel_leads import CONFIG, Lead, history_of

NA = math.nan
AS_OF = 30

LEADS = (
    Lead(0, [(0, "new"), (2, "demo"), (5, "offer")], [(8, "won", 100)]),
    Lead(0, [(0, "new"), (4, "demo")], [(6, "lost", NA)]),
    Lead(0, [(0, "new")], [(3, "lost", NA)], [(1, "in")]),
    Lead(1, [(1, "new"), (4, "offer")], [(11, "won", 200)]),  # skips demo
    Lead(
        1, [(1, "new"), (3, "demo"), (5, "new"), (9, "demo"), (12, "offer")], [(16, "won", 300)]
    ),  # back and again
    Lead(
        2,
        [(2, "new"), (5, "demo"), (15, "offer")],
        [(8, "lost", NA), (12, "open", NA), (20, "won", 400)],  # reopened, then won
    ),
    Lead(2, [(2, "new"), (4, "demo")], [(7, "lost", NA), (20, "open", NA)]),  # reopened, open
    Lead(3, [(3, "new")], [], [(4, "in"), (5, "in"), (6, "out"), (7, "out"), (10, "in")]),  # open
    Lead(4, [(4, "new"), (10, "demo")]),  # open
    Lead(5, [(5, "new"), (7, "demo"), (9, "offer")]),  # open
    Lead(5),  # open, never in a stage
    Lead(5, [(8, "new"), (9, "demo")], [(12, "lost", NA)]),  # waits three days for its first stage
    Lead(6, [], [(9, "won", NA)]),  # won without any stage, amount unknown
    Lead(
        6,
        [
            (6, "new"),
            (8, "demo"),
            (10, "demo"),
            (11, "offer"),
            (13, "demo"),
            (14, "offer"),
        ],  # demo twice is one
        [(18, "lost", NA)],
    ),
    Lead(7, [(7, "new"), (10, "demo")], [(9, "lost", NA)]),  # a stage after the loss is no visit
    Lead(8, [(8, "demo"), (10, "offer")], [(12, "won", 0)]),  # starts in demo; a real zero
    Lead(10, [(10, "new"), (12, "demo"), (13, "offer")], [(15, "lost", NA), (17, "won", 500)]),  # corrected
    Lead(
        12, [(12, "new"), (15, "offer")], [(13, "won", 100), (15, "open", NA), (22, "lost", NA)]
    ),  # a win undone
    Lead(20, [(20, "new")], [], [(19, "out"), (21, "out")]),  # open; the touch before creation does not count
    Lead(25, [(25, "new"), (28, "demo")]),  # open
)


def twenty(**config: Any) -> History:
    return history_of(LEADS, AS_OF, replace(CONFIG, **config))


def twenty_by_source() -> Record:
    """The state of the twenty leads grouped by three sources, of which one is missing."""
    leads = [replace(lead, source=("web", "fair", None)[i % 3]) for i, lead in enumerate(LEADS)]
    return funnel_state(history_of(leads, AS_OF), FunnelOptions(by="source"))
