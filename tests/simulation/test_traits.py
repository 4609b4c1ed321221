"""Traits of leads: shares as stated, private leads without a company, effects with the stated sign."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.traits import INDUSTRIES, ROLES, Traits, draw_traits, log_median_amount, path_score
from simulation.world import SOURCES
from tests.builders.worlds.small_world import LEADS, simulated_world

WORLD = simulated_world()
INDEX = np.arange(LEADS)
EARLY, LATE = np.full(LEADS, WORLD.first_day), np.full(LEADS, WORLD.last_day)
TRAITS = draw_traits(WORLD, INDEX, EARLY)


def score(traits: Traits, day: np.ndarray = EARLY) -> np.ndarray:
    return path_score(WORLD, traits, day)


def test_private_lead_has_no_company() -> None:
    private = TRAITS.account < 0
    assert private.mean() == pytest.approx(0.12, abs=0.03)
    assert (TRAITS.industry[private] == -1).all()
    assert np.isnan(TRAITS.employees[private]).all()
    assert not TRAITS.work_email[private].any()
    assert (TRAITS.industry[~private] >= 0).all()


def test_codes_have_a_name() -> None:
    assert TRAITS.source.max() < len(SOURCES)
    assert TRAITS.industry.max() < len(INDUSTRIES)
    assert TRAITS.role.max() < len(ROLES)
    assert (TRAITS.campaign // 9 == TRAITS.source).all()
    assert TRAITS.fit[~np.isnan(TRAITS.fit)].min() >= 0
    assert np.nanmax(TRAITS.fit) <= 100


def test_mix_of_sources_drifts_but_nothing_else() -> None:
    late = draw_traits(WORLD, INDEX, LATE)
    partner = [source.name for source in SOURCES].index("partner")
    assert (late.source == partner).sum() > 1.8 * (TRAITS.source == partner).sum()
    assert late.account.tolist() == TRAITS.account.tolist()
    assert late.seats.tobytes() == TRAITS.seats.tobytes()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("fit", 20.0, 80.0),
        ("customer", False, True),
        ("role", ROLES.index("student"), ROLES.index("director")),
    ],
)
def test_better_trait_raises_the_score_in_every_stage(name: str, low: float, high: float) -> None:
    dtype = getattr(TRAITS, name).dtype
    worse = replace(TRAITS, **{name: np.full(LEADS, low, dtype=dtype)})
    better = replace(TRAITS, **{name: np.full(LEADS, high, dtype=dtype)})
    assert (score(better) > score(worse)).all()


def test_quality_of_a_source_falls_half_way() -> None:
    social = TRAITS.source == [source.name for source in SOURCES].index("paid_social")
    fallen = score(TRAITS, LATE) - score(TRAITS)
    np.testing.assert_allclose(fallen[social], -0.45)
    assert not fallen[~social].any()


def test_amount_grows_with_seats_and_company() -> None:
    more = replace(TRAITS, seats=TRAITS.seats * 2)
    growth = log_median_amount(more) - log_median_amount(TRAITS)
    known = ~np.isnan(TRAITS.seats)
    np.testing.assert_allclose(growth[known], np.log(2))
    assert not growth[~known].any()
