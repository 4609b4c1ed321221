"""Level of weekly creations: fits agree with plain algebra, and textures are weighted by what the weeks say."""

import numpy as np
import pytest

from funnel.forecast.components.creation_level import (
    LEAST_WEIGHT,
    MOST_TEXTURES,
    Texture,
    WeightedTexture,
    _covariance,
    _fit,
    _parts,
    _predicted,
    level_ahead,
)
from history.base.arrays import Floats

QUARTER = np.arange(0.5, 91) / 7
UNEVEN = Texture(drift=5e-4, passing=0.15, slow=0.4, dispersion=4.0)


def counts(weeks: int, mean: float, log_level: Floats | float = 0.0, seed: int = 1) -> Floats:
    """Poisson counts of weeks, the latest first."""
    random = np.random.default_rng(seed)
    return random.poisson(mean * np.exp(log_level), weeks).astype(np.float64)


def monthly(weeks: int, spread: float, seed: int) -> Floats:
    """Log levels of weeks that each share theirs with a month."""
    level = spread * np.random.default_rng(seed).standard_normal(weeks // 4 + 1)
    return np.repeat(level, 4)[:weeks]


def test_fit_is_the_mode_and_its_prediction_that_of_plain_algebra() -> None:
    """At the mode the prior's pull equals the counts'; ahead: K* (K + W^-1)^-1 K*', W the precision of the weeks."""
    weeks, centre = counts(30, 40.0), float(np.log(40))
    at = np.concatenate((-np.arange(0.5, 30), QUARTER))
    covariance = _covariance(_parts(at, at), UNEVEN)
    prior, across = covariance[:30, :30], covariance[:30, 30:]
    fit = _fit(weeks, prior, UNEVEN, centre)
    expected = np.exp(fit.level)
    np.testing.assert_allclose(fit.dual, (weeks - expected) / UNEVEN.dispersion, atol=1e-3)
    np.testing.assert_allclose(fit.level - centre, prior @ fit.dual, atol=1e-3)

    noise = np.diag(UNEVEN.dispersion / expected)
    variance = np.diag(covariance[30:, 30:] - across.T @ np.linalg.solve(prior + noise, across))
    weekly = np.exp(centre + across.T @ fit.dual + variance / 2)
    mean, spread = _predicted(fit, across, QUARTER, centre)
    np.testing.assert_allclose(mean, weekly, rtol=1e-3)
    np.testing.assert_allclose(spread, variance + 3 / (4 * weekly), rtol=1e-3)


def test_evidence_prefers_the_texture_that_made_the_weeks() -> None:
    """Drawn from each texture in turn, the weeks are likelier under it than under the others, on the whole."""
    still = Texture(5e-5, 0.0, 0.4, 1.0)
    textures = [
        still,
        still._replace(drift=5e-3),
        still._replace(passing=0.3),
        still._replace(dispersion=16.0),
    ]
    at = -np.arange(0.5, 80)
    random = np.random.default_rng(4)
    for made_by in textures:
        # Without the constant part, which the centre takes.
        root = np.linalg.cholesky(_covariance(_parts(at, at), made_by) - 9.0 + 1e-9 * np.eye(80))
        total = np.zeros(len(textures))
        for _ in range(6):
            rate = 200 * np.exp(root @ random.standard_normal(80))
            shape = rate / max(made_by.dispersion - 1, 1e-9)
            uneven = rate if made_by.dispersion == 1 else random.gamma(shape, rate / shape)
            weeks = random.poisson(uneven).astype(np.float64)
            centre = float(np.log(weeks.mean()))
            total += [_fit(weeks, _covariance(_parts(at, at), t), t, centre).evidence for t in textures]
        assert textures[int(np.argmax(total))] == made_by


def test_a_steady_level_excludes_a_season() -> None:
    """Half a year of 1,000 creations a week, without a trend: a season of 20 % is improbable."""
    steady = level_ahead(counts(26, 1000.0), QUARTER)
    assert steady.weekly == pytest.approx(1000, rel=0.04)
    assert steady.deviation.max() < 0.06
    waving = level_ahead(counts(26, 1000.0, 0.2 * np.sin(np.arange(26) / 8)), QUARTER)
    assert waving.deviation.max() > 2 * steady.deviation.max()


def test_a_shock_that_lasts_for_a_month_passes() -> None:
    """Two years whose months vary by 20 %: half as many again in the last one, and the quarter is nearly as ever."""
    level = monthly(104, 0.2, seed=2)
    level[:4] = np.log(1.5)
    ahead = level_ahead(counts(104, 400.0, level), QUARTER)
    typical = 400 * np.exp(level[4:]).mean()
    assert ahead.weekly[30:].mean() < 1.15 * typical
    # A level that stays is followed.
    level[:20] = np.log(1.5)
    stayed = level_ahead(counts(104, 400.0, level), QUARTER)
    assert stayed.weekly[30:].mean() > 1.3 * typical


def test_textures_are_few_and_weigh_one_in_all() -> None:
    weeks = counts(60, 30.0, monthly(60, 0.1, seed=3))
    ahead = level_ahead(weeks, QUARTER)
    weight = np.array([share for _, share in ahead.textures])
    assert 1 <= len(weight) <= MOST_TEXTURES
    assert weight.sum() == pytest.approx(1)
    assert weight.min() >= LEAST_WEIGHT
    again = level_ahead(weeks, QUARTER, ahead.textures)
    np.testing.assert_allclose(again.weekly, ahead.weekly, rtol=1e-3)
    np.testing.assert_allclose(again.deviation, ahead.deviation, rtol=1e-2)


def test_textures_that_differ_widen_the_deviation() -> None:
    weeks = counts(40, 100.0, np.linspace(0.78, 0.0, 40))
    flat, steep = Texture(1e-6, 0.0, 0.1, 1.0), Texture(1e-6, 0.0, 1.6, 1.0)
    alone = [level_ahead(weeks, QUARTER, [WeightedTexture(t, 1.0)]) for t in (flat, steep)]
    both = level_ahead(weeks, QUARTER, [WeightedTexture(flat, 0.5), WeightedTexture(steep, 0.5)])
    np.testing.assert_allclose(both.weekly, (alone[0].weekly + alone[1].weekly) / 2)
    assert both.deviation[-1] > max(a.deviation[-1] for a in alone)
