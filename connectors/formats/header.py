"""The header of a table among the notes above it: its row and its column names."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

UNSEEN: Final = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
NAMELESS: Final = "column"  # the name of a column without one, with its place
LEAST_FILLED: Final = 0.6  # of a header's cells: a note above it fills one or two


def header_row(rows: Sequence[Sequence[str]]) -> int:
    """The index of the first row as wide as most rows, nearly all cells filled; 0 if no row qualifies."""
    width = common_width(rows)
    for index, row in enumerate(rows):
        filled = sum(1 for cell in row if cell.strip())
        if len(row) == width and filled >= max(1, LEAST_FILLED * width):
            return index
    return 0


def common_width(rows: Sequence[Sequence[str]]) -> int:
    """The width that accounts for most cells."""
    widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    return max(widths, key=lambda width: (widths[width] * width, width), default=0)


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Column names without outer and repeated blanks; a second one of a name gets " (2)", an empty one its place.

    Line ends and no-break spaces are blanks too; characters that nobody sees are left out.
    """
    seen: Counter[str] = Counter()
    result = []
    for place, raw in enumerate(names, 1):
        name = " ".join(raw.translate(UNSEEN).split()) or f"{NAMELESS} {place}"
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)
