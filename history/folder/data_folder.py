"""A data folder that is read once and seen from any instant, under its own or a model's configuration."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from history.base.errors import InvalidInput
from history.base.warnings import Warning
from history.config.config import FunnelConfig, to_dict
from history.config.schema import TABLES
from history.folder.read import history_of, read_files, with_columns_of
from history.folder.rules.rules import FLAGGED, REJECTED
from history.folder.tables.files import read_tables
from history.folder.tables.raw_table import RawTable
from history.history import History, TableReport
from history.text.times import format_time

KEPT_HISTORIES: Final = 3  # scores, forecast and funnel at one T, or two dates compared
EXTENDED_LISTS: Final = ("ignore", "mutable")
UNORDERED_LISTS: Final = ("identity", "sensitive")
OWN_TO_FOLDER: Final = ("columns", "outcome_words", "formats", "display", "inferred")


class DataFolder:
    """The tables of a data folder, read once.

    `at` gives the history at an instant: rules that compare rows (duplicates, the last outcome) look at visible rows
    alone, so the tables are validated anew for each instant, from memory. Files that change later change nothing.
    """

    def __init__(self, path: Path, now_us: int | None = None) -> None:
        """Reads the folder; raises InvalidInput with every fault of the configuration and of all tables.

        now_us: times more than a day after it are rejected, and the end of the data is not after it.
        """
        self.path = Path(path)
        self._now_us = now_us
        self.config, self._tables = read_files(self.path, None, whole=False)
        self._histories: deque[tuple[int | None, FunnelConfig, History]] = deque(maxlen=KEPT_HISTORIES)

    def at(self, as_of_us: int | None = None, config: FunnelConfig | None = None) -> History:
        """The history visible at as_of_us, None for the end of the data; equal to history.read.read_folder's.

        config: a model's configuration, None for the folder's own. Raises InvalidInput if no row of `leads` is usable.
        """
        used = self.config if config is None else with_columns_of(self.config, config)
        for kept_us, kept_config, history in self._histories:
            if kept_us == as_of_us and kept_config == used:
                return history
        history = history_of(self._tables_under(used), used, as_of_us, self._now_us)
        self._histories.append((as_of_us, used, history))
        return history

    def differences(self, config: FunnelConfig) -> list[Warning]:
        """The warnings `config_differs`: settings of funnel.toml that a model's configuration overrules."""
        return config_differences(self.config, config)

    @property
    def reports(self) -> Mapping[str, TableReport]:
        """Rows read, set aside and flagged of each table, at the end of the data."""
        return self.at().reports

    @property
    def set_aside(self) -> list[str]:
        """One sentence for each rule that set rows aside or flagged some, at the end of the data."""
        return report_lines(self.reports)

    def __len__(self) -> int:
        return len(self.at())

    def __repr__(self) -> str:
        return (
            f"<DataFolder {str(self.path)!r}: {len(self):,} leads, as of {format_time(self.at().as_of_us)}>"
        )

    def _tables_under(self, config: FunnelConfig) -> dict[str, RawTable]:
        """The tables without the columns of leads that `config` ignores.

        Only a model that uses columns which funnel.toml ignores needs the files once more.
        """
        if set(config.ignore) == set(self.config.ignore):
            return self._tables
        if set(config.ignore) > set(self.config.ignore):
            return {**self._tables, "leads": _without(self._tables["leads"], config.ignore)}
        problems: list[str] = []
        tables = read_tables(self.path, config, False, problems)
        if problems:
            raise InvalidInput(problems)
        return tables


def _without(leads: RawTable, ignore: tuple[str, ...]) -> RawTable:
    ignored = set(ignore) - set(TABLES["leads"].needed)
    columns = {name: column for name, column in leads.columns.items() if name not in ignored}
    near = {column: name for column, name in leads.near.items() if column not in ignore}
    return replace(leads, columns=columns, near=near)


def config_differences(own: FunnelConfig, used: FunnelConfig) -> list[Warning]:
    """`config_differs` for each key that a folder's funnel.toml sets otherwise than the model has it."""
    folder, model = to_dict(own), to_dict(used)
    typed = folder["attribute_types"]
    model["attribute_types"] = {name: model["attribute_types"].get(name) for name in typed}
    keys = [key for key in folder if key not in OWN_TO_FOLDER and key not in own.inferred and folder[key]]
    return [
        Warning(
            "config_differs",
            key,
            f"funnel.toml has {folder[key]!r}; the model was trained with {model[key]!r} and uses that",
        )
        for key in keys
        if _differs(key, folder[key], model[key])
    ]


def _differs(key: str, own: Any, used: Any) -> bool:
    """Whether a setting of the folder is not the model's; a training adds columns that leak to EXTENDED_LISTS."""
    if key in EXTENDED_LISTS:
        return not set(own) <= set(used)
    return set(own) != set(used) if key in UNORDERED_LISTS else own != used


def report_lines(reports: Mapping[str, TableReport]) -> list[str]:
    """One sentence for each rule that set rows of a table aside, and for each that flagged some."""
    lines = []
    for table, report in reports.items():
        for verb, reasons, rules in (
            ("set aside", REJECTED, report.rejected),
            ("flagged", FLAGGED, report.flagged),
        ):
            lines += [
                f"{table}: {verb} {rule.count:,} of {report.rows:,} rows, {rule.rule} "
                f"({reasons[rule.rule]}): {rule.first[0]}"
                for rule in rules
            ]
    return lines
