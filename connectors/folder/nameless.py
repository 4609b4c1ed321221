"""Columns of leads that no field of a system is: those without a name, and second copies of another column."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from connectors.formats.header import NAMELESS

# As headers are read, and as event streams name traits: column 3, column_3; Plan (2), plan_2.
PLACED: Final = rf"^{NAMELESS}[ _][0-9]+$"
SECOND: Final = re.compile(r"^(?P<name>.+?)(?: \((?:[2-9]|[1-9][0-9])\)|_[2-9])$")


def without_nameless(leads: pa.Table) -> tuple[pa.Table, list[str]]:
    """The leads without such columns, and a note of each: nobody said that they are attributes."""
    notes = []
    for name in leads.column_names:
        second = SECOND.match(name)
        if re.match(PLACED, name):
            notes.append(
                f"{name} has no name in its header, and is left out: name it if it is a field of yours."
            )
        elif second is not None and _is_copy(leads, name, second["name"]):
            notes.append(
                f"{second['name']} stands twice with the same values: the second column is left out."
            )
        else:
            continue
        leads = leads.drop_columns([name])
    return leads, notes


def _is_copy(leads: pa.Table, name: str, first: str) -> bool:
    others = [first] if first in leads.column_names else ["lead_id"]
    return any(leads.column(name).equals(leads.column(other)) for other in others)


def without_nameless_changes(changes: pa.Table) -> pa.Table:
    """The attribute changes without those of columns that have no name."""
    nameless = pc.match_substring_regex(changes.column("attribute"), PLACED)
    return changes.filter(pc.invert(pc.fill_null(nameless, False)))
