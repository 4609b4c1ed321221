"""Scores of more leads than memory holds: saved part by part, then ranked and written some at a time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from history.base.arrays import Flags, Floats, Ints
from history.base.atomic_file import write_tables
from history.base.table_file import TEXT, arrow_table
from history.base.warnings import Warning
from history.spelling import shown_spellings
from history.text.folding import fold, trimmed
from models.scores.presentation import best_first
from models.scores.scores import COLUMN_KINDS, Scores, WarningCounts

AT_ONCE: Final = 1 << 15  # leads that are written together
BATCH: Final = 1 << 10  # leads of a part that are read together
WARNINGS: Final = "warnings of the lead"  # a column that no output has


@dataclass(frozen=True)
class SavedScores:
    """Scores (n,) of one part by rank in a file, and what ranks them: place (n,) is a lead's among those of all parts.

    texts: rows of each text of further columns, as the data wrote it.
    """

    file: Path
    place: Ints
    probability: Floats
    revenue: Floats
    status: Flags
    texts: Mapping[str, Counter[str]]


def save_scores(
    scores: Scores, place: Ints, further: Mapping[str, Sequence[str | None]], file: Path
) -> SavedScores:
    """Writes the scores (n,) of one part by rank, with further columns of their leads (n,), whose places ascend."""
    texts = {name: Counter(text for text in column if text is not None) for name, column in further.items()}
    order = best_first(scores.probability, scores.expected_revenue)
    ranked = scores.take(order)
    warnings = [[(one.code, one.subject, one.detail) for one in of_lead] for of_lead in ranked.warnings]
    columns: dict[str, Sequence[Any]] = {
        **ranked.columns(),
        **{name: [column[i] for i in order.tolist()] for name, column in further.items()},
    }
    table = arrow_table(columns, {**COLUMN_KINDS, **dict.fromkeys(further, TEXT)})
    table = table.append_column(WARNINGS, pa.array(warnings, _WARNINGS_TYPE))
    with pa.ipc.new_file(str(file), table.schema) as writer:
        writer.write_table(table, BATCH)
    return SavedScores(file, place[order], ranked.probability, ranked.expected_revenue, ranked.status, texts)


_WARNINGS_TYPE: Final = pa.list_(pa.list_(pa.string()))


class RankedScores:
    """Saved scores by rank; columns: further ones, in one spelling a value but for those in `as_written`.

    Those of a part follow each other by rank, so that each file is read once from its beginning to its end.
    """

    def __init__(self, parts: Sequence[SavedScores], as_written: Sequence[str] = ()) -> None:
        self._parts, self._as_written = parts, as_written
        in_order = np.argsort(np.concatenate([part.place for part in parts]), kind="stable")
        probability, revenue, status = (
            np.concatenate([getattr(part, name) for part in parts])[in_order]
            for name in ("probability", "revenue", "status")
        )
        order = best_first(probability, revenue)
        self.probability, self.expected_revenue, self.status = (
            column[order] for column in (probability, revenue, status)
        )
        sizes = [len(part.place) for part in parts]
        self._part = np.repeat(np.arange(len(parts)), sizes)[in_order][order]

    def __len__(self) -> int:
        return len(self.probability)

    def first(self, count: int) -> list[dict[str, Any]]:
        """The columns of the first leads."""
        rows: list[dict[str, Any]] = []
        for table in self._tables(AT_ONCE):
            if len(rows) >= count:
                break
            rows += table.slice(0, count - len(rows)).to_pylist()
        return rows

    def write(self, output: Path | None) -> list[Warning]:
        """Writes the scores by rank into a CSV or Parquet file, if one is named; the leads' warnings, counted."""
        counts = WarningCounts()
        tables = self._counted(counts)
        if output is None:
            for _ in tables:
                pass
        else:
            schema = _Rows(self._parts[0].file).schema
            write_tables(tables, schema.remove(schema.get_field_index(WARNINGS)), output)
        return counts.warnings()

    def _counted(self, counts: WarningCounts) -> Iterator[pa.Table]:
        """The scores by rank, some at a time, whose warnings are added to `counts`."""
        for table in self._tables(AT_ONCE):
            for of_lead in table.column(WARNINGS).to_pylist():
                counts.add(Warning(*warning) for warning in of_lead)
            yield table.drop_columns(WARNINGS)

    def _tables(self, at_once: int) -> Iterator[pa.Table]:
        """The saved columns by rank, with ranks and spellings, so many leads at a time."""
        files = [_Rows(part.file) for part in self._parts]
        for start in range(0, len(self), at_once):
            part = self._part[start : start + at_once]
            pieces = [
                files[number].take(int(count)) for number, count in enumerate(np.bincount(part)) if count
            ]
            by_part = np.argsort(part, kind="stable")
            table = pa.concat_tables(pieces).combine_chunks().take(pa.array(np.argsort(by_part)))
            ranks = pa.array(np.arange(start + 1, start + 1 + len(table)), pa.int64())
            yield self._spelled(_with(table, "rank", ranks))

    def _spelled(self, table: pa.Table) -> pa.Table:
        for name in self._parts[0].texts:
            texts = [self._shown(name, text) for text in table.column(name).to_pylist()]
            table = _with(table, name, pa.array(texts, pa.string()))
        return table

    def _shown(self, column: str, text: str | None) -> str | None:
        if text is None:
            return None
        spellings = self._spellings.get(column)
        return trimmed(text) if spellings is None else spellings[fold(text)]

    @cached_property
    def _spellings(self) -> dict[str, dict[str, str]]:
        """The spelling that is shown of each folded text, by further column."""
        names = [name for name in self._parts[0].texts if name not in self._as_written]
        counts = {name: sum((part.texts[name] for part in self._parts), Counter()) for name in names}
        return {name: shown_spellings(of_column) for name, of_column in counts.items()}


class _Rows:
    """The rows of an Arrow file, read from its beginning, of which memory holds one batch."""

    def __init__(self, file: Path) -> None:
        self._file = pa.ipc.open_file(pa.OSFile(str(file)))
        self.schema: pa.Schema = self._file.schema
        self._next = 0
        self._rest = self.schema.empty_table()

    def take(self, count: int) -> pa.Table:
        """The next rows."""
        pieces = [self._rest]
        while (have := sum(map(len, pieces))) < count:
            pieces.append(pa.Table.from_batches([self._file.get_batch(self._next)]))
            self._next += 1
        self._rest = pieces[-1].slice(len(pieces[-1]) - (have - count))
        return pa.concat_tables(pieces).slice(0, count)


def _with(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)
