"""The model card as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.bundle import Bundle
from training.evaluation.metrics import METRICS
from training.model_card import card

SHOWN_FEATURES = 20
FAIRNESS_COLUMNS = {
    "group": "",
    "leads": "leads",
    "wins": "won rows",
    "selection_rate": "in the best 20 %",
    "win_rate": "share won",
    "mean_probability": "mean probability",
    "auc": "auc",
    "ece": "ece",
}


def card_text(bundle: Bundle) -> str:
    """The whole card; sections without content are left out."""
    content = card(bundle)
    sections = [
        f"# Model card: version {content['model_version'] or '(not registered)'} of {content['funnel']}",
        _summary(content),
        _sentence(content["evidence"]),
        "## How good it is",
        "Brackets hold 90 % intervals of a bootstrap by lead; baselines are fitted and evaluated on the same rows.",
        _metrics(content),
        "## Calibration",
        _calibration(content),
        "## What drives its scores",
        _features(content),
        _combinations(content),
        _left_out(content),
        "## How large its trees are",
        _settings(content),
        "## Fairness",
        _fairness(content),
        "## Known limits",
        "\n".join(f"- {line}" for line in content["limits"]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _summary(content: Mapping[str, Any]) -> str:
    data = content["data"]
    return (
        f"Trained on {_text(data['n_snapshots'])} snapshots of {_text(data['n_leads'])} leads, "
        f"from {_text(data['first_snapshot'])} through {_text(data['trained_through'])}. "
        f"Predicts a win within {content['horizon_days']} days. "
        f"Signal: {content['signal']}. Base rate {content['base_rate']:.3f}."
    )


def _sentence(clause: str | None) -> str:
    return f"{clause[:1].upper()}{clause[1:]}." if clause else ""


def _metrics(content: Mapping[str, Any]) -> str:
    if not content["metrics"]:
        return "Nothing could be evaluated."
    rows: list[Sequence[object]] = [("model", *(_with_interval(content, name) for name in METRICS))]
    for baseline, metrics in content["baselines"].items():
        rows.append((baseline.replace("_", " "), *(metrics.get(name) for name in METRICS)))
    return _table(("", *METRICS), rows)


def _with_interval(content: Mapping[str, Any], name: str) -> str:
    value, ends = _text(content["metrics"].get(name)), content["intervals"].get(name)
    return value if ends is None else f"{value} [{ends[0]:.4g}, {ends[1]:.4g}]"


def _calibration(content: Mapping[str, Any]) -> str:
    rows = [(row["n"], row["probability"], row["won"]) for row in content["calibration"]]
    return _table(("rows", "mean probability", "share won"), rows)


def _features(content: Mapping[str, Any]) -> str:
    shown = content["features"][:SHOWN_FEATURES]
    rows = [(record["feature"], record["unit"], record["mean_abs_log_odds"]) for record in shown]
    return _table(("feature", "unit", "mean absolute log-odds"), rows)


def _combinations(content: Mapping[str, Any]) -> str:
    if not content["combinations"]:
        return ""
    names = ", ".join(f"{first} with {second}" for first, second in content["combinations"])
    return f"Attributes that win together more or less often than each suggests: {names}."


def _left_out(content: Mapping[str, Any]) -> str:
    lines = []
    if content["left_out"]:
        names = ", ".join(content["left_out"])
        lines.append(f"Left out, as configured or as suspected of leaking the outcome: {names}.")
    if content["identity"]:
        names = ", ".join(f"{name} ({form})" for name, form in content["identity"].items())
        lines.append(f"Identity, never learned: {names}.")
    if content["unused_clocks"]:
        names = ", ".join(content["unused_clocks"])
        lines.append(f"Masked, as they reveal the date rather than describe the lead: {names}.")
    return "\n".join(lines)


def _settings(content: Mapping[str, Any]) -> str:
    """What was compared, and why the chosen setting was chosen."""
    parameters = content["parameters"]
    if not parameters:
        return ""
    share = content["rows_read"]
    read = "all snapshots" if share == 1 else f"an even sample of {share:.0%} of the snapshots"
    if not content["settings"]:
        trees = f"{parameters['rounds']} trees of at most {parameters['leaves']} leaves"
        return f"{trees}, from {read}. No other setting was compared."
    why = (
        f"Trees of several sizes, from {read}. A setting's weight is the probability that it is the best, by its gain "
        "in log loss at later instants on the default:"
    )
    rows = [
        (one["rounds"], one["leaves"], one["log_loss"], one["gain"], one["standard_error"], one["weight"])
        for one in content["settings"]
    ]
    header = ("trees", "leaves", "log loss", "gain", "standard error", "weight")
    return f"{why}\n\n{_table(header, [(*row[:-1], f'{row[-1]:.0%}' if row[-1] else '') for row in rows])}"


def _fairness(content: Mapping[str, Any]) -> str:
    if not content["sensitive"]:
        return "No sensitive attribute is declared (`sensitive` under `[attributes]` in funnel.toml)."
    if not content["fairness"]:
        names = ", ".join(content["sensitive"])
        return f"Declared sensitive: {names}. No rows could be evaluated by group."
    tables = []
    for name, groups in content["fairness"].items():
        rows = [[group[column] for column in FAIRNESS_COLUMNS] for group in groups]
        tables.append(f"{name}:\n\n{_table(tuple(FAIRNESS_COLUMNS.values()), rows)}")
    return "\n\n".join(tables)


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return "None."
    lines = [header, ["---"] * len(header)]
    lines += [[_text(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(value: object) -> str:
    """A cell of a table: a dash for a missing number; line breaks and bars are made harmless."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")
