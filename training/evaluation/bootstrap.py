"""Every figure of scored leads under many row weights at once: ones give the figure, drawn ones its bootstrap."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from history.arrays import Floats, Ints
from models.scores import ABSTAINED, Scores
from training.evaluation.metrics import best_first, log_loss

SHARES = (0.05, 0.1, 0.2, 0.3)
BINS = 10
DRAWS = 200
LEVEL = 0.9  # of every bootstrap interval
CELLS = 4_000_000  # weights held at once
TOLERANCE, HALF_CENT = 1e-6, 0.005  # an amount this near to the end of its interval lies inside


@dataclass(frozen=True)
class Judged:
    """n scored leads with what happened: won 0 or 1, amount NaN where not won or unknown.

    Expected amounts and their ends are NaN where there are none; lead (n,) numbers the lead, whose rows are drawn
    together; abstained says where the model gave the base rate.
    """

    won: Floats
    probability: Floats
    amount: Floats
    expected_amount: Floats
    amount_low: Floats
    amount_high: Floats
    abstained: npt.NDArray[np.bool_]
    lead: Ints

    def __len__(self) -> int:
        return len(self.won)

    @classmethod
    def of(cls, scores: Scores, won: Floats, amount: Floats, lead: Ints) -> "Judged":
        """Scores of open leads beside what happened to them."""
        return cls(
            won,
            scores.probability,
            amount,
            scores.expected_amount,
            scores.expected_amount_low,
            scores.expected_amount_high,
            scores.status == ABSTAINED,
            lead,
        )

    def take(self, index: npt.NDArray[np.generic]) -> "Judged":
        return Judged(*(column[index] for column in vars(self).values()))


def draws_of(n_leads: int, seed: int, draws: int = DRAWS) -> Ints:
    """How often each of n leads is drawn in each bootstrap sample (draws, n_leads)."""
    random = np.random.default_rng(seed)
    return random.multinomial(n_leads, np.full(n_leads, 1 / max(n_leads, 1)), draws).astype(np.int64)


def point(judged: Judged) -> dict[str, float]:
    """Every figure of n >= 1 rows; NaN where it has no meaning, such as a ranking of one class."""
    return {name: float(value[0]) for name, value in measure(judged, np.ones((1, len(judged)))).items()}


def drawn(judged: Judged, counts: Ints) -> dict[str, Floats]:
    """Every figure in each bootstrap sample, (draws,) each: counts (draws, leads) as draws_of gives them."""
    step = max(1, CELLS // max(len(judged), 1))
    parts = [
        measure(judged, counts[at : at + step][:, judged.lead].astype(np.float64))
        for at in range(0, len(counts), step)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def interval(values: Floats) -> list[float] | None:
    """The middle LEVEL of drawn values; None where fewer than half of them are numbers."""
    known = values[np.isfinite(values)]
    if 2 * len(known) < len(values) or not len(known):
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [float(low), float(high)]


def measure(judged: Judged, weight: Floats) -> dict[str, Floats]:
    """Every figure under each row of weights (d, n), (d,) each; whole weights count a row that often."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return {**ranking(judged, weight), **_chances(judged, weight), **_revenue(judged, weight)}


