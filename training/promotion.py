"""Whether a new version may take the champion's place: a written decision with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from history.arrays import Floats, Ints
from history.errors import InvalidInput
from history.history import History
from history.snapshot import Snapshot, cut, open_leads
from history.times import format_time
from models.bundle import Bundle
from models.scorer import score
from training.audit.audit import SUSPECTED
from training.evaluation.bootstrap import Judged, drawn, draws_of, interval, point
from training.rows.dataset import grid, grid_step_us
from training.rows.labels import label
from training.rows.training_set import history_as_trained
from training.train import Trained, TrainOptions, train

MIN_WINS = 10  # leads won after both were fitted: fewer tell nothing
ENOUGH_WINS = 60  # as many let the challenger's replay start later, nearer to what would be served
DRAWS = 400
SIGN = {"log_loss": 1.0, "ece": 1.0, "gini": -1.0}  # in which direction a difference is bad
MATTERS = {"log_loss": 0.0, "ece": 0.01, "gini": 0.02}  # a loss smaller than that does not keep the champion
WORDS = {"log_loss": "log loss", "ece": "calibration error", "gini": "ranking of revenue (Gini)"}


@dataclass(frozen=True)
class Decision:
    """promote, and the sentences that say why."""

    promote: bool
    reasons: list[str] = field(default_factory=list)


def decide(trained: Trained, champion: Bundle | None, history: History) -> Decision:
    """The gate; history is the one that was trained on, cut at its T. Age alone never decides.

    A first model must not be worse than the base rate, in the replay or, where that could fit on little, on leads held
    out together. A later one must not be worse than the base rate or the stage table, and must do better than the
    champion on leads whose outcomes neither had seen.
    """
    if champion is None:
        return _first(trained)
    if trained.signal == "none" and champion.signal == "usable":
        return Decision(False, ["the replay shows no usable signal: the champion, which had one, stays"])
    tables = _against_tables(trained, ("base_rate", "stage_table"))
    if not tables.promote:
        return Decision(
            False, [*tables.reasons, "the champion stays: a simpler table does as well as this version"]
        )
    against = _against_champion(trained, champion, history)
    return Decision(against.promote, [*tables.reasons, *against.reasons])


def _first(trained: Trained) -> Decision:
    if trained.signal == "none":
        return Decision(True, ["first version, no usable signal: the base rate is served until there is one"])
    tables = _against_tables(trained, ("base_rate",))
    apart = trained.evaluation.held_out if trained.evaluation else {}
    if not tables.promote and apart and apart["log_loss"] < apart["base_rate"]:
        better = (
            f"log loss {apart['log_loss']:.4f} on leads held out together against {apart['base_rate']:.4f} of the base "
            "rate: better; the replayed fits had far fewer leads than this version"
        )
        return Decision(True, [*tables.reasons, better, "first version: promoted"])
    last = "promoted" if tables.promote else "not promoted, the base rate alone does better"
    return Decision(tables.promote, [*tables.reasons, f"first version: {last}"])


def _against_tables(trained: Trained, rivals: Sequence[str]) -> Decision:
    """Not worse in log loss than any rival in the replay; a version that is the base rate has nothing to compare."""
    if trained.signal == "none":
        return Decision(True, ["no usable signal: this version is the base rate"])
    model = trained.metrics["log_loss"]
    reasons, good = [], True
    for name in rivals:
        rival = trained.baselines[name]["log_loss"]
        worse = model > rival
        good = good and not worse
        verdict = "worse" if worse else "not worse"
        reasons.append(
            f"log loss {model:.4f} in the replay against {rival:.4f} of the {name.replace('_', ' ')}: {verdict}"
        )
    return Decision(good, reasons)


# ---- against the champion


@dataclass(frozen=True)
class Later:
    """Rows later than both fits: snapshots on the grid from start_us on, matured at T, with what happened."""

    snapshot: Snapshot
    won: Floats
    amount: Floats
    start_us: int

    @property
    def wins(self) -> int:
        return len(np.unique(self.snapshot.lead[self.won > 0]))


def _against_champion(trained: Trained, champion: Bundle, history: History) -> Decision:
    ours, theirs = trained.bundle.config.horizon_days, champion.config.horizon_days
    if ours != theirs:
        return _not_comparable(
            f"the champion predicts {theirs} days ahead, this version {ours}; promote it by hand if that is meant"
        )
    later = later_rows(history, champion.trained_through_us)
    if later.wins < MIN_WINS:
        return _not_comparable(
            f"{later.wins} leads were won in horizons that began after the champion was trained "
            f"({format_time(champion.trained_through_us)[:10]}) and have ended; {MIN_WINS} are needed"
        )
    try:
        before = refitted(trained, history, later.start_us)
    except InvalidInput as refused:
        day = format_time(later.start_us)[:10]
        return _not_comparable(f"this version cannot be fitted on what was known at {day}: {refused}")
    return compare(judged_by(before, later), judged_by(champion, later), later)


def _not_comparable(why: str) -> Decision:
    return Decision(False, [f"not_comparable: {why}", "the champion stays"])


def later_rows(history: History, champion_us: int) -> Later:
    """The latest matured rows not before champion_us that hold ENOUGH_WINS won leads, or all there are."""
    horizon = history.config.horizon_us
    dates = grid(history, history.as_of_us - horizon, grid_step_us(horizon))
    dates = [at for at in dates if at >= champion_us]
    none: Ints = np.zeros(0, dtype=np.int64)
    parts = [open_leads(history, at) for at in dates]
    lead = np.concatenate([none, *(s.lead for s in parts)])
    at_us = np.concatenate([none, *(s.as_of_us for s in parts)])
    labels = label(Snapshot(history, lead, at_us), horizon)
    last_won = np.zeros(len(history), dtype=np.int64)
    np.maximum.at(last_won, lead[labels.won], at_us[labels.won])
    enough = [at for at in dates if int((last_won >= at).sum()) >= ENOUGH_WINS]
    start = enough[-1] if enough else dates[0] if dates else history.as_of_us
    rows = at_us >= start
    won = labels.won.astype(np.float64)
    return Later(Snapshot(history, lead[rows], at_us[rows]), won[rows], labels.amount[rows], start)


def refitted(trained: Trained, history: History, at_us: int) -> Bundle:
    """The version as the same training would have made it at an earlier instant, without the columns left out now."""
    past = cut(history_as_trained(trained.bundle, history), at_us)
    kept = {f["subject"] for f in trained.audit if f["code"] == SUSPECTED} - {*trained.bundle.config.ignore}
    keep = tuple(sorted(kept & (past.attributes.keys() | set(past.changes.attribute.values))))
    return train(
        past, TrainOptions(trials=trained.params["trials"], seed=trained.params["seed"], keep=keep)
    ).bundle


def judged_by(bundle: Bundle, later: Later) -> Judged:
    """What a version says of the rows, beside what happened."""
    snapshot = later.snapshot
    scores = score(
        bundle, replace(snapshot, history=replace(snapshot.history, config=bundle.config)), reasons=0
    )
    return Judged.of(scores, later.won, later.amount, np.unique(snapshot.lead, return_inverse=True)[1])


def compare(challenger: Judged, champion: Judged, later: Later) -> Decision:
    """Better log loss, and neither calibration nor the ranking of revenue surely worse: paired bootstrap by lead."""
    counts = draws_of(int(challenger.lead.max()) + 1, 0, DRAWS)
    new, old = point(challenger), point(champion)
    new_draws, old_draws = drawn(challenger, counts), drawn(champion, counts)
    n, day = len(np.unique(challenger.lead)), format_time(later.start_us)[:10]
    reasons = [
        f"judged on {n} leads open from {day} on, {later.wins} of them won; this version as fitted before that day"
    ]
    worse = []
    for name, sign in SIGN.items():
        gap = new[name] - old[name]
        if not np.isfinite(gap):
            continue
        ends = interval(new_draws[name] - old_draws[name]) or [gap, gap]
        surely = min(sign * ends[0], sign * ends[1]) > MATTERS[name]
        worse += [WORDS[name]] if surely else []
        verdict = "surely worse" if surely else "better" if sign * gap < 0 else "not better"
        reasons.append(
            f"{WORDS[name]} {new[name]:.4f} against {old[name]:.4f} of the champion, difference {gap:+.4f} "
            f"({ends[0]:+.4f} to {ends[1]:+.4f}): {verdict}"
        )
    better = new["log_loss"] < old["log_loss"]
    if better and not worse:
        return Decision(True, [*reasons, "promoted: better than the champion on what came after it"])
    why = f"surely worse in {' and '.join(worse)}" if worse else "not better in log loss"
    return Decision(False, [*reasons, f"the champion stays: this version is {why}"])
