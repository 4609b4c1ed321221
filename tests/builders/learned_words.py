"""Vocabularies learned from leads written by hand, each lead read at one instant."""

from dataclasses import replace
from typing import NamedTuple

from features.vocabulary import Vocabulary, learn
from history.snapshot import Snapshot, all_leads
from tests.builders.leads.lead_histories import CONFIG, Lead, history_of
from tests.builders.leads.made_leads import LAST_US


class Learned(NamedTuple):
    """A vocabulary, and the rows that it was learned from."""

    vocabulary: Vocabulary
    snapshot: Snapshot


def rows_of(leads: list[Lead], as_of_us: int = LAST_US) -> Snapshot:
    """Every lead at one instant."""
    return all_leads(history_of(leads, as_of_us), as_of_us)


def learned(leads: list[Lead], **changes: object) -> Learned:
    """Learned from every lead, with changes to the usual configuration."""
    config = replace(CONFIG, **changes)  # type: ignore[arg-type]
    snapshot = all_leads(history_of(leads, LAST_US, config), LAST_US)
    return Learned(learn(snapshot).vocabulary, snapshot)