def ranking(judged: Judged, weight: Floats) -> dict[str, Floats]:
    """auc (ties count half), pr_auc (average precision) and log_loss."""
    order = np.argsort(-judged.probability, kind="stable")
    starts = np.flatnonzero(np.diff(judged.probability[order], prepend=np.inf) != 0)
    sorted_weight, won = weight[:, order], judged.won[order]
    wins = np.add.reduceat(sorted_weight * won, starts, axis=1)
    losses = np.add.reduceat(sorted_weight * (1 - won), starts, axis=1)
    found, missed = wins.cumsum(axis=1), losses.cumsum(axis=1)
    all_wins, all_losses = found[:, -1:], missed[:, -1:]
    precision = np.divide(found, found + missed, out=np.zeros_like(found), where=found + missed > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.where((all_wins > 0) & (all_losses > 0), 1.0, np.nan)[:, 0]
        auc = (wins * (all_losses - missed + losses / 2)).sum(axis=1) / (all_wins * all_losses)[:, 0]
        average = (wins * precision).sum(axis=1) / all_wins[:, 0]
        loss = weight @ log_loss(judged.won, judged.probability) / weight.sum(axis=1)
    return {"auc": auc * both, "pr_auc": average * both, "log_loss": loss}


def _chances(judged: Judged, weight: Floats) -> dict[str, Floats]:
    won, p = judged.won, judged.probability
    total, wins, said = weight.sum(axis=1), weight @ won, weight @ p
    out = {
        "leads": total,
        "wins": wins,
        "wins_expected": said,
        "wins_error": said / np.maximum(wins, 1.0) - 1,
        "brier": weight @ (won - p) ** 2 / total,
        "ece": np.abs(weight @ _in_bins((won - p), np.minimum((p * BINS).astype(int), BINS - 1))).sum(axis=1)
        / total,
        "abstained": weight @ judged.abstained.astype(np.float64) / total,
    }
    out |= _brier_parts(judged, weight)
    order = best_first(p)
    for share in SHARES:
        taken = _best(order, weight, share)
        top_wins = taken @ won[order]
        out[f"lift_{share:.0%}"[:-1]] = (top_wins / taken.sum(axis=1)) / np.maximum(wins / total, 1e-12)
        out[f"wins_captured_{share:.0%}"[:-1]] = np.where(wins > 0, top_wins / wins, np.nan)
    return out


def _in_bins(values: Floats, index: npt.NDArray[np.int64]) -> Floats:
    """values (n,) spread over the columns of their bins (n, BINS)."""
    out = np.zeros((len(values), BINS))
    out[np.arange(len(values)), index] = values
    return out


def _brier_parts(judged: Judged, weight: Floats) -> dict[str, Floats]:
    """Calibration and refinement over groups of equal size by probability (DeGroot and Fienberg 1983)."""
    n = len(judged)
    group = np.empty(n, dtype=np.int64)
    for k, rows in enumerate(np.array_split(np.argsort(judged.probability, kind="stable"), BINS)):
        group[rows] = k
    size = weight @ _in_bins(np.ones(n), group)
    filled = np.maximum(size, 1e-12)
    said, won = (
        weight @ _in_bins(judged.probability, group) / filled,
        weight @ _in_bins(judged.won, group) / filled,
    )
    total = size.sum(axis=1)
    return {
        "brier_calibration": (size * (said - won) ** 2).sum(axis=1) / total,
        "brier_refinement": (size * won * (1 - won)).sum(axis=1) / total,
    }


def _best(order: Ints, weight: Floats, share: float) -> Floats:
    """The weights (d, n) of the first `share` of rows in the given order, to the nearest whole row, one at least."""
    w = weight[:, order]
    before = w.cumsum(axis=1) - w
    rows = np.maximum(1.0, np.round(w.sum(axis=1) * share))[:, None]
    return np.asarray(np.clip(rows - before, 0.0, w), dtype=np.float64)


def _revenue(judged: Judged, weight: Floats) -> dict[str, Floats]:
    """Figures of money; wins of unknown amount are left out."""
    nothing = np.full(len(weight), np.nan)
    known = (judged.won == 0) | ~np.isnan(judged.amount)
    if np.isnan(judged.expected_amount).all() or np.isnan(judged.amount).all():
        names = [
            "revenue",
            "revenue_expected",
            "revenue_error",
            "revenue_mae",
            "gini",
            "amount_coverage",
            "amount_width",
        ]
        names += [f"revenue_captured_{share:.0%}"[:-1] for share in SHARES]
        return dict.fromkeys(names, nothing)
    w = weight * known
    revenue = np.nan_to_num(judged.amount)
    expected = np.nan_to_num(judged.probability * judged.expected_amount)
    total, said = w @ revenue, w @ expected
    out = {
        "revenue": total,
        "revenue_expected": said,
        "revenue_error": np.where(total > 0, said / total - 1, np.nan),
        "revenue_mae": w @ np.abs(revenue - expected) / w.sum(axis=1),
        "gini": gini(revenue, expected, w),
        **_amount_interval(judged, w),
    }
    order = best_first(expected)
    for share in SHARES:
        taken = _best(order, w, share)
        out[f"revenue_captured_{share:.0%}"[:-1]] = np.where(
            total > 0, taken @ revenue[order] / total, np.nan
        )
    return out


def gini(revenue: Floats, score: Floats, weight: Floats) -> Floats:
    """Normalised Gini (d,): 1 is the order of the truth, 0 chance; a row of weight w counts as w rows."""
    total, rows = weight @ revenue, weight.sum(axis=1)

    def area(order_by: Floats) -> Floats:
        order = best_first(order_by)
        w, a = weight[:, order], revenue[order]
        before = (w * a).cumsum(axis=1) - w * a
        return np.asarray(
            (w * before + a * w * (w + 1) / 2).sum(axis=1) / (total * rows) - (rows + 1) / (2 * rows)
        )

    with np.errstate(divide="ignore", invalid="ignore"):
        perfect = area(revenue)
        return np.where((total > 0) & (perfect > 0), area(score) / perfect, np.nan)


def _amount_interval(judged: Judged, weight: Floats) -> dict[str, Floats]:
    """Share of known wins inside their 80 % interval, and the median width in amounts."""
    rows = np.flatnonzero(~np.isnan(judged.amount) & ~np.isnan(judged.amount_low))
    if not len(rows):
        return dict.fromkeys(("amount_coverage", "amount_width"), np.full(len(weight), np.nan))
    amount, low, high = judged.amount[rows], judged.amount_low[rows], judged.amount_high[rows]
    slack = TOLERANCE * np.abs(amount) + HALF_CENT
    inside = (amount >= low - slack) & (amount <= high + slack)
    w = weight[:, rows]
    return {
        "amount_coverage": w @ inside / w.sum(axis=1),
        "amount_width": weighted_median((high - low) / np.maximum(amount, 1.0), w),
    }


def weighted_median(values: Floats, weight: Floats) -> Floats:
    """The median (d,) of values (n,) as if each stood there `weight` times (d, n)."""
    order = np.argsort(values, kind="stable")
    upto = weight[:, order].cumsum(axis=1)
    half = upto[:, -1:] / 2
    last = len(values) - 1
    low = np.minimum((upto < half).sum(axis=1), last)
    high = np.minimum((upto <= half).sum(axis=1), last)
    middle = (values[order][low] + values[order][high]) / 2
    return np.where(upto[:, -1] > 0, middle, np.nan)
