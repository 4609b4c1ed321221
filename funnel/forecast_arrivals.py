"""How many leads are created on each of the coming days: level, damped trend, season and weekday, as far
as history shows them.
"""

from dataclasses import dataclass

import numpy as np

from features.event_log import DAY_US, Floats, Ints

SEASON_WEEKS = 53  # weeks of history from which a season of the year is looked for
LEVEL_WEEKS = 6  # the last weeks set the level
LEVEL_PRIOR = 3.0  # weeks' worth of belief in the fitted line instead
TREND_SD = 0.004  # of the log level a week: 20 % a year
SEASON_SD = 0.12
HALF_YEAR = 26.0  # weeks, after which a season not known yet has swung furthest
DAMPING = 0.985  # of the trend, a week
HALF_LIFE_WEEKS = 40.0
PROFILE_WEEKS = 12
PROFILE_PRIOR = 14.0  # leads that say that all weekdays are alike


@dataclass(frozen=True)
class Arrivals:
    """Leads expected on each day after T, (days,), and how far their common level may be off: its log's
    deviation, (days,).
    """

    daily: Floats
    deviation: Floats

    @property
    def cumulative(self) -> Floats:
        """Leads created within 0..days days of T, (days + 1,)."""
        return np.concatenate(([0.0], np.cumsum(self.daily)))


def arrivals(created_us: Ints, as_of_us: int, days: int) -> Arrivals:
    """Expected creations on `days` days after T from the creations (n,) known at T.

    Whole weeks back from T are fitted by a Poisson line (level, trend, and with a year of history one
    yearly wave) under normal
    priors that keep trend and season at zero until data says otherwise; the last weeks then set the level. Where
    history is too short for a season, one of the usual size may still come: the deviation grows by it.
    """
    weeks = _weekly(created_us, as_of_us)
    ahead = np.arange(0.5, days, dtype=np.float64) / 7
    if len(weeks) < 2 or weeks.sum() == 0:
        total = len(created_us) / max(_span_days(created_us, as_of_us), 7.0)
        return Arrivals(np.full(days, total), np.full(days, 1.0))
    theta, spread, season = _fit(weeks)
    back = -np.arange(0.5, len(weeks), dtype=np.float64)
    fitted = np.exp(np.clip(_design(back, season) @ theta, -20, 20))
    n = min(LEVEL_WEEKS, len(weeks))
    recent = (weeks[:n].sum() + 1.0) / (fitted[:n].sum() + 1.0)
    level = recent ** (n / (n + LEVEL_PRIOR))
    damped = DAMPING * (1 - DAMPING**ahead) / (1 - DAMPING)
    design = _design(ahead, season)
    design[:, 1] = damped
    daily = level * np.exp(np.clip(design @ theta, -20, 20)) / 7 * _profile(created_us, as_of_us, days)
    noise = spread / max(float(weeks[:n].mean()), 0.5)
    unseen = 0.0 if season else 2 * SEASON_SD * np.sin(np.pi * np.minimum(ahead, HALF_YEAR) / (2 * HALF_YEAR))
    deviation = np.sqrt(noise / n + (0.5 * TREND_SD * ahead) ** 2 + unseen**2 + noise * ahead / 60)
    return Arrivals(daily, np.minimum(deviation, 1.0))


def _span_days(created_us: Ints, as_of_us: int) -> float:
    return (as_of_us - int(created_us.min())) / DAY_US if len(created_us) else 7.0


def _weekly(created_us: Ints, as_of_us: int) -> Floats:
    """Creations of whole weeks back from T, the latest first; the first, which may be cut off, is left
    out.
    """
    if not len(created_us):
        return np.zeros(0)
    week = np.maximum(as_of_us - created_us, 0) // (7 * DAY_US)
    return np.bincount(week, minlength=int(week.max()) + 1)[: int(week.max())].astype(np.float64)


def _design(week: Floats, season: bool) -> Floats:
    columns = [np.ones(len(week)), week]
    if season:
        angle = 2 * np.pi * week * 7 / 365.25
        columns += [np.cos(angle), np.sin(angle)]
    return np.column_stack(columns)


def _fit(weeks: Floats) -> tuple[Floats, float, bool]:
    """Parameters (level, trend a week, [cosine, sine]) by Newton's method on the penalised quasi-
    likelihood; its overdispersion.
    """
    season = len(weeks) >= SEASON_WEEKS
    back = -np.arange(0.5, len(weeks), dtype=np.float64)
    design = _design(back, season)
    weight = np.exp2(back / HALF_LIFE_WEEKS)
    sd = np.array([10.0, TREND_SD, SEASON_SD, SEASON_SD])[: design.shape[1]]
    theta = np.zeros(design.shape[1])
    theta[0] = np.log(np.average(weeks, weights=weight) + 0.1)
    spread = 1.0
    for _ in range(25):
        mean = np.exp(np.clip(design @ theta, -20, 20))
        gradient = design.T @ (weight * (weeks - mean)) / spread
        prior = np.concatenate(([0.0], theta[1:])) / sd**2
        hessian = (design * (weight * mean / spread)[:, None]).T @ design + np.diag(1 / sd**2)
        theta = theta + np.clip(np.linalg.solve(hessian, gradient - prior), -1.0, 1.0)
        mean = np.exp(np.clip(design @ theta, -20, 20))
        spread = max(1.0, float(np.average((weeks - mean) ** 2 / np.maximum(mean, 0.5), weights=weight)))
    return theta, spread, season


def _profile(created_us: Ints, as_of_us: int, days: int) -> Floats:
    """Each day's share of its week, times 7, from the last weeks; a day is a span of 24 hours from T."""
    back = (as_of_us - created_us) // DAY_US
    recent = back[(back >= 0) & (back < 7 * PROFILE_WEEKS)]
    of_week = (6 - recent) % 7  # the day ahead with the same weekday: 0 is the first day after T
    count = np.bincount(of_week, minlength=7) + PROFILE_PRIOR / 7
    return np.resize(7 * count / count.sum(), days)
