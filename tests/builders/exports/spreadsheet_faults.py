"""What spreadsheets, tools and second hands do to the file of a table: each fault by name, on rows of a CSV file."""

import codecs
import csv
import gzip
import html
import io
import re
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.builders.exports.workbook import write_workbook

Rows = list[list[str]]
Fault = Callable[[Rows], Rows | bytes]
ISO: Final = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z| UTC)?$")
LOCAL: Final = re.compile(r"^\d\d/\d\d/\d{4} \d\d:\d\d$")
DIGITS: Final = re.compile(r"^\d{4,}$")
DECIMAL: Final = re.compile(r"^\d{3,}\.\d\d$")


def read_rows(data: bytes) -> Rows:
    """The rows of a CSV file in any of the builders' encodings and separators."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8-sig")
    lines = [line for line in text.splitlines()[:9] if line]
    separator = max(",;\t", key=lambda mark: lines[len(lines) // 2].count(mark))
    return [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]


def table_of(rows: Rows) -> Rows:
    """The header and the rows of its width: without the notes above and the totals below."""
    width = max(map(len, rows))
    return [row for row in rows if len(row) == width]


def text_of(rows: Rows, delimiter: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def faulty(data: bytes, name: str) -> bytes:
    """The file with one fault; of its rows those of the table are left."""
    made = FAULTS[name](table_of(read_rows(data)))
    return made if isinstance(made, bytes) else text_of(made).encode()


# ---- rows


def _cells(change: Callable[[str], str], rows: Rows, share: float = 1.0) -> Rows:
    """Cells changed in the last `share` of the rows."""
    first = len(rows) - int(share * (len(rows) - 1))
    return [row if place < first else [change(cell) for cell in row] for place, row in enumerate(rows)]


def _ids(change: Callable[[str], str], rows: Rows) -> Rows:
    """The first column of ids changed: that with a different text of digits or letters in each row."""
    names = [name.strip().casefold() for name in rows[0]]
    wanted = (
        "record id",
        "id",
        "deal - id",
        "opportunity id",
        "event_id",
        "insert_id",
        "deal_id",
        "external id",
    )
    place = next((names.index(name) for name in wanted if name in names), 0)
    return [
        row if n == 0 else [*row[:place], change(row[place]), *row[place + 1 :]] for n, row in enumerate(rows)
    ]


def _header(change: Callable[[str], str], rows: Rows) -> Rows:
    return [[change(name) for name in rows[0]], *rows[1:]]


def _middle(rows: Rows, more: Rows) -> Rows:
    half = len(rows) // 2
    return [*rows[:half], *more, *rows[half:]]


def _copied(rows: Rows, place: int, filled: bool) -> Rows:
    """A second column of the same name, with the same values or none."""
    return [[*row, row[place] if n == 0 or filled else ""] for n, row in enumerate(rows)]


def _totals(rows: Rows) -> list[str]:
    return ["Total", *("" for _ in rows[0][2:]), "12345.00"]


def _groups(rows: Rows) -> list[str]:
    """A row of merged cells above the header: a name over every third column."""
    return [f"Group {place}" if place % 3 == 0 else "" for place in range(len(rows[0]))]


# ---- cells


def _time(form: str) -> Callable[[str], str]:
    """Times in another form; %P is a. m. or p. m."""

    def changed(cell: str) -> str:
        if LOCAL.match(cell):
            at = datetime.strptime(cell, "%m/%d/%Y %H:%M").replace(tzinfo=UTC)
        elif match := ISO.match(cell):
            at = datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00")
        else:
            return cell
        return at.strftime(form.replace("%P", "a. m." if at.hour < 12 else "p. m."))

    return changed


def _grouped(cell: str) -> str:
    return f"{float(cell):,.2f}" if DECIMAL.match(cell) else cell


def _european(cell: str) -> str:
    return _grouped(cell).translate(str.maketrans(",.", ".,")) if DECIMAL.match(cell) else cell


def _digits(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda cell: change(cell) if DIGITS.match(cell) else cell


def _empty(word: str) -> Callable[[str], str]:
    return lambda cell: cell or word


# ---- whole files


def _workbook(rows: Rows, **sheets: Rows) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        write_workbook(path, {**sheets, "Data": rows})
        return path.read_bytes()


def _html(rows: Rows) -> bytes:
    lines = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    return (
        f"<html><body><table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table></body></html>".encode()
    )


FAULTS: Final[Mapping[str, Fault]] = {
    "merged header cells above": lambda rows: [_groups(rows), *rows],
    "merged header cells, notes and blank lines above": lambda rows: (
        f"Report of today\n\n{text_of([_groups(rows), *rows])}".encode()
    ),
    "second header row of field names": lambda rows: [rows[0], [f"field_{n}" for n in range(len(rows[0]))], *rows[1:]],
    "header again in the middle": lambda rows: _middle(rows, [rows[0]]),
    "BOM and header again in the middle": lambda rows: (
        codecs.BOM_UTF8 + text_of(rows[: len(rows) // 2]).encode()
        + codecs.BOM_UTF8 + text_of([rows[0], *rows[len(rows) // 2 :]]).encode()
    ),
    "BOM in the middle": lambda rows: (
        text_of(rows[: len(rows) // 2]).encode() + codecs.BOM_UTF8 + text_of(rows[len(rows) // 2 :]).encode()
    ),
    "BOM twice": lambda rows: codecs.BOM_UTF8 * 2 + text_of(rows).encode(),
    "blank lines between rows": lambda rows: text_of(rows).replace("\n", "\n\n").encode(),
    "rows of separators alone": lambda rows: _middle(rows, [["" for _ in rows[0]]] * 3),
    "totals row in the middle": lambda rows: _middle(rows, [_totals(rows)]),
    "subtotals row of a group": lambda rows: _middle(rows, [["", "Subtotal", *_totals(rows)[2:]]]),
    "empty column at the end": lambda rows: [[*row, ""] for row in rows],
    "index column in front": lambda rows: [["" if n == 0 else str(n - 1), *row] for n, row in enumerate(rows)],
    "column twice": lambda rows: _copied(rows, 0, filled=True),
    "column twice, the second one empty": lambda rows: _copied(rows, 0, filled=False),
    "empty column of a name in front": lambda rows: [
        [row[0] if n == 0 else "", *row] for n, row in enumerate(rows)
    ],
    "no-break spaces in names": lambda rows: _header(lambda name: name.replace(" ", "\u00a0") + "\u00a0", rows),
    "blanks around names": lambda rows: _header(lambda name: f"  {name}  ", rows),
    "zero-width space before names": lambda rows: _header(lambda name: f"\u200b{name}", rows),
    "line ends in names": lambda rows: _header(lambda name: name.replace(" ", "\n", 1), rows),
    "ids with .0": lambda rows: _cells(_digits(lambda cell: f"{cell}.0"), rows),
    "ids after an apostrophe": lambda rows: _ids(lambda cell: f"'{cell}", rows),
    "ids as formulas": lambda rows: _ids(lambda cell: f'="{cell}"', rows),
    "ids with a no-break space": lambda rows: _ids(lambda cell: f"{cell}\u00a0", rows),
    "ids in groups of three": lambda rows: _cells(_digits(lambda cell: f"{int(cell):,}"), rows),
    "ids rounded": lambda rows: _cells(_digits(lambda cell: f"{float(cell):.2E}"), rows),
    "thousands separator in all amounts": lambda rows: _cells(_grouped, rows),
    "thousands separator that changes mid-file": lambda rows: _cells(_grouped, _cells(_european, rows, 0.5)),
    "decimal comma": lambda rows: _cells(_european, rows),
    "times with a. m.": lambda rows: _cells(_time("%m/%d/%Y %I:%M %P"), rows),
    "times of twelve hours": lambda rows: _cells(_time("%m/%d/%Y %I:%M %p"), rows),
    "times with GMT": lambda rows: _cells(_time("%Y-%m-%d %H:%M:%S GMT"), rows),
    "times with an offset": lambda rows: _cells(_time("%Y-%m-%d %H:%M:%S+00:00"), rows),
    "times with (UTC)": lambda rows: _cells(_time("%Y-%m-%d %H:%M:%S (UTC)"), rows),
    "times with CET": lambda rows: _cells(_time("%Y-%m-%d %H:%M:%S CET"), rows),
    "times of web servers": lambda rows: _cells(_time("%a, %d %b %Y %H:%M:%S GMT"), rows),
    "times whose form changes mid-file": lambda rows: _cells(_time("%d.%m.%Y %H:%M"), rows, 0.5),
    "dates of 1900 for none": lambda rows: _cells(_empty("1900-01-01"), rows),
    "NULL for none": lambda rows: _cells(_empty("NULL"), rows),
    "\\N for none": lambda rows: _cells(_empty("\\N"), rows),
    "nan for none": lambda rows: _cells(_empty("nan"), rows),
    "- for none": lambda rows: _cells(_empty("-"), rows),
    "carriage returns": lambda rows: text_of(rows, end="\r").encode(),
    "line ends of two kinds": lambda rows: text_of(rows).replace("\n", "\r\n", len(rows) // 2).encode(),
    "separator named": lambda rows: b"sep=;\r\n" + text_of(rows, ";").encode(),
    "tabs": lambda rows: text_of(rows, "\t").encode(),
    "rows in another order": lambda rows: [rows[0], *rows[:0:-1]],
    "rows twice": lambda rows: [rows[0], *(row for row in rows[1:] for _ in range(2))],
    "workbook named .csv": _workbook,
    "workbook with a cover sheet": lambda rows: _workbook(rows, Cover=[["Export of today"], [], ["Filters", "none"]]),
    "web page named .csv": _html,
    "compressed, named .csv": lambda rows: gzip.compress(text_of(rows).encode()),
    "UTF-16 without a mark": lambda rows: text_of(rows).encode("utf-16-le"),
    "UTF-16, big-endian": lambda rows: codecs.BOM_UTF16_BE + text_of(rows).encode("utf-16-be"),
    "UTF-32": lambda rows: text_of(rows).encode("utf-32"),
    "header alone": lambda rows: rows[:1],
    "no byte": lambda _rows: b"",
    "blanks alone": lambda _rows: b"\n \n\n",
}  # fmt: skip
