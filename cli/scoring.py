"""`leadcast score`: every lead open at T, scored by one model, to a CSV or Parquet file."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import as_of_option, data_argument, json_option, model_option, table_option
from cli.output import emit, say, say_warnings, when
from cli.progress import progress

if TYPE_CHECKING:
    from history.history import History
    from models.bundle import Bundle
    from models.scores import Scores

MOST_DRIFTS = 5  # lines on the terminal; --json has them all


class Reasons(click.ParamType[int | None]):
    """K or `all`; all is None."""

    name = "K|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value == "all":
            return None
        if isinstance(value, int) or (str(value).isdecimal() and len(str(value)) < 6):
            return int(value)
        return self.fail(f"{value!r} is neither a whole number from 0 nor `all`", param, ctx)


@click.command()
@data_argument
@as_of_option()
@model_option
@click.option(
    "--reasons",
    type=Reasons(),
    default="5",
    show_default=True,
    metavar="K|all",
    help="Reasons for each lead: K or all.",
)
@table_option
@json_option
def score(data: Path, output: Path, reasons: int | None, as_json: bool, **options: Any) -> None:
    """Scores every lead of DATA that is open at T.

    \b
    Examples:
      leadcast score crm --output scores.csv
      leadcast score crm --as-of 2026-03-01 --reasons all --output scores.parquet
      leadcast score crm --model 3 --output old-model.csv --json
    """
    from cli.model_choice import model as find_model
    from cli.reading import read_for, say_set_aside
    from history.snapshot import open_leads
    from models.scorer import score as run

    with progress() as tell:
        tell("loading the model", 0.0)
        bundle = find_model(options["model"])
        tell("reading the data", 0.1)
        history, warnings = read_for(bundle, data, options["as_of"])
        tell("scoring", 0.5)
        scores = run(bundle, open_leads(history, history.as_of_us), reasons)
        warnings += drifted(bundle, history)
        tell("writing", 0.9)
        write_scores(scores, output)
    warnings += counted(scores.warnings)
    say_set_aside(history)
    say_warnings(fewer_drifts(warnings))
    result = summary(scores, history.as_of_us, output)
    say(
        f"{len(scores):,} leads open at {when(history.as_of_us)} scored by version {bundle.version}: "
        f"{result['expected_wins']:.1f} wins expected within {scores.horizon_days} days. Written to {output}"
    )
    if as_json:
        emit({**result, "warnings": warnings})


def drifted(bundle: "Bundle", history: "History") -> list[dict[str, str]]:
    """`drift` warnings: features of the leads open now that no longer look as they did in training."""
    from features.matrix import build_matrix
    from history.snapshot import open_leads
    from training.drift import drift

    reference = bundle.card.get("reference")
    if not reference:
        return []
    matrix = build_matrix(open_leads(history, history.as_of_us), bundle.vocabulary)
    found = drift(reference, matrix.values, matrix.features)
    return [{key: str(finding[key]) for key in ("code", "subject", "detail")} for finding in found]


def fewer_drifts(warnings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The warnings for the terminal: of the drifts, largest first, MOST_DRIFTS and how many more there are."""
    drifts = [w for w in warnings if w["code"] == "drift"]
    if len(drifts) <= MOST_DRIFTS:
        return warnings
    more = {
        "code": "drift",
        "subject": "",
        "detail": f"{len(drifts) - MOST_DRIFTS} more features differ; --json lists them all",
    }
    return [w for w in warnings if w["code"] != "drift"] + drifts[:MOST_DRIFTS] + [more]


def counted(notes: Iterable[Iterable[Mapping[str, str]]]) -> list[dict[str, Any]]:
    """Warnings of many leads as one each of a code and subject, with the number of leads and the first detail."""
    first: dict[tuple[str, str], str] = {}
    count: Counter[tuple[str, str]] = Counter()
    for one in notes:
        for note in one:
            key = note["code"], note["subject"]
            first.setdefault(key, note["detail"])
            count[key] += 1
    return [
        {"code": code, "subject": subject, "detail": first[code, subject], "leads": n}
        for (code, subject), n in count.items()
    ]


def summary(scores: "Scores", as_of_us: int, output: Path) -> dict[str, Any]:
    """What one scoring came to: leads, wins and revenue expected, leads by status."""
    import numpy as np

    from history.read import format_time
    from models.scores import STATUS

    revenue = scores.expected_revenue[~np.isnan(scores.expected_revenue)]
    return {
        "output": str(output),
        "model_version": scores.model_version,
        "as_of": format_time(as_of_us),
        "leads": len(scores),
        "expected_wins": float(scores.probability.sum()),
        "expected_revenue": float(revenue.sum()) if len(revenue) else None,
        "currency": scores.currency,
        "horizon_days": scores.horizon_days,
        "status": {name: int((scores.status == i).sum()) for i, name in enumerate(STATUS)},
    }


def write_scores(scores: "Scores", output: Path) -> None:
    """The score file: columns in the contract's order, numbers so that they read back to the last bit."""
    import pyarrow as pa

    from history.atomic_file import write_table

    number, text = pa.float64(), pa.string()
    columns = scores.columns()
    kinds = {name: number for name in columns if name in NUMBERS} | {"horizon_days": pa.int64()}
    write_table(pa.table({n: pa.array(v, type=kinds.get(n, text)) for n, v in columns.items()}), output)


NUMBERS = (
    "probability",
    "probability_low",
    "probability_high",
    "score",
    "expected_amount",
    "expected_amount_low",
    "expected_amount_high",
    "expected_revenue",
    "baseline_probability",
)
