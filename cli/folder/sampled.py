"""The leads of a folder to train on: all of them, or a sample of a folder whose training would fill the memory."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import pyarrow as pa

from cli.folder.parts import SPLITTING, Split, in_parts, parts_of, reading_share
from cli.folder.reading import echo_set_aside, read_and_report
from cli.options import as_of_us, now_us
from cli.shown.output import echo
from history.base.arrays import Ints
from history.base.free_memory import free_bytes
from history.base.progress import Progress, part
from history.config.declared_features import ACCOUNT_SCOPE, declared_features
from history.config.file import load_config
from history.folder.parts.gather import PartHistory, gather
from history.folder.parts.kept import KeptLeads, kept_history
from history.folder.parts.lead_keys import in_sample, lead_keys
from history.folder.parts.size import one_in, parts_to_train
from history.folder.parts.split import SplitFolder
from history.folder.rules.acceptance import require_acceptable
from history.folder.tables.files import give_back_memory
from history.folder.validate import ReadOptions
from history.history import History
from history.lead_sample import LeadSample
from history.snapshot import take_leads

READ_AT_ONCE: Final = 0.05  # of the time of a training
AS_LONG_AS_TRAINING: Final = 18e9  # bytes of CSV that are read in parts in that time


@dataclass(frozen=True)
class TrainingData:
    """What of a folder is learned from.

    parts: into how many it is split, None if it is read at once; one_in: one lead in so many is taken, None for as
    many as fit.
    """

    as_of: str | None
    accept_rejected: bool
    parts: int | None
    one_in: int | None

    @classmethod
    def of(cls, data: Path, options: Mapping[str, Any]) -> "TrainingData":
        """By the options of a command; without --parts as many as the memory needs that is free now."""
        given = {field.name: options[field.name] for field in fields(cls)}
        return cls(**{**given, "parts": parts_of(data, options["parts"], parts_to_train)})


def read_to_train(data: Path, options: TrainingData, report: Progress) -> History:
    """The history of a folder's leads, or of a sample of them, with the reports of all; prints what was set aside.

    A folder whose training would fill the memory is split into parts on disk, and every row of it is read. The sample
    is drawn by a hash of ids: it depends neither on parts nor on the order of rows. Raises InvalidInput for data that
    cannot be used.
    """
    config = load_config(data)
    as_of_us(options.as_of, config.zone)  # refused before the folder is read
    has_accounts = any(feature.scope == ACCOUNT_SCOPE for feature in declared_features(config.features))
    if has_accounts and (options.one_in or 1) > 1:
        raise click.UsageError(
            "--one-in would part the leads of an account, and a feature of funnel.toml is of whole accounts"
        )
    needs_whole = "a feature of funnel.toml is of whole accounts" if has_accounts else None
    history = in_parts(
        Split(data, None, options.parts, needs_whole),
        part(report, 0.0, SPLITTING),
        lambda folder: _by_parts(data, folder, options, part(report, SPLITTING, 1.0)),
    )
    if history is not None:
        return history
    report("reading the data", 0.0)
    return _at_once(data, options)


def share_of_reading(data: Path, options: TrainingData) -> float:
    """The share of a training's time that reading takes."""
    return reading_share(data, options.parts, READ_AT_ONCE, AS_LONG_AS_TRAINING)


def _at_once(data: Path, options: TrainingData) -> History:
    history = read_and_report(data, options.as_of, options.accept_rejected)
    every = options.one_in or 1
    if every == 1:
        return history
    return _said(take_leads(history, _drawn(history, every)), every, len(history), options)


def _drawn(history: History, every: int) -> Ints:
    """The positions (k,) of the leads that belong to the sample."""
    return np.flatnonzero(in_sample(lead_keys(pa.array(history.lead_ids, pa.string())), every))


def _said(history: History, every: int, of_leads: int, options: TrainingData) -> History:
    """The history of a sample, which says of which leads it is one."""
    sample = LeadSample(every, len(history), of_leads, is_wanted=options.one_in is not None)
    echo(f"{sample.leads:,} of {of_leads:,} leads are taken, one in {every} by a hash of their ids")
    return replace(history, sample=sample, warnings=(sample.warning(), *history.warnings))


def _by_parts(data: Path, folder: SplitFolder, options: TrainingData, report: Progress) -> History:
    at_us = as_of_us(options.as_of, folder.config.zone)
    leads = folder.tables["leads"].row_count
    every = options.one_in or one_in(data, leads, free_bytes())

    def work(of_part: PartHistory) -> tuple[int, KeptLeads]:
        history, rows = of_part.history, of_part.rows
        drawn = None if every == 1 else _drawn(history, every)
        return len(history), KeptLeads.of(history, rows, drawn)

    gathered = gather(folder, ReadOptions(folder.config, now_us()), at_us, work, report)
    if not options.accept_rejected:
        require_acceptable(gathered.reports)
    history = kept_history([kept for _, kept in gathered.results], gathered)
    echo_set_aside(history)
    of_leads = sum(count for count, _ in gathered.results)
    del gathered
    give_back_memory()
    return history if every == 1 else _said(history, every, of_leads, options)
