"""A data folder to one History: the configuration, the tables, T, and what is visible there."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from history.base.errors import InvalidInput
from history.config.config import FunnelConfig
from history.config.file import read_config
from history.data_end import END, latest_of
from history.folder.change_rows import ChangeRows
from history.folder.lead_table import LeadTable
from history.folder.logs import CostRows, InteractionRows, StageRows
from history.folder.merges import merged_ids
from history.folder.outcome_rows import OutcomeRows
from history.folder.rules.acceptance import mend_sentence
from history.folder.rules.row_filter import RejectedRow
from history.folder.rules.rules import REJECTED
from history.folder.tables.files import give_back_memory, read_tables
from history.folder.tables.raw_table import RawTable
from history.folder.validate import NO_TIME, OWN_TIME, ReadOptions, ValidatedTable
from history.folder.visible_history import ReadHistory, history_at
from history.history import History
from history.stage_ties import INFERRED_STAGES
from history.text.times import EXPECTED, LATEST_US


def read_history(
    folder: Path,
    config: FunnelConfig | None,
    as_of_us: int | None,
    now_us: int | None,
    rejected: list[RejectedRow] | None,
) -> History:
    """See history.read.read_folder."""
    own, raw = read_files(folder, config, rejected is not None)
    used = own if config is None else with_columns_of(own, config)
    history = history_of(raw, used, as_of_us, now_us, rejected)
    del raw
    give_back_memory()
    return history


class FolderFiles(NamedTuple):
    """The folder's own configuration and its tables."""

    config: FunnelConfig
    tables: dict[str, RawTable]


def read_files(folder: Path, config: FunnelConfig | None, whole: bool) -> FolderFiles:
    """Reads funnel.toml and the tables, under a model's configuration if one is given; whole: see read_tables.

    Raises InvalidInput with all faults of both, or with those of funnel.toml alone if they may hide names of columns.
    """
    own, used, problems = read_configs(folder, config)
    tables = read_tables(folder, used, whole, problems)
    if problems:
        raise InvalidInput(problems)
    return FolderFiles(own, tables)


class Configs(NamedTuple):
    """A folder's own configuration, the one under which it is read, and problems of its funnel.toml."""

    own: FunnelConfig
    used: FunnelConfig
    problems: list[str]


def read_configs(folder: Path, model: FunnelConfig | None) -> Configs:
    """Reads funnel.toml; raises InvalidInput if its faults may hide names of columns."""
    file = read_config(folder)
    if not file.has_columns:
        raise InvalidInput(file.problems)
    used = file.config if model is None else with_columns_of(file.config, model)
    return Configs(file.config, used, list(file.problems))


def read_as_stored(folder: Path, now_us: int | None) -> History:
    """See history.read.read_as_stored."""
    config, raw = read_files(folder, None, whole=False)
    history = validated_history(raw, ReadOptions(config, now_us, as_stored=True), LATEST_US).history
    del raw
    give_back_memory()
    return history


def history_of(
    raw: dict[str, RawTable],
    config: FunnelConfig,
    as_of_us: int | None,
    now_us: int | None,
    rejected: list[RejectedRow] | None = None,
) -> History:
    """Validates tables that are read and keeps the rows visible at as_of_us; see history.read.read_folder."""
    return validated_history(raw, ReadOptions(config, now_us, rejected), as_of_us).history


def validated_history(raw: dict[str, RawTable], options: ReadOptions, as_of_us: int | None) -> ReadHistory:
    """Validates tables, of a folder or of a part of one by options.whole, and keeps the rows visible at as_of_us.

    Raises InvalidInput if no lead of the folder is usable.
    """
    tables = _validated(raw, options)
    leads = tables["leads"]
    assert isinstance(leads, LeadTable)
    if not options.whole.has_any("usable leads", bool(leads.usable.any())):
        options.whole.require("none of its leads is usable")
        raise InvalidInput([*_no_leads(leads), *_no_times(tables)])
    end_us = _data_end(tables, options, flags_late=as_of_us is None)
    return history_at(tables, leads, options, end_us if as_of_us is None else as_of_us, end_us)


def _data_end(tables: dict[str, ValidatedTable], options: ReadOptions, flags_late: bool) -> int:
    """The end of the data; counts the rows that lie after it, if T is that end."""
    now_us, whole = options.now_us, options.whole
    latest_us = {name: table.latest_us(now_us) for name, table in tables.items() if name != "costs"}
    every_us = np.concatenate(list(latest_us.values()))
    end_us = whole.decide(END, latest_of(every_us[every_us != NO_TIME], whole.row_count))
    if end_us is None:
        return 0 if now_us is None else now_us
    if flags_late:
        for name, times_us in latest_us.items():
            tables[name].flag_late(times_us, end_us)
    return end_us


def with_columns_of(own: FunnelConfig, model: FunnelConfig) -> FunnelConfig:
    """A model's configuration for a folder, whose own are column names, outcome words, formats and display."""
    inferred = tuple(INFERRED_STAGES if key == "stages" and model.stages else key for key in model.inferred)
    return replace(
        model,
        columns=own.columns,
        outcome_words=own.outcome_words,
        formats=own.formats,
        display=own.display or model.display,
        inferred=inferred,
    )


def _validated(raw: dict[str, RawTable], options: ReadOptions) -> dict[str, ValidatedTable]:
    leads = LeadTable(raw["leads"], options)
    leads.add_absent(merged_ids(raw["outcomes"]) if "outcomes" in raw else ())
    tables: dict[str, ValidatedTable] = {"leads": leads}
    kinds = {
        "interactions": InteractionRows,
        "stages": StageRows,
        "outcomes": OutcomeRows,
        "attribute_changes": ChangeRows,
    }
    for name, kind in kinds.items():
        if name in raw:
            tables[name] = kind(raw[name], options, leads)
    if "costs" in raw:
        tables["costs"] = CostRows(raw["costs"], options)
    return tables


def _no_leads(leads: LeadTable) -> list[str]:
    if not len(leads) and not leads.raw.ragged:
        return ["leads: the table has no rows; at least one lead is needed."]
    return [
        f"leads: every row is set aside, {broken.count} by {broken.rule} ({REJECTED[broken.rule]}): {broken.first[0]}."
        f"{mend_sentence(leads.name, broken)}"
        for broken in leads.rows.report().rejected
    ]


def _no_times(tables: dict[str, ValidatedTable]) -> list[str]:
    """Problems of the other tables without any readable own time; their rows were rejected for their leads already."""
    return [
        f"{name}: none of {int(table.own.given.sum())} {OWN_TIME[name]} is a time ({EXPECTED}): "
        f"{table.rows.excerpt(int(np.argmax(table.own.given)), (OWN_TIME[name],))}."
        for name, table in tables.items()
        if name != "leads" and table.own.given.any() and not table.own.known.any()
    ]
