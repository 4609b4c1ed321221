"""What a history must hold to be trained on, and the warnings about one that holds little more than that."""

import numpy as np

from funnel.recording import known_leads, recording_warnings
from history.base.errors import InvalidInput
from history.base.warnings import Warning
from history.folder.rules.rules import REJECTED
from history.history import LOST, WON, History
from history.odd_creations import first_creation_us
from history.text.times import format_time
from models.figures.amount import AmountModel
from training.evaluation.evaluate import Evaluation
from training.evaluation.out_of_fold import BY_DATE
from training.evaluation.regime import Change
from training.rows.dataset import Rows

MIN_WINS = 10  # leads won; with fewer even the base rate is little more than chance
FEW_WINS = 100  # leads won; with fewer the intervals of probabilities are wide


def require_outcomes(history: History) -> None:
    """Raises InvalidInput, listing every problem, if fewer than MIN_WINS leads were won by T or every lead was."""
    outcomes = history.outcomes
    leads_won = len(np.unique(outcomes.lead[outcomes.state == WON]))
    problems = []
    if not len(outcomes.state):
        problems.append(_no_outcomes(history))
    elif leads_won < MIN_WINS:
        problems.append(
            f"{leads_won} leads were won by {format_time(history.as_of_us)}; training needs at least {MIN_WINS}: "
            + (_set_aside(history) or "add older leads, or wait for more wins")
        )
    if len(history) and leads_won == len(history):
        problems.append(
            "every lead was won, so a model has nothing to compare winners with: "
            "add the leads that were lost or are still open"
        )
    if problems:
        raise InvalidInput(problems)


def _no_outcomes(history: History) -> str:
    problem = "no outcomes are visible at T: training needs the table outcomes with won and lost leads"
    if set_aside := _set_aside(history):
        return f"{problem}; {set_aside}"
    days = history.config.horizon_days
    if (
        not len(history)
        or first_creation_us(history.created_us) + history.config.horizon_us <= history.as_of_us
    ):
        return problem
    return (
        f"{problem}; no lead is {days} days old at T, and an outcome without closed_at and recorded_at counts from "
        f"{days} days after its lead's creation: add closed_at, or choose a later T or a shorter horizon_days"
    )


def _set_aside(history: History) -> str:
    """The rule that set most outcomes aside, as a remedy; empty without any."""
    report = history.reports.get("outcomes")
    if report is None or not report.rejected:
        return ""
    broken = max(report.rejected, key=lambda rows: rows.count)
    reason = REJECTED[broken.rule]
    return f"{broken.count:,} of {report.rows:,} outcomes are set aside by {broken.rule} ({reason}): {broken.first[0]}"


def require_rows(history: History, rows: Rows) -> None:
    """Raises InvalidInput if no snapshot is matured, fewer than MIN_WINS leads won within it, or every snapshot won."""
    horizon = history.config.horizon_days
    if not len(rows):
        raise InvalidInput(
            f"no lead was open {horizon} days before {format_time(history.as_of_us)}, so no horizon of {horizon} days "
            "is fully observed: add older leads, or set a shorter horizon_days in funnel.toml"
        )
    won = rows.labels.won
    leads_won = rows.leads_won
    if leads_won < MIN_WINS or won.all():
        leads = len(np.unique(rows.snapshot.lead))
        raise InvalidInput(
            f"{leads_won} of {leads} leads were won within {horizon} days of a date whose horizon is fully observed; "
            f"training needs at least {MIN_WINS}, and some leads that were not won: add older leads, or set another "
            "horizon_days in funnel.toml"
        )


def warnings_of(
    history: History, rows: Rows, amount: AmountModel | None, evaluation: Evaluation | None
) -> list[Warning]:
    """Warnings about a history that can be trained on, but holds little."""
    warnings = recording_warnings(known_leads(history, history.as_of_us))
    leads_won = rows.leads_won
    if leads_won < FEW_WINS:
        detail = f"only {leads_won} leads were won within the horizon; with fewer than {FEW_WINS} intervals are wide"
        warnings.append(Warning("too_few_outcomes", "outcomes", detail))
    if evaluation is None or evaluation.method != BY_DATE:
        detail = "the history is too short for an evaluation at past dates; held-out leads are used instead"
        warnings.append(Warning("immature_history", "outcomes", detail))
    if evaluation is not None and evaluation.signal == "weak":
        slope = evaluation.slope
        detail = (
            "leads are told apart, but barely: over leads held out together, the slope of outcomes is "
            f"{slope.value:.2f} (standard error {slope.error:.2f}); probabilities are shrunk towards the base rate and "
            "keep their order"
        )
        warnings.append(Warning("weak_signal", "outcomes", detail))
    if not (history.outcomes.state == LOST).any():
        detail = "no lead is recorded as lost: leads without activity stay open and count as not won"
        warnings.append(Warning("no_losses", "outcomes", detail))
    if amount is not None and not amount.predictable:
        detail = "no feature of a lead predicts its amount; every lead gets the mean of past wins"
        warnings.append(Warning("amount_not_predictable", "amount", detail))
    return warnings


def regime_warning(change: Change | None) -> list[Warning]:
    """The warning about a change of regime, if there is one."""
    if change is None:
        return []
    detail = (
        f"from about {format_time(change.at_us)[:10]} on the odds of a win are {np.exp(change.shift):.2f} times what "
        "they were before, for the same leads; probabilities follow the latest decided leads"
    )
    return [Warning("regime_change", "outcomes", detail)]
