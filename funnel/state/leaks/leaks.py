"""Leaks: stages, sources and owners that convert worse or slower than before or than elsewhere, sized in revenue.

Every test is one-sided (worse, not different). All tests together are held to a false discovery rate by Benjamini and
Hochberg 1995. Rates are compared at a common age with open leads censored, so that a recent window does not look worse
because its leads are young.
"""

import math
from collections.abc import Iterator

import numpy as np

from funnel.records import Record, finite
from funnel.significance import false_discovery_rates
from funnel.state.leads.paths import StagePaths
from funnel.state.leads.touches import Touches
from funnel.state.leaks.comparisons import Comparison
from funnel.state.leaks.groups import COLUMNS, entrances, win_rates
from funnel.state.leaks.hand_overs import hand_overs
from funnel.state.leaks.stages import stage_comparisons
from funnel.state.leaks.windows import Windows, leak_windows

FALSE_DISCOVERIES = 0.1  # of ten leaks shown, one may be chance


def leak_record(paths: StagePaths, groups: StagePaths, touches: Touches, to_us: int) -> Record:
    """The significant leaks, largest loss first, and the number of tests; windows end at to_us.

    groups: the paths over stage groups.
    """
    windows = leak_windows(paths, touches, to_us)
    if windows is None:
        return {"tested": 0, "false_discovery_rate": FALSE_DISCOVERIES, "window": None, "found": []}
    tests = list(_comparisons(windows, groups))
    return {
        "tested": len(tests),
        "false_discovery_rate": FALSE_DISCOVERIES,
        "window": {
            "days": windows.now.period.days,
            "before_days": windows.before.period.days,
            "age_days": windows.days,
        },
        "found": _significant(tests, _average_deal(paths)),
    }


def _comparisons(windows: Windows, groups: StagePaths) -> Iterator[Comparison]:
    yield from stage_comparisons(windows)
    yield from entrances(windows)
    yield from hand_overs(windows, groups)
    for column in COLUMNS:
        yield from win_rates(windows, column)


def _significant(tests: list[Comparison], average_deal: float) -> list[Record]:
    """Records of the tests within the false discovery rate, largest loss first."""
    if not tests:
        return []
    rates = false_discovery_rates([test.p for test in tests])
    leaks = []
    for test, rate in zip(tests, rates, strict=True):
        if rate <= FALSE_DISCOVERIES:
            leaks.append(_leak(test, rate, average_deal))
    return sorted(leaks, key=lambda leak: -leak["lost_wins"])


def _average_deal(paths: StagePaths) -> float:
    paid = paths.amount[np.isfinite(paths.amount) & paths.won]
    return float(paid.mean()) if len(paid) else math.nan


def _leak(test: Comparison, q: float, average_deal: float) -> Record:
    return {
        "kind": test.kind,
        "subject": test.subject,
        **test.group,
        "now": finite(test.now),
        "before": finite(test.before),
        "n_now": test.n_now,
        "n_before": test.n_before,
        "p": test.p,
        "q": q,
        "lost_wins": test.lost_wins,
        "lost_revenue": finite(test.lost_wins * average_deal),
        "sentence": test.sentence,
    }
