"""Opens an export: which file is which table of its system, and whether its dates have the day or the month first."""

from collections.abc import Sequence

from connectors.formats.accounts import Account
from connectors.formats.sources import Source
from connectors.reading.declare import ObjectKind
from connectors.reading.export import Export
from connectors.reading.options import Progress, ReadOptions
from connectors.reading.recognise import Recognised, recognise
from connectors.reading.values import DateOrder, count_dates
from history.base.errors import InvalidInput


def open_export(
    system: str,
    kinds: Sequence[ObjectKind],
    sources: Sequence[Source],
    options: ReadOptions,
    progress: Progress,
) -> Export:
    """The export of a system; raises InvalidInput if no file is one of its tables or its dates are ambiguous."""
    recognised = [(source, recognise(source, kinds)) for source in sources]
    claimed = [known for _, known in recognised if known is not None]
    unclaimed = [source.file for source, known in recognised if known is None]
    if not claimed:
        listed = "; ".join(_described(source) for source, _ in recognised[:5])
        raise InvalidInput(
            f"no file is a table of {system}: {listed}. Export one of {', '.join(kind.name for kind in kinds)} "
            "with its ids, or choose another system."
        )
    order = date_order(claimed, options)
    accounts = [Account(known.source.file, known.kind.name) for known in claimed]
    return Export(system, claimed, accounts, unclaimed, options, order, progress)


def _described(source: Source) -> str:
    columns = ", ".join(source.columns[:6]) or "no table"
    more = f" and {len(source.columns) - 6} more" if len(source.columns) > 6 else ""
    return f"{source.file} has {columns}{more}"


def date_order(claimed: Sequence[Recognised], options: ReadOptions) -> str | None:
    """The order of day and month: as given, else by evidence over all local dates of the export.

    A file in which the first batch has ISO times only is not read to its end for this.
    """
    if options.date_order is not None:
        return options.date_order
    evidence = DateOrder()
    for known in claimed:
        for place, batch in enumerate(known.source.batches(Account(known.source.file), known.time_columns)):
            before = evidence.seen
            for name in batch.table.column_names:
                count_dates(evidence, batch.table.column(name), f"{known.source.file}, column {name}")
            if place == 0 and before == evidence.seen:
                break
    decided = evidence.decided()
    if decided is None and (evidence.undecided or evidence.month_first):
        cause = (
            "some dates have the day first, others the month"
            if evidence.day_first
            else f"{evidence.example} may be day/month or month/day, and no date of the export decides it"
        )
        raise InvalidInput(
            f"{evidence.where or claimed[0].source.file}: {cause}. Put these lines into a file and add --mapping FILE: "
            '[formats] datetime = "%d/%m/%Y" (the day first) or "%m/%d/%Y" (the month first).'
        )
    return decided
