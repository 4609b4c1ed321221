"""Win times of open leads: their own probability and timing up to the horizon, the hazard of their age after it."""

from dataclasses import dataclass

import numpy as np

from features.matrix import build_matrix
from funnel.hazards import Hazards
from history.base.arrays import Floats, Ints
from history.history import History
from history.snapshot import Snapshot, open_leads
from history.text.times import DAY_US
from models.bundle import Bundle
from models.figures.close_time import CloseTime
from models.scorer import score

LEAST_SCALE, MOST_SCALE = 0.2, 5.0  # bounds of a lead's hazard against the hazard of its age
MAX_AGE_DAYS = 20_000


@dataclass(frozen=True)
class OpenLeads:
    """n leads open at T, columns (n,).

    lead: position in the history. probability: of a win within the horizon. place: of the win time in the close-time
    model. amount: E[amount | won], NaN without an amount model. baseline: the stage table's probability.
    """

    lead: Ints
    age_days: Floats
    probability: Floats
    place: Floats
    amount: Floats
    baseline: Floats
    stage: list[str | None]

    def __len__(self) -> int:
        return len(self.lead)


def scored_leads(bundle: Bundle, history: History, as_of_us: int) -> OpenLeads:
    """Every lead open at as_of_us, scored."""
    snapshot = open_leads(history, as_of_us)
    if not len(snapshot):
        empty = np.zeros(0)
        return OpenLeads(snapshot.lead, empty, empty, empty, empty, empty, [])
    scores = score(bundle, snapshot, 0)
    return OpenLeads(
        lead=snapshot.lead,
        age_days=ages(snapshot),
        probability=scores.probability,
        place=_places(bundle, snapshot),
        amount=scores.expected_amount,
        baseline=scores.baseline_probability,
        stage=list(scores.stage),
    )


def ages(snapshot: Snapshot) -> Floats:
    """Days since creation (n,)."""
    return np.asarray((snapshot.as_of_us - snapshot.history.created_us[snapshot.lead]) / DAY_US)


def _places(bundle: Bundle, snapshot: Snapshot) -> Floats:
    if bundle.close_time.location is None:
        # All leads share one distribution of win times: the features, costly to build, are not read.
        return bundle.close_time.place(np.zeros((len(snapshot), 1)))
    return bundle.close_time.place(build_matrix(snapshot, bundle.vocabulary).values)


def win_probabilities(open_: OpenLeads, close_time: CloseTime, rates: Hazards, days: Floats) -> Floats:
    """P(won within each of `days` (k,) after T), (n, k), non-decreasing along a row.

    Up to the horizon H this is probability * cdf(day). A lead still open at H goes on with the daily hazards of its
    age, times a factor of its own: its cumulative hazard over the horizon against that of its age, scaled so that the
    factors keep the total over the next H days. At H both agree: P is the probability.
    """
    horizon = close_time.horizon_days
    won = np.empty((len(open_), len(days)))
    if not len(open_):
        return won
    for k, day in enumerate(np.minimum(days, horizon)):
        share = close_time.cdf(open_.place, np.full(len(open_), day))
        won[:, k] = open_.probability * share
    if float(days.max()) <= horizon:
        return won
    after_horizon = _WinsAfterHorizon(open_, rates, horizon, int(np.ceil(days.max())) + 1)
    for k in np.flatnonzero(days > horizon).tolist():
        won[:, k] = np.minimum(won[:, k] + after_horizon.within(float(days[k]) - horizon), 1.0)
    return won


class _WinsAfterHorizon:
    """Wins of leads that are still open at the horizon, (n,) each."""

    def __init__(self, open_: OpenLeads, rates: Hazards, horizon: int, days: int) -> None:
        age = np.minimum(open_.age_days.astype(np.int64), MAX_AGE_DAYS)
        oldest = int(age.max()) + max(days, 2 * horizon) + 2
        self._won, lost = rates.incidence(oldest)
        open_share = np.maximum(rates.open_share(oldest), 1e-12)
        self._start = age + horizon
        self._open_at_start = open_share[self._start]

        # Below one, so that log1p stays finite.
        probability = np.clip(open_.probability, 0.0, 1 - 1e-9)
        won_by_age = self._won[self._start] - self._won[age]
        typical = np.clip(won_by_age / open_share[age], 0.0, 1 - 1e-9)
        lost_by_age = lost[self._start] - lost[age]
        lost_share = np.clip(lost_by_age / open_share[age], 0.0, 1.0)
        not_lost = np.clip(1 - lost_share / (1 - typical), 0.0, 1.0)
        self._still_open = (1 - probability) * not_lost

        hazard_ratio = np.log1p(-probability) / np.minimum(np.log1p(-typical), -1e-9)
        scale = np.clip(hazard_ratio, LEAST_SCALE, MOST_SCALE)
        self._weight = self._still_open * scale * self._normalisation(scale, horizon)

    def _normalisation(self, scale: Floats, horizon: int) -> float:
        """Factor that keeps the total over the horizon after the first one."""
        won = self._won[self._start + horizon] - self._won[self._start]
        gained = won / self._open_at_start
        total = float(np.sum(self._still_open * scale * gained))
        return float(np.sum(self._still_open * gained)) / total if total > 0 else 1.0

    def within(self, days: float) -> Floats:
        """P(open at the horizon, won within `days` after it), (n,)."""
        whole = int(days)
        part = days - whole
        end_age = self._start + whole
        end = self._won[end_age] * (1 - part) + self._won[end_age + 1] * part
        gained: Floats = self._weight * (end - self._won[self._start]) / self._open_at_start
        return np.asarray(np.minimum(gained, self._still_open))
