"""The scores of a folder for `leadcast score`: of its whole history, or part after part if it is larger than memory."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from cli.folder.parts import Split, in_parts, parts_of
from cli.folder.reading import read_for
from cli.options import as_of_us, now_us
from history.base.arrays import Flags, Floats
from history.base.engine import Engine
from history.base.progress import Progress, part
from history.base.table_file import TEXT, write_columns
from history.base.warnings import Warning
from history.config.config import FunnelConfig
from history.config.schema import ACCOUNT
from history.folder.data_folder import config_differences
from history.folder.parts.gather import Gathered, PartHistory, gather
from history.folder.parts.split import SplitFolder
from history.folder.rules.acceptance import require_acceptable
from history.folder.validate import ReadOptions
from history.history import TableReport
from history.snapshot import open_leads
from models.bundle import Bundle
from models.by_parts import score_on
from models.inputs import InputCheck
from models.scores.presentation import lead_names, present, written_texts
from models.scores.scores import COLUMN_KINDS, COLUMNS, counted_warnings
from models.scores.scores_on_disk import RankedScores, SavedScores, save_scores
from training.drift import DriftCounts, drift_counts, drift_warnings, warnings_of_drift

SPLITTING, READING = 0.15, 0.92  # how far the work is after these steps


@dataclass(frozen=True)
class ScoreOptions:
    """What of a folder is scored and written; parts: into how many it is split, None for as many as memory needs."""

    as_of: str | None
    accept_rejected: bool
    reasons: int | None
    columns: str
    top: int
    output: Path | None
    parts: int | None


@dataclass(frozen=True)
class Scored:
    """Scores by rank (n,), the records of the best, what was set aside, and every warning."""

    reports: dict[str, TableReport]
    as_of_us: int
    probability: Floats
    expected_revenue: Floats
    status: Flags
    best: list[dict[str, Any]]
    warnings: list[Warning]


def scored(
    bundle: Bundle, data: Path, options: ScoreOptions, engine: Engine | None, report: Progress
) -> Scored:
    """Scores the leads of a folder that are open at T, and writes them.

    A folder that would fill the memory is split into parts on disk first. Raises InvalidInput for data that cannot be
    used, a usage error for columns that it does not have.
    """
    as_of_us(options.as_of, bundle.config.zone)  # refused before the folder is read
    run = _Run(bundle, data, options, engine, report)
    needs_whole = (
        "a feature of funnel.toml is of whole accounts" if bundle.vocabulary.reads_accounts else None
    )
    result = in_parts(
        Split(data, bundle.config, parts_of(data, options.parts), needs_whole),
        part(report, 0.0, SPLITTING),
        lambda folder: _by_parts(run, folder),
    )
    return _at_once(run) if result is None else result


class _Run(NamedTuple):
    bundle: Bundle
    data: Path
    options: ScoreOptions
    engine: Engine | None
    report: Progress


def _at_once(run: _Run) -> Scored:
    bundle, data, options, engine, report = run
    report("reading the data", 0.0)
    history, warnings = read_for(bundle, data, options.as_of, options.accept_rejected)
    columns = further_columns(options.columns, tuple(history.attributes))

    report("scoring", 0.7)
    snapshot = open_leads(history, history.as_of_us)
    presented = present(score_on(engine, bundle, snapshot, options.reasons), snapshot, columns)
    scores = presented.scores
    warnings += drift_warnings(bundle, history, engine)
    warnings += counted_warnings(scores.warnings)

    report("writing", 0.9)
    if options.output is not None:
        kinds = {**COLUMN_KINDS, **dict.fromkeys(presented.columns, TEXT)}
        write_columns({**scores.columns(), **presented.columns}, kinds, options.output)
    best = scores.take(np.arange(min(options.top, len(scores)))).records()
    return Scored(
        history.reports,
        history.as_of_us,
        scores.probability,
        scores.expected_revenue,
        scores.status,
        best,
        warnings,
    )


def further_columns(text: str, known: Sequence[str]) -> list[str]:
    """The columns of --columns; raises a usage error for one that the folder does not have."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name in COLUMNS:
            raise click.BadParameter(f"{name} is a column of every score file", param_hint="--columns")
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'no attributes'}"
            raise click.BadParameter(f"`leads` has no column {name}: {hint}", param_hint="--columns")
    return list(dict.fromkeys(names))


# ---- part after part


class _OfPart(NamedTuple):
    """What is kept of a part: its scores in a file, and what is counted over all parts."""

    scores: SavedScores
    inputs: InputCheck
    drift: DriftCounts | None


def _by_parts(run: _Run, folder: SplitFolder) -> Scored:
    bundle, _, options, _, report = run
    at_us = as_of_us(options.as_of, bundle.config.zone)

    def work(of_part: PartHistory) -> _OfPart:
        return _of_part(run, of_part, folder.target / f"scores-{of_part.number}.arrow")

    read_options = ReadOptions(folder.config, now_us())
    gathered = gather(folder, read_options, at_us, work, part(report, SPLITTING, READING))
    if not options.accept_rejected:
        require_acceptable(gathered.reports)
    report("writing", READING)
    ranked = RankedScores(
        [of_part.scores for of_part in gathered.results],
        [name for name in further_columns(options.columns, gathered.attributes) if name == ACCOUNT],
    )
    of_leads = ranked.write(options.output)
    return Scored(
        gathered.reports,
        gathered.as_of_us,
        ranked.probability,
        ranked.expected_revenue,
        ranked.status,
        _records(ranked, options.top),
        [*_warnings(bundle, folder.own, gathered), *of_leads],
    )


def _of_part(run: _Run, of_part: PartHistory, file: Path) -> _OfPart:
    bundle, _, options, engine, _ = run
    history = of_part.history
    columns = further_columns(options.columns, tuple(history.attributes))
    snapshot = open_leads(history, history.as_of_us)
    scores = replace(score_on(engine, bundle, snapshot, options.reasons), name=lead_names(snapshot))
    further = {name: written_texts(snapshot, name) for name in columns}
    inputs = InputCheck(bundle, has_header=True)
    inputs.add(history, snapshot.lead)
    return _OfPart(
        save_scores(scores, of_part.rows[snapshot.lead], further, file),
        inputs,
        drift_counts(bundle, history, engine),
    )


def _warnings(bundle: Bundle, own: FunnelConfig, gathered: Gathered[_OfPart]) -> list[Warning]:
    """The warnings about the folder, in the order in which reading it at once gives them."""
    first, *others = gathered.results
    warnings = first.inputs.and_then(of_part.inputs for of_part in others).warnings()
    warnings += config_differences(own, bundle.config)
    warnings += gathered.warnings
    counts = [of_part.drift for of_part in gathered.results if of_part.drift is not None]
    if counts:
        warnings += warnings_of_drift(bundle, reduce(DriftCounts.and_then, counts))
    return warnings


def _records(ranked: RankedScores, count: int) -> list[dict[str, Any]]:
    """The first scores as Scores.records gives them."""
    return [{**row, "reasons": json.loads(row["reasons"])} for row in ranked.first(count)]
