"""What the events of a stream mean by their names: which one wins, loses, is a stage, or makes a person a lead."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.persons.rows import Role, slug
from connectors.reading.options import ReadOptions
from history.base.arrays import Flags, Mask
from history.base.errors import InvalidInput

SHOWN_NAMES: Final = 30
# Events by which people ask to be called, in the usual tracking plans.
LEAD_EVENTS: Final = (
    "Form Submitted", "Lead Generated", "Generate Lead", "Lead Created", "Demo Requested", "Signed Up",
    "Trial Started", "Contact Form Submitted", "Quote Requested",
)  # fmt: skip
OUTBOUND: Final = r"(^|_)(sent|delivered|bounced|dropped|deferred)$"  # done to a person, not by one


@dataclass(frozen=True)
class EventNames:
    """Names of events in the order in which they were given; options: those that the user named, by option."""

    won: tuple[str, ...]
    lost: tuple[str, ...]
    stages: tuple[str, ...]
    lead: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()

    def roles(self, kinds: pa.Array) -> Flags:
        """The role of each event (m,) by its kind."""
        role = np.full(len(kinds), Role.TOUCH, dtype=np.int8)
        for names, meaning in ((self.stages, Role.STAGE), (self.lost, Role.LOST), (self.won, Role.WON)):
            role[are_named(kinds, names)] = meaning
        return role

    def stage_names(self, kinds: pa.Array) -> pa.Array:
        """The stage that each event (m,) enters, null for others."""
        place = pc.index_in(kinds, value_set=pa.array(list(map(slug, self.stages)), pa.string()))
        return pa.array(list(self.stages), pa.string()).take(place)

    def make_leads(self, kinds: pa.Array) -> Mask:
        """Which events (m,) make their person a lead by their name."""
        return are_named(kinds, self.lead)

    def refuse_unseen(self, kinds: Iterable[str]) -> None:
        """Raises InvalidInput for names of options that no event of the export has."""
        seen = sorted(set(kinds))
        problems = []
        for option, name in self.options:
            if slug(name) not in seen:
                near = get_close_matches(slug(name), seen, SHOWN_NAMES) or seen[:SHOWN_NAMES]
                problems.append(f"{option} {name}: no event has this name; the export has {', '.join(near)}.")
        if problems:
            raise InvalidInput(problems)


def event_names(options: ReadOptions, defaults: EventNames) -> EventNames:
    """The names that the options give, else those of the system."""
    given = (
        ("--won", options.won),
        ("--lost", options.lost),
        ("--stage", options.stages),
        ("--lead", options.lead),
    )
    return EventNames(
        options.won or defaults.won,
        options.lost or defaults.lost,
        options.stages or defaults.stages,
        options.lead or defaults.lead,
        tuple((option, name) for option, names in given for name in names),
    )


def are_named(kinds: pa.Array, names: Iterable[str]) -> Mask:
    """Which events (m,), by their kinds, have one of these names in any spelling."""
    wanted = pa.array(sorted({slug(name) for name in names}), pa.string())
    return np.asarray(pc.fill_null(pc.is_in(kinds, value_set=wanted), False).to_numpy(zero_copy_only=False))


def directions(kinds: pa.Array) -> pa.Array:
    """outbound for messages that were sent, inbound for everything that a person did."""
    sent = pc.match_substring_regex(kinds, OUTBOUND)
    return pc.if_else(sent, "outbound", "inbound")
