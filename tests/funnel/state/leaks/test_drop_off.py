"""Drop-off: counts and odds ratios against a plain count over the leads, planted effects found, chance held."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from funnel.state.leads.paths import stage_paths
from funnel.state.leaks.comparisons import FEWEST
from funnel.state.leaks.drop_off import NO_DROP_OFF, drop_off
from funnel.state.period import Period
from tests.builders.leads.funnel_leads import Lead, day, history_of
from tests.builders.worlds.leak_world import AS_OF, world

Has = Callable[[Lead, float], bool]
Z80 = 1.2815515655446004


def found(leads: list[Lead], since: float = 0.0) -> dict[str, Any]:
    history = history_of(leads, AS_OF)
    return drop_off(stage_paths(history), Period(day(since), history.as_of_us + 1))


def counted(leads: list[Lead], stage: str, has: Has, since: float, least_days: float = 0.0) -> list[int]:
    """[lost, kept] of the stage's leads with a property, then of the others, of stays that ended by AS_OF."""
    cells = [0, 0, 0, 0]
    for lead in leads:
        entries = [*lead.stages, *((when, state) for when, state, _ in lead.decisions)]
        for (begin, name), (end, after) in pairwise(entries):
            if name == stage and since <= end <= AS_OF and end - begin >= least_days:
                cells[2 * (not has(lead, begin)) + (after != "lost")] += 1
    return cells


def odds_ratio(cells: list[int]) -> tuple[float, float, float]:
    shift = 0.5 if 0 in cells else 0.0
    a, b, c, d = (n + shift for n in cells)
    ratio = a * d / (b * c)
    spread = math.exp(Z80 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d))
    return ratio, ratio / spread, ratio * spread


def with_effects(seed: int) -> list[Lead]:
    """Leads from fairs are lost from the first stage more often; called ones less often."""
    rng = np.random.default_rng(seed)
    leads = []
    for lead in world(seed):
        lost = [(when, "lost", 0.0) for when, _, _ in lead.decisions]
        if lead.source == "fair" and len(lead.stages) > 1 and rng.random() < 0.5:
            lead = replace(lead, stages=lead.stages[:1], decisions=lost)
        is_called = rng.random() < (0.8 if len(lead.stages) > 1 else 0.3)
        leads.append(replace(lead, touches=[(lead.created + 0.5, "out")] if is_called else []))
    return leads


def from_source(value: str) -> Has:
    return lambda lead, _begin: lead.source == value


def touched(lead: Lead, begin: float) -> bool:
    return any(begin < when <= begin + 7 for when, _ in lead.touches)


@pytest.mark.parametrize(("seed", "since"), [(1, 0.0), (2, 0.0), (3, 150.0)])
def test_figures_equal_a_plain_count(seed: int, since: float) -> None:
    leads = with_effects(seed)
    report = found(leads, since)
    assert report["found"]
    for record in report["found"]:
        if record["of"] == "attribute":
            cells = counted(leads, record["stage"], from_source(record["value"]), since)
        else:
            cells = counted(leads, record["stage"], touched, since, least_days=7)
        n_with, n_without = cells[0] + cells[1], cells[2] + cells[3]
        assert [record[name] for name in ("lost_with", "n_with", "lost_without", "n_without")] == [
            cells[0], n_with, cells[2], n_without,
        ]  # fmt: skip
        names = ("odds_ratio", "odds_ratio_low", "odds_ratio_high")
        assert [record[name] for name in names] == pytest.approx(odds_ratio(cells))
        table = np.array(cells).reshape(2, 2)
        assert record["p"] == pytest.approx(chi2_contingency(table, correction=False).pvalue)
        assert record["excess_lost"] == pytest.approx(cells[0] - n_with * cells[2] / n_without)


def test_planted_effects_are_found_with_their_sign() -> None:
    report = found(with_effects(5))
    ratios = {(r["stage"], r["of"], r["name"]): r["odds_ratio"] for r in report["found"]}
    source = next(r for r in report["found"] if r["of"] == "attribute")
    assert (source["stage"], source["name"]) == ("new", "source")
    assert (source["odds_ratio"] > 1) == (source["value"] == "fair")
    assert ratios["new", "interaction", "call"] < 1
    sizes = [abs(r["excess_lost"]) for r in report["found"]]
    assert sizes == sorted(sizes, reverse=True), "the most lost leads first"


def test_chance_alone_is_rarely_found() -> None:
    """A false discovery rate of 10 % under no effect: at most about one report in ten has any finding."""
    with_findings = sum(bool(found(world(seed))["found"]) for seed in range(30))
    assert with_findings <= 8, "binomial(30, 0.1) exceeds 8 once in 500 cases"


def test_few_leads_are_not_tested() -> None:
    few = [Lead(i, [(i, "new")], [(i + 1, "lost", 0.0)], source="a") for i in range(FEWEST - 1)]
    many = [Lead(i, [(i, "new"), (i + 1, "demo")], source="b") for i in range(100)]
    assert found([*few, *many]) == NO_DROP_OFF
    assert found([]) == NO_DROP_OFF


def test_empty_cell_has_a_finite_interval() -> None:
    doomed = [Lead(i, [(i, "new")], [(i + 1, "lost", 0.0)], source="a") for i in range(60)]
    safe = [Lead(i, [(i, "new"), (i + 1, "demo")], source="b") for i in range(60)]
    (record,) = found([*doomed, *safe])["found"]
    assert record["lost_rate_with"] in (0.0, 1.0)
    assert all(
        math.isfinite(record[name]) and record[name] > 0 for name in ("odds_ratio_low", "odds_ratio_high")
    )


def test_owners_are_never_set_beside_losses() -> None:
    leads = [replace(lead, owner=lead.source) for lead in with_effects(1)]
    assert {record["name"] for record in found(leads)["found"]} <= {"source", "call", "outbound"}
