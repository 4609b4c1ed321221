"""When each open lead is won: its own chance and timing up to the horizon, the hazard of its age from there."""

from dataclasses import dataclass

import numpy as np

from features.matrix import build_matrix
from funnel.forecast.hazards import Hazards
from history.arrays import Floats, Ints
from history.history import DAY_US, History
from history.snapshot import Snapshot, open_leads
from models.bundle import Bundle
from models.close_time import CloseTime
from models.scorer import score

LEAST_SCALE, MOST_SCALE = 0.2, 5.0


@dataclass(frozen=True)
class OpenLeads:
    """n leads open at T, each (n,): position in the history, age in days, P(win within the horizon), place of its win
    time, E[amount | won] (NaN where there are no amounts), the stage table's probability; and their stages.
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
        none = np.zeros(0)
        return OpenLeads(snapshot.lead, none, none, none, none, none, [])
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
        return bundle.close_time.place(np.zeros((len(snapshot), 1)))
    return bundle.close_time.place(build_matrix(snapshot, bundle.vocabulary).values)


def win_chances(open_: OpenLeads, close_time: CloseTime, rates: Hazards, days: Floats) -> Floats:
    """P(won within each of `days` (k,) after T), (n, k), never falling along a row.

    Up to the horizon H this is probability * cdf(day). A lead that is neither won nor lost by then goes on with the
    daily rates of its age, times one factor of its own: its cumulative hazard over the horizon against that of its age,
    scaled so that the factors change no total over the next H days. At H the two agree: both are the probability.
    """
    horizon = close_time.horizon_days
    out = np.empty((len(open_), len(days)))
    if not len(open_):
        return out
    for k, day in enumerate(np.minimum(days, horizon)):
        share = close_time.cdf(open_.place, np.full(len(open_), day))
        out[:, k] = open_.probability * share
    if float(days.max()) <= horizon:
        return out
    later = _Later(open_, rates, horizon, int(np.ceil(days.max())) + 1)
    for k in np.flatnonzero(days > horizon).tolist():
        out[:, k] = np.minimum(out[:, k] + later.after(float(days[k]) - horizon), 1.0)
    return out


class _Later:
    """Wins after the horizon, of leads still open then."""

    def __init__(self, open_: OpenLeads, rates: Hazards, horizon: int, days: int) -> None:
        age = np.minimum(open_.age_days.astype(np.int64), 20_000)
        reach = int(age.max()) + max(days, 2 * horizon) + 2
        self.won, lost = rates.from_age(reach)
        free = np.maximum(rates.free(reach), 1e-12)
        self.start = age + horizon
        p = np.clip(open_.probability, 0.0, 1 - 1e-9)
        typical = np.clip((self.won[self.start] - self.won[age]) / free[age], 0.0, 1 - 1e-9)
        gone = np.clip((lost[self.start] - lost[age]) / free[age], 0.0, 1.0)
        left = (1 - p) * np.clip(1 - gone / (1 - typical), 0.0, 1.0)
        scale = np.clip(np.log1p(-p) / np.minimum(np.log1p(-typical), -1e-9), LEAST_SCALE, MOST_SCALE)
        self.free = free[self.start]
        gained = (self.won[self.start + horizon] - self.won[self.start]) / self.free
        total = float(np.sum(left * scale * gained))
        self.share = left * scale * (float(np.sum(left * gained)) / total if total > 0 else 1.0)
        self.most = left

    def after(self, days: float) -> Floats:
        """P(won within `days` after the horizon), (n,)."""
        whole = int(days)
        part = days - whole
        end = self.won[self.start + whole] * (1 - part) + self.won[self.start + whole + 1] * part
        gained: Floats = self.share * (end - self.won[self.start]) / self.free
        return np.asarray(np.minimum(gained, self.most))
