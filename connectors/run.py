"""Imports an export: sources -> recognised tables -> an adapter -> a data folder, every row accounted for."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from connectors.folder.merge import FolderTables
from connectors.folder.tables import Result, Sink
from connectors.folder.write import (
    IMPORT_FILE,
    Settings,
    exported_before,
    import_record,
    kept_config,
    new_folder,
    other_records,
    read_old,
    refuse_unless_replaceable,
)
from connectors.formats.sources import open_sources
from connectors.mapping.read import MappingFile, read_mapping
from connectors.reading.export import Export
from connectors.reading.lacks import OWNER, activity_lack, column_lack, owner_of_today
from connectors.reading.opening import open_export
from connectors.reading.options import Progress, ReadOptions, with_settings
from history.base.errors import InvalidInput
from history.config.config import CONFIG_FILE
from history.text.times import format_time

# system -> the module of its adapter: OBJECTS, KINDS, convert(export, sink).
SYSTEMS: Final[Mapping[str, str]] = {
    "amplitude": "connectors.amplitude.adapter",
    "dynamics": "connectors.dynamics.adapter",
    "ga4": "connectors.ga4.adapter",
    "hubspot": "connectors.hubspot.adapter",
    "marketo": "connectors.marketo.adapter",
    "odoo": "connectors.odoo.adapter",
    "pardot": "connectors.pardot.adapter",
    "pipedrive": "connectors.pipedrive.adapter",
    "salesforce": "connectors.salesforce.adapter",
    "segment": "connectors.segment.adapter",
}
NAMED_FILES: Final = 5  # of which nothing was read, in a message
PERSON: Final = "person"  # the object of systems without deals
MAPPING: Final = "mapping"  # any other system, as a file describes it


@dataclass(frozen=True)
class Imported:
    """The record of import.json, and how many rows each table has and how many of them are new."""

    record: Mapping[str, Any]
    rows: Mapping[str, int]
    new_rows: Mapping[str, int]


def run_import(
    system: str,
    paths: Sequence[Path],
    output: Path,
    options: ReadOptions,
    progress: Progress,
    mapping: Path | None = None,
) -> Imported:
    """Writes the data folder `output` from the files of an export, over an earlier import if one is there.

    Raises InvalidInput with every problem; then `output` is as it was.
    """
    refuse_unless_replaceable(output)
    if system == MAPPING and mapping is None:
        raise InvalidInput(
            "import mapping needs --mapping FILE, which says which file and column fill which table."
        )
    document = _toml(mapping) if mapping is not None else {}
    if mapping is not None:
        options = with_settings(options, document, mapping, own_tables=system == MAPPING)
    progress("looking for files", 0.0)
    export, convert = _opened(
        system,
        paths,
        options,
        progress,
        read_mapping(document, mapping) if mapping and system == MAPPING else None,
    )
    old = read_old(output)
    export.earlier, export.newest_us = old, exported_before(output, system)
    with new_folder(output) as folder:
        tables = FolderTables(folder, old, export.newest_us)
        result = _converted(convert, export, tables)
        if tables.left_out:
            export.notes.append(
                f"Leads that a newer export called deleted or merged, left out: {tables.left_out:,}."
            )
        export.notes += tables.notes
        progress("writing", 0.9)
        tables.finish()
        export.lack(activity_lack(system, tables.rows))
        of_today = owner_of_today(system, tables.columns, tables.changed)
        export.lack(of_today)
        export.lack(column_lack(system, tables.columns, result.identity))
        record = {**_record(export, result), "others": other_records(output, system)}
        folder.write_text(IMPORT_FILE, import_record(record))
        config = kept_config(output)
        _refuse_other_currency(output, config, result.currency)
        if config is None:
            config = _settings(export, result, (OWNER,) if of_today else ()).toml()
        folder.write_text(CONFIG_FILE, config)
    progress("imported", 1.0)
    return Imported(record, tables.rows, tables.new_rows)


def _converted(convert: Callable[[Export, Sink], Result], export: Export, sink: Sink) -> Result:
    """The tables of an export; its problems name each file of which nothing was read, too, if none does already."""
    try:
        return convert(export, sink)
    except InvalidInput as error:
        unread = [file for file in export.unclaimed if not any(file in problem for problem in error.problems)]
        if not unread:
            raise
        more = f" and {len(unread) - NAMED_FILES} more" if len(unread) > NAMED_FILES else ""
        raise InvalidInput(
            [
                *error.problems,
                f"{', '.join(unread[:NAMED_FILES])}{more}: empty, or without the columns of a table of "
                f"{export.system}; export again.",
            ]
        ) from error


def _refuse_other_currency(output: Path, config: str | None, currency: str | None) -> None:
    """Raises InvalidInput if the folder's amounts are in another currency than those of the export."""
    try:
        kept = tomllib.loads(config).get("funnel", {}).get("currency") if config is not None else None
    except (tomllib.TOMLDecodeError, AttributeError):
        return  # a faulty funnel.toml is named by the commands that read it
    if kept and currency and kept != currency:
        raise InvalidInput(
            f"{output} has amounts in {kept} (funnel.currency in {CONFIG_FILE}), and those of the export are in "
            f"{currency}: add --currency {kept}, or name a new folder with --output."
        )


