"""What event streams have in common: their times, their test traffic, and the names of their attributes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.formats.json_cells import json_cells
from connectors.persons.rows import each_word, kind_of, slug
from connectors.reading.export import OWN_COLUMNS, Export, booleans, column
from connectors.reading.recognise import key_of
from connectors.reading.values import POINT, read_numbers
from history.base.arrays import Floats, Ints, Mask
from history.folder.values.columns import Times
from history.text.times import DAY_US

BOTS: Final = r"(?i)bot\b|crawler|spider|headless|slurp|lighthouse|pingdom|phantomjs|facebookexternalhit"
# Attributes that say who it is, by the slugs that tracking plans use.
IDENTITY: Final = (
    "name", "first_name", "last_name", "full_name", "email", "phone", "mobile", "username", "avatar", "birthday",
    "address_street", "description", "website", "linkedin", "twitter",
)  # fmt: skip
# Attributes of the folder's own tables, and those that follow from the outcome.
RESERVED: Final = ("lead_id", "created_at", "id", "uuid", "user_id", "anonymous_id")
CLOCK_AHEAD: Final = (
    "rows happened after they were recorded, by the clock of a device: they count when recorded"
)
ADDRESS: Final = r"^[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+$"


@dataclass(frozen=True)
class Moments:
    """When rows happened and when they were recorded (m,), NO_TIME if that is unknown; moved: by what was recorded."""

    us: Ints
    recorded_us: Ints
    moved: Mask

    def where(self, mask: Mask) -> "Moments":
        return Moments(self.us[mask], self.recorded_us[mask], self.moved[mask])


def moments(occurred: Times, recorded: Times) -> Moments:
    """Times of rows; nothing happens after it was recorded, whatever the clock of a device says."""
    known_us = np.where(recorded.known, recorded.us, NO_TIME)
    us = np.where(occurred.known, occurred.us, known_us)
    moved = recorded.known & (us > known_us)
    return Moments(np.where(moved, known_us, us), known_us, moved)


def usable(export: Export, table: pa.Table, times: Moments) -> tuple[pa.Table, Moments]:
    """The rows with a time that is not ahead of the import; the others are set aside."""
    missing = times.us == NO_TIME
    table, times = export.leave(table, "no_time", missing), times.where(~missing)
    moved = int(times.moved.sum())
    export.tally(CLOCK_AHEAD, moved)
    ahead = times.us > export.options.now_us + DAY_US
    return export.leave(table, "time_in_future", ahead), times.where(~ahead)


def without_robots(export: Export, table: pa.Table, agents: Iterable[str]) -> Mask:
    """Rows (m,) of people by the name of their browser; those of robots are set aside."""
    is_bot = np.zeros(len(table), dtype=np.bool_)
    for name in agents:
        is_bot |= np.asarray(
            pc.fill_null(pc.match_substring_regex(column(table, name), BOTS), False).to_numpy(
                zero_copy_only=False
            )
        )
    export.leave(table, "robot", is_bot)
    return ~is_bot


def are_tests(table: pa.Table, flags: Iterable[str]) -> Mask:
    """Rows (m,) that one of these flags marks as made by a tester."""
    is_test = np.zeros(len(table), dtype=np.bool_)
    for name in flags:
        is_test |= booleans(column(table, name))[0]
    return is_test


def addresses(array: pa.Array) -> pa.Array:
    """E-mail addresses in small letters; null for other texts."""
    lower = pc.utf8_lower(array)
    is_address = pc.fill_null(pc.match_substring_regex(lower, ADDRESS), False)
    return pc.if_else(is_address, lower, pa.scalar(None, pa.string()))


def attributes(table: pa.Table, prefixes: Iterable[str], without: Iterable[str] = ()) -> dict[str, pa.Array]:
    """The columns that begin with a prefix by the slugs of their further names; of two of one slug the first filled."""
    left_out = {*RESERVED, *without}
    columns: dict[str, pa.Array] = {}
    for prefix in prefixes:
        for name in table.column_names:
            attribute = slug(name.removeprefix(prefix))
            if not name.startswith(prefix) or name in OWN_COLUMNS or attribute in left_out:
                continue
            values = column(table, name)
            columns[attribute] = pc.coalesce(columns[attribute], values) if attribute in columns else values
    return {name: values for name, values in columns.items() if values.null_count < len(values)}


def kinds_of(array: pa.Array) -> pa.Array:
    """Names of events as kinds of interactions; null for signs without a letter or digit."""
    return each_word(array, kind_of)


def first_number(export: Export, table: pa.Table, names: Iterable[str], of: str = "") -> Floats:
    """The first of these columns that holds a number (m,), NaN without any.

    of: the word for it, if numbers that cannot be read are to be reported. Texts with a comma are read by the evidence
    of their column: "12,50" and "1,250.00" are told apart, "1,250" alone is not read.
    """
    unread = np.zeros(len(table), dtype=np.bool_)
    values = np.full(len(table), np.nan)
    for name in names:
        array = column(table, name)
        if array.null_count == len(array):
            continue
        has_comma = pc.any(pc.match_substring(array, ",")).as_py()
        read = read_numbers(array, export.options.decimal or (None if has_comma else POINT))
        unread |= read.given & ~read.good
        values = np.where(np.isnan(values) & read.good, read.value, values)
    missing = int((unread & np.isnan(values)).sum())
    if of:
        export.tally(f"rows have {of} that cannot be read, which counts as unknown", missing)
    return values


def renamed(table: pa.Table, names: Mapping[str, str]) -> dict[str, pa.Array]:
    """Columns of a table under other names: attribute -> column; empty ones are left out."""
    columns = {attribute: column(table, name) for attribute, name in names.items()}
    return {name: values for name, values in columns.items() if values.null_count < len(values)}


# Pages that a buyer looks at before deciding, by words of their name or path.
KEY_PAGES: Final = {
    "pricing": r"pric|preis|tarif|plans?\b|precio", "checkout": r"checkout|kasse", "cart": r"\bcart\b|basket|warenkorb",
    "demo": r"demo", "trial": r"trial|free-test", "signup": r"sign-?_?up|register|registrier",
    "contact": r"contact|kontakt", "quote": r"quote|angebot", "comparison": r"compar|versus|alternative|vergleich",
    "integration": r"integration", "docs": r"\bdocs?\b|documentation|help-?center",
}  # fmt: skip


def page_kinds(base: str, texts: pa.Array) -> pa.Array:
    """`page`, or `page_pricing` and the like for the pages that precede a decision; by name or address."""

    def kind(text: str) -> str:
        path = re.sub(r"^https?://[^/]*", "", text.casefold())
        key = next((key for key, words in KEY_PAGES.items() if re.search(words, path)), None)
        return f"{base}_{key}" if key else base

    return pc.fill_null(each_word(texts, kind), base)


def host_of(urls: pa.Array) -> pa.Array:
    """The host of an address without www; null for other texts."""
    match = pc.extract_regex(urls, r"^https?://(?:www\.)?(?P<host>[^/:?#]+)")
    return pc.struct_field(match, "host")


def with_cells(export: Export, table: pa.Table, names: Iterable[str]) -> pa.Table:
    """The table with the keys of JSON texts in these columns as columns; rows with another text are set aside."""
    for name in names:
        cells = json_cells(column(table, name))
        for key, values in cells.columns.items():
            path = _same_column(table, f"{name}.{key}")
            if path in table.column_names:
                values = pc.coalesce(column(table, path), values)
                table = table.set_column(table.column_names.index(path), path, values)
            else:
                table = table.append_column(path, values)
        table = export.leave(table, f"{name}_are_no_json", cells.bad)
    return table


def _same_column(table: pa.Table, path: str) -> str:
    """The column that stands for a path, whatever its separators: the declared one for `event_properties.revenue`."""
    key = key_of(path)
    return next((name for name in table.column_names if key_of(name) == key), path)
