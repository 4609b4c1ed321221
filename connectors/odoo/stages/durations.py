"""Stage changes from the time that a lead spent in each stage: the field "Status time" of Odoo 17 and later.

The field maps ids of stages to seconds, in the order in which a lead came to them; every salesperson can export it.
"""

import ast
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from connectors.odoo.changes.fields import STAGE
from connectors.odoo.changes.tracking import Change
from connectors.odoo.crm import Crm
from connectors.odoo.relations import Text
from connectors.odoo.stage_table import StageTable
from connectors.reading.export import column

SECOND: Final = 1_000_000  # microseconds
TOLERANCE: Final = 60  # seconds between the update of a stage and the note of it
Spent = Mapping[str, int]  # id of a stage -> seconds, in order of the first visit
Entry = tuple[int, str]  # when a stage was entered, and its label


def changes_of_durations(crm: Crm, table: StageTable, present: Sequence[Text]) -> list[Change]:
    """The changes of stage in order of lead and time; of leads that came back to other stages than the present one
    they are approximate, and those whose times contradict each other have none.
    """
    spent = [_spent(text) for text in column(crm.leads, crm.duration_column).to_pylist()]
    if not any(spent):
        return []
    labels = _labels(table, spent, present)
    created = crm.export.times(crm.leads, "create_date").us.tolist()
    since = crm.export.times(crm.leads, "date_last_stage_update")
    changes, unclear = list[Change](), 0
    for lead, (times, label) in enumerate(zip(spent, present, strict=True)):
        path = _path(
            times, labels, label, (created[lead], int(since.us[lead]) if since.known[lead] else None)
        )
        unclear += bool(times) and not path
        changes += [Change(lead, us, STAGE, before, after) for (_, before), (us, after) in pairwise(path)]
    crm.export.tally(
        "leads whose time by stage contradicts their present stage are without a history", unclear
    )
    return changes


def _spent(text: Text) -> Spent:
    """{"1": 1230, "2": 2220}, also as a workbook has it: {'1': 1230}; nothing for another text."""
    if text is None or not text.startswith("{"):
        return {}
    for read in (json.loads, ast.literal_eval):
        try:
            pairs = read(text)
            return {str(id_): int(seconds) for id_, seconds in pairs.items()}
        except (ValueError, SyntaxError, TypeError, AttributeError, RecursionError, MemoryError):
            continue
    return {}


def _labels(table: StageTable, spent: Sequence[Spent], present: Sequence[Text]) -> dict[str, str]:
    """The label of each stage's id: by the table, else that of most leads that came to it last, else the id.

    Leads that were in one stage only come first: others may have come back to an earlier one.
    """
    pairs = [(times, label) for times, label in zip(spent, present, strict=True) if times and label]
    sure = Counter((list(times)[-1], label) for times, label in pairs if len(times) == 1)
    likely = Counter((list(times)[-1], label) for times, label in pairs)
    found: dict[str, str] = {}
    for (id_, label), _ in (*sure.most_common(), *likely.most_common()):
        if label not in found.values():
            found.setdefault(id_, label)
    return {id_: id_ for times in spent for id_ in times} | found | dict(table.labels)


def _path(
    spent: Spent, labels: Mapping[str, str], present: Text, known: tuple[int, int | None]
) -> list[Entry]:
    """The stages of a lead with the time of entry; known: its creation, and since when it is in the present stage.

    The time of a stage that it came back to is that of all visits: one return to the present stage is told apart by
    the time since the last update, others are not.
    """
    created, since = known
    ids = list(spent)
    here = next((id_ for id_ in ids if labels[id_] == present), None)
    if here is None or (since is None and here != ids[-1]):
        return []
    if since is None:
        return list(_entries(created, spent, labels))
    now = created + sum(spent.values()) * SECOND
    earlier = spent[here] - (now - since) // SECOND  # seconds of visits before the present one
    if earlier < -TOLERANCE or since < created:
        return []
    path = list(_entries(created, {**spent, here: max(earlier, 0)}, labels))
    return [*(path[:-1] if here == ids[-1] else path), (since, labels[here])]


def _entries(created: int, seconds: Spent, labels: Mapping[str, str]) -> Iterator[Entry]:
    us = created
    for id_, spent in seconds.items():
        yield us, labels[id_]
        us += spent * SECOND
