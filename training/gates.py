"""Whether a new version may take the champion's place: a written decision with reasons."""

from dataclasses import dataclass, field

from features.event_log import History
from models.bundle import Bundle
from training.fit import Trained


@dataclass(frozen=True)
class Decision:
    """promote, and the sentences that say why."""

    promote: bool
    reasons: list[str] = field(default_factory=list)


def decide(trained: Trained, champion: Bundle | None, history: History) -> Decision:
    """The gate: never by age alone.

    With `signal: none` the bundle is the base rate itself and may serve as the first. A first model must not be worse than the
    base rate, a later one neither than the base rate nor than the stage table.
    """
    if trained.signal == "none":
        if champion is None:
            return Decision(True, ["no usable signal: the base rate is served, with its interval, until there is one"])
        return Decision(False, ["no usable signal in the replay: the champion stays"])
    model = trained.metrics["log_loss"]
    rivals = ("base_rate",) if champion is None else ("base_rate", "stage_table")
    worse = [name for name in rivals if model > trained.baselines[name]["log_loss"]]
    reasons = [
        f"log loss {model:.4f} against {trained.baselines[name]['log_loss']:.4f} of the {name.replace('_', ' ')}: "
        + ("worse" if name in worse else "better")
        for name in rivals
    ]
    if worse:
        return Decision(False, [*reasons, "not promoted: a simpler table does as well"])
    return Decision(True, reasons)
