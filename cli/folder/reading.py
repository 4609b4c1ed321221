"""Data folders read at --as-of, under their own configuration or a model's."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cli.folder.parts import echo_if_too_large
from cli.options import as_of_us, now_us
from cli.shown.output import echo
from history.base.warnings import Warning
from history.config.file import load_config
from history.folder.data_folder import report_lines
from history.folder.rules.acceptance import require_acceptable
from history.folder.tables.files import give_back_memory
from history.history import History, TableReport
from history.read import open_folder, read_folder

if TYPE_CHECKING:
    from models.bundle import Bundle


def read_own(data: Path, as_of: str | None, accept_rejected: bool) -> History:
    """The folder under its own configuration at --as-of.

    Raises InvalidInput if too many rows are set aside, unless accept_rejected; so do read_and_report and read_for.
    """
    at_us = as_of_us(as_of, load_config(data).zone)
    echo_if_too_large(data)
    history = read_folder(data, as_of_us=at_us, now_us=now_us())
    if not accept_rejected:
        require_acceptable(history.reports)
    return history


def read_and_report(data: Path, as_of: str | None, accept_rejected: bool) -> History:
    """The folder under its own configuration at --as-of; prints which rows were set aside."""
    history = read_own(data, as_of, accept_rejected)
    echo_set_aside(history)
    return history


def read_for(
    bundle: "Bundle", data: Path, as_of: str | None, accept_rejected: bool
) -> tuple[History, list[Warning]]:
    """The folder under a model's configuration at --as-of; the warnings about how it was read and what it lacks."""
    from models.inputs import input_warnings

    at_us = as_of_us(as_of, bundle.config.zone)
    echo_if_too_large(data)
    folder = open_folder(data, now_us())
    history = folder.at(at_us, bundle.config)
    if not accept_rejected:
        require_acceptable(history.reports)
    warnings = [*input_warnings(bundle, history), *folder.differences(bundle.config), *history.warnings]
    del folder  # of a big folder, its tables take more than the history
    give_back_memory()
    return history, warnings


def echo_set_aside(history: History) -> None:
    """Prints one line for each rule that set rows aside or flagged some."""
    echo_reports(history.reports)


def echo_reports(reports: Mapping[str, TableReport]) -> None:
    """`echo_set_aside` for the reports of a history."""
    for line in report_lines(reports):
        echo(line)