def _opened(
    system: str, paths: Sequence[Path], options: ReadOptions, progress: Progress, mapping: MappingFile | None
) -> tuple[Export, Callable[[Export, Sink], Result]]:
    """The export, and what converts it."""
    if mapping is not None:
        from connectors.mapping.adapter import convert, open_mapped

        return open_mapped(mapping, open_sources(paths), options, progress), partial(convert, mapping)
    adapter = import_module(SYSTEMS[system])
    _refuse_other_options(system, adapter.OBJECTS, options)
    return open_export(system, adapter.KINDS, open_sources(paths), options, progress), adapter.convert


def _refuse_other_options(system: str, objects: Sequence[str], options: ReadOptions) -> None:
    """Raises InvalidInput for options that mean nothing to a system, rather than pass them over."""
    lead = options.object or objects[0]
    problems = []
    if lead not in objects:
        problems.append(f"--object {lead}: {system} has {', '.join(objects)}.")
    elif options.pipeline is not None and lead == PERSON:
        problems.append(f"--pipeline {options.pipeline}: persons of {system} are in no pipeline; omit it.")
    if objects[0] != PERSON:
        named = {"--lead": options.lead, "--stage": options.stages}
        problems += [
            f"{option} {names[0]}: stages of {system} are no events; omit it."
            for option, names in named.items()
            if names
        ]
    if problems:
        raise InvalidInput(problems)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInput(f"--mapping {path}: cannot be read as TOML: {error}.") from error


def _record(export: Export, result: Result) -> dict[str, Any]:
    """import.json; raises RuntimeError if a row is neither used nor set aside, which is a fault of the adapter."""
    for account in export.accounts:
        if not account.is_balanced:
            raise RuntimeError(f"{account.file}: rows are unaccounted for: {account.record()}")
    return {
        "system": export.system,
        "object": result.object,
        "imported_at": format_time(export.options.now_us),
        "exported_at": format_time(result.exported_us),
        "sources": [account.record() for account in export.accounts],
        "unclaimed": list(export.unclaimed),
        "lacks": list(export.lacks),
        "notes": [
            *export.notes,
            *(f"{count:,} {what}." for what, count in export.tallies.items()),
            *export.unread.notes(),
        ],
        "ignored": {kind: names for kind, names in export.ignored.items() if names},
    }


def _settings(export: Export, result: Result, mutable: tuple[str, ...]) -> Settings:
    """funnel.toml of the new folder; identity columns are never learned, mutable ones by their changes alone."""
    return Settings(
        name=result.name or export.system.capitalize(),
        currency=result.currency,
        timezone=export.options.zone.key,
        stages=result.stages,
        identity=result.identity,
        mutable=mutable,
    )
