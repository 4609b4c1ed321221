"""The promotion gate: whether a new version may replace the champion, with its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from history.base.arrays import Floats, Ints
from history.base.errors import InvalidInput
from history.history import History
from history.snapshot import Snapshot, cut, open_leads
from history.text.times import format_time
from models.bundle import Bundle
from models.scorer import score
from training.audit.audit import SUSPECTED
from training.evaluation.bootstrap import bootstrap_metrics, draw_counts, interval, point_metrics
from training.evaluation.evaluated_rows import EvaluatedRows
from training.rows.as_trained import history_as_trained
from training.rows.dataset import grid, grid_step_us
from training.rows.labels import label
from training.train import Trained, TrainOptions, train

MIN_WINS = 10  # leads won after both fits; fewer decide nothing
ENOUGH_WINS = 60  # with so many the challenger is refitted later, nearer to the version that would be served
DRAWS = 400
DRAWS_SEED = 0
CERTAINLY_WORSE = "certainly worse"


@dataclass(frozen=True)
class Criterion:
    """A metric that must not get worse.

    sign: 1 if larger is worse, -1 if smaller is. tolerance: a certain loss up to it does not keep the champion.
    """

    metric: str
    label: str
    sign: float
    tolerance: float


CRITERIA = (
    Criterion("log_loss", "log loss", sign=1.0, tolerance=0.0),
    Criterion("ece", "calibration error", sign=1.0, tolerance=0.01),
    Criterion("gini", "ranking of revenue (Gini)", sign=-1.0, tolerance=0.02),
)


@dataclass(frozen=True)
class Decision:
    """The gate's decision and its reasons, one sentence each."""

    promote: bool
    reasons: list[str] = field(default_factory=list)


def decide(trained: Trained, champion: Bundle | None, history: History) -> Decision:
    """Decides on a version just trained; history: the one it was trained on, cut at its T.

    A first version must not be worse than the base rate, at past dates or on held-out leads. A later one must not be
    worse than the base rate or the stage table, and must beat the champion on leads whose outcomes neither has seen.
    The champion's age alone never decides.
    """
    if champion is None:
        return _decide_first(trained)
    if trained.signal == "none" and champion.signal != "none":
        return Decision(
            False, ["this version has no usable signal, and the champion has one: the champion stays"]
        )
    against_tables = _compare_with_baselines(trained, ("base_rate", "stage_table"))
    if not against_tables.promote:
        last = "the champion stays: a simpler table does better than this version"
        return Decision(False, [*against_tables.reasons, last])
    against_champion = _compare_with_champion(trained, champion, history)
    return Decision(against_champion.promote, [*against_tables.reasons, *against_champion.reasons])


def _decide_first(trained: Trained) -> Decision:
    if trained.signal == "none":
        return Decision(
            True, ["first version, without a usable signal: the base rate is served until one is found"]
        )
    if trained.signal == "weak":
        return Decision(
            True,
            ["first version, with weak signal: log-odds are shrunk towards the base rate, and order leads"],
        )
    against_base_rate = _compare_with_baselines(trained, ("base_rate",))
    if against_base_rate.promote:
        return Decision(True, [*against_base_rate.reasons, "first version: promoted"])
    # Fits at past dates see a fraction of the leads, and a home without any version helps nobody (docs/decisions/0014).
    held_out = trained.evaluation.held_out if trained.evaluation else {}
    if held_out and held_out["log_loss"] < held_out["base_rate"]:
        better = (
            f"log loss {held_out['log_loss']:.4f} on held-out leads against {held_out['base_rate']:.4f} of the base "
            "rate: better; the fits at past dates had far fewer leads than this version"
        )
        return Decision(True, [*against_base_rate.reasons, better, "first version: promoted"])
    last = "first version: not promoted, the base rate alone does better"
    return Decision(False, [*against_base_rate.reasons, last])


def _compare_with_baselines(trained: Trained, baselines: Sequence[str]) -> Decision:
    """Promotes a version whose log loss is not above any baseline's, or that is the base rate itself."""
    if trained.signal == "none":
        return Decision(True, ["no usable signal: this version is the base rate"])
    own = trained.metrics["log_loss"]
    reasons = []
    for name in baselines:
        other = trained.baselines[name]["log_loss"]
        verdict = "worse" if own > other else "not worse"
        label = name.replace("_", " ")
        reasons.append(f"log loss {own:.4f} at past dates against {other:.4f} of the {label}: {verdict}")
    worse = any(own > trained.baselines[name]["log_loss"] for name in baselines)
    return Decision(not worse, reasons)


# ---- against the champion


@dataclass(frozen=True)
class LaterRows:
    """n grid rows from start_us on, matured at T: later than both fits. won (n,), amount (n,): NaN if not won."""

    snapshot: Snapshot
    won: Floats
    amount: Floats
    start_us: int

    @property
    def leads_won(self) -> int:
        """Number of leads won within the horizon of a row."""
        return len(np.unique(self.snapshot.lead[self.won > 0]))


