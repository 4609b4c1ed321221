"""What of a stored lead's document holds until its rows change: its values, its timeline, and its rows as arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from history.base.arrays import Ints
from models.bundle import Bundle
from serving.store.cursors import write_cursor
from serving.store.event_ids import EventNames
from serving.store.leads.lead_rows import LeadRows
from serving.store.leads.leads import current_attributes, seen_lead
from serving.store.leads.timeline import ALL, Wanted, lead_document, timeline
from serving.store.schema import FACTS, KNOWN_US
from serving.store.scores.ready import ReadyLead, ready_lead

OBJECT_BYTES: Final = 2_048  # of a view beside its texts and the ready lead


class Page(NamedTuple):
    """A page of a timeline as JSON, and the cursor of the next one."""

    entries: msgspec.Raw
    next_cursor: str | None


@dataclass(frozen=True, eq=False)
class LeadView:
    """One lead read at an instant.

    lead: its current values as JSON; name: what people call it; first_page: of its timeline; ready: for a score, None
    without a model. holds: true until it has another row, since none of its rows becomes visible later.
    """

    lead: msgspec.Raw
    name: str | None
    first_page: Page
    ready: ReadyLead | None
    holds: bool

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        texts = len(memoryview(self.lead)) + len(memoryview(self.first_page.entries))
        return OBJECT_BYTES + texts + (0 if self.ready is None else self.ready.size)


@dataclass(frozen=True)
class Reading:
    """What the leads of one call are read with: the names of events by the rows of their lead, the settings of
    `[display]`, the instant, and the model that scores each lead by its own rows alone, if any."""

    names: Callable[[LeadRows], EventNames]
    bundle: Bundle | None
    display: Mapping[str, Any]
    now_us: int

    def view(self, rows: LeadRows) -> LeadView:
        """The one lead in `rows`."""
        lead = rows.leads[0]
        as_of_us = seen_at(lead.created_us, self.now_us)
        (now,) = current_attributes(rows, as_of_us)
        seen = seen_lead(self.display, lead.lead_id, now)
        return LeadView(
            _json({**lead_document(lead, now), **seen._asdict()}),
            seen.name,
            self.page(rows, ALL),
            None if self.bundle is None else ready_lead(self.bundle, rows, as_of_us),
            _all_are_visible(rows, as_of_us),
        )

    def page(self, rows: LeadRows, wanted: Wanted) -> Page:
        """A page of the timeline of the one lead in `rows`."""
        entries, key = timeline(rows, self.names(rows), wanted)
        return Page(_json(entries), None if key is None else write_cursor(*key))


def seen_at(created_us: int, now_us: int) -> int:
    """The instant at which a lead is seen now: one that is created a little later, at its creation."""
    return max(now_us, created_us)


def _json(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _all_are_visible(rows: LeadRows, as_of_us: int) -> bool:
    """True if all rows are known by as_of_us, at times of their own."""
    return all(_are_known(rows.tables[table.name][KNOWN_US], as_of_us) for table in FACTS)


def _are_known(known_us: Sequence[int | None] | Ints, as_of_us: int) -> bool:
    if isinstance(known_us, np.ndarray):
        return bool((known_us <= as_of_us).all())
    return all(us is not None and us <= as_of_us for us in known_us)