def _compare_with_champion(trained: Trained, champion: Bundle, history: History) -> Decision:
    own_horizon, other_horizon = trained.bundle.config.horizon_days, champion.config.horizon_days
    if own_horizon != other_horizon:
        return _not_comparable(
            f"the champion predicts {other_horizon} days ahead, this version {own_horizon}; if the change is intended, "
            "promote the version with `leadcast models promote`"
        )
    later = later_rows(history, champion.trained_through_us)
    if later.leads_won < MIN_WINS:
        day = _day(champion.trained_through_us)
        return _not_comparable(
            f"{later.leads_won} leads were won within horizons that began after the champion's training ({day}) and "
            f"have ended; the comparison needs at least {MIN_WINS}"
        )
    try:
        refit = refitted(trained, history, later.start_us)
    except InvalidInput as error:
        day = _day(later.start_us)
        return _not_comparable(f"this version cannot be fitted on the history known on {day}: {error}")
    return compare(scored_rows(refit, later), scored_rows(champion, later), later)


def _not_comparable(reason: str) -> Decision:
    return Decision(False, [f"not_comparable: {reason}", "the champion stays"])


def later_rows(history: History, champion_us: int) -> LaterRows:
    """The latest matured grid rows from champion_us on with ENOUGH_WINS leads won, or all if they have fewer."""
    horizon_us = history.config.horizon_us
    dates = grid(history, history.as_of_us - horizon_us, grid_step_us(horizon_us))
    dates = [date for date in dates if date >= champion_us]
    open_at = [open_leads(history, date) for date in dates]
    no_rows: Ints = np.zeros(0, dtype=np.int64)
    lead = np.concatenate([no_rows, *(snapshot.lead for snapshot in open_at)])
    as_of_us = np.concatenate([no_rows, *(snapshot.as_of_us for snapshot in open_at)])
    labels = label(Snapshot(history, lead, as_of_us), horizon_us)

    start_us = dates[0] if dates else history.as_of_us
    last_won_us = np.zeros(len(history), dtype=np.int64)
    np.maximum.at(last_won_us, lead[labels.won], as_of_us[labels.won])
    for date in dates:
        if int((last_won_us >= date).sum()) >= ENOUGH_WINS:
            start_us = date
    rows = as_of_us >= start_us
    won = labels.won.astype(np.float64)
    return LaterRows(Snapshot(history, lead[rows], as_of_us[rows]), won[rows], labels.amount[rows], start_us)


def refitted(trained: Trained, history: History, at_us: int) -> Bundle:
    """The version as the same training would have built it at at_us, with the same attributes left out."""
    past = cut(history_as_trained(trained.bundle, history), at_us)
    suspected = {finding.subject for finding in trained.audit if finding.code == SUSPECTED}
    used = suspected - {*trained.bundle.config.ignore}
    present = past.attributes.keys() | set(past.changes.attribute.values)
    options = TrainOptions(
        trials=trained.params["trials"], seed=trained.params["seed"], keep=tuple(sorted(used & present))
    )
    return train(past, options).bundle


def scored_rows(bundle: Bundle, later: LaterRows) -> EvaluatedRows:
    """The rows with a version's scores, under the version's own configuration, and with their outcomes."""
    snapshot = later.snapshot
    configured = replace(snapshot, history=replace(snapshot.history, config=bundle.config))
    lead = np.unique(snapshot.lead, return_inverse=True)[1]
    return EvaluatedRows.from_scores(score(bundle, configured, reasons=0), later.won, later.amount, lead)


def compare(challenger: EvaluatedRows, champion: EvaluatedRows, later: LaterRows) -> Decision:
    """Promotes the challenger if its log loss is lower and no criterion is certainly worse (paired bootstrap by lead).

    Certainly: the whole interval of the difference lies beyond the criterion's tolerance.
    """
    counts = draw_counts(int(challenger.lead.max()) + 1, DRAWS_SEED, DRAWS)
    own, other = point_metrics(challenger), point_metrics(champion)
    own_draws, other_draws = bootstrap_metrics(challenger, counts), bootstrap_metrics(champion, counts)
    leads = len(np.unique(challenger.lead))
    reasons = [
        f"compared on {leads} leads open from {_day(later.start_us)} on, {later.leads_won} of them won; this version "
        "was fitted again as of that day"
    ]
    certainly_worse = []
    for criterion in CRITERIA:
        name = criterion.metric
        difference = own[name] - other[name]
        if not np.isfinite(difference):
            continue
        ends = interval(own_draws[name] - other_draws[name]) or [difference, difference]
        verdict = _verdict(criterion, difference, ends)
        if verdict == CERTAINLY_WORSE:
            certainly_worse.append(criterion.label)
        reasons.append(
            f"{criterion.label} {own[name]:.4f} against {other[name]:.4f} of the champion, difference "
            f"{difference:+.4f} ({ends[0]:+.4f} to {ends[1]:+.4f}): {verdict}"
        )
    if certainly_worse:
        last = f"the champion stays: this version is certainly worse in {' and '.join(certainly_worse)}"
        return Decision(False, [*reasons, last])
    if own["log_loss"] < other["log_loss"]:
        return Decision(
            True, [*reasons, "promoted: better than the champion on outcomes that neither had seen"]
        )
    return Decision(False, [*reasons, "the champion stays: this version is not better in log loss"])


def _verdict(criterion: Criterion, difference: float, ends: Sequence[float]) -> str:
    least_loss = min(criterion.sign * end for end in ends)
    if least_loss > criterion.tolerance:
        return CERTAINLY_WORSE
    return "better" if criterion.sign * difference < 0 else "not better"


def _day(instant_us: int) -> str:
    return format_time(instant_us)[:10]
