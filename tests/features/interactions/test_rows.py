"""Features after one interaction more, against a history that has it: equal to the last bit from any state."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.interactions.kernel import N_SUMS, N_TALLIES
from features.interactions.rows import Touch, Walks, touches_after
from features.matrix import PreparedHistory, build_matrix, empty_values, plan_of
from features.vocabulary import Vocabulary
from history.bulk_creations import BulkDay
from history.history import INBOUND, NO_DIRECTION, OUTBOUND
from history.snapshot import Snapshot
from history.spelling import one_spelling
from history.text.times import DAY_US, HOUR_US
from tests.builders.feature_words import words
from tests.builders.leads.lead_histories import CALM, START_US, Entry, Lead, histories, history_of, instants
from tests.builders.leads.lead_histories import Touch as Row

WORDS = words()
# Created by an import: features that count from the creation are missing.
IMPORTED = replace(WORDS, bulk_days=(BulkDay(START_US - 400 * DAY_US, START_US + 400 * DAY_US, 300),))
FIRST = np.zeros(1, dtype=np.int64)
KINDS = st.sampled_from(["call", "mail", "a rare kind", "another"])
CHANNELS = st.sampled_from([None, "phone", "fax", "web"])
TOUCHES = st.lists(
    st.builds(
        Touch,
        KINDS,
        CHANNELS,
        st.sampled_from([INBOUND, OUTBOUND, NO_DIRECTION]),
        st.one_of(st.none(), st.floats(-1e6, 1e6)),
    ),
    min_size=1,
    max_size=4,
)


class Read:
    """A lead as the scorer reads it, and what its walk left."""

    def __init__(self, lead: Lead, as_of_us: int, vocabulary: Vocabulary = WORDS) -> None:
        self.lead, self.vocabulary = lead, vocabulary
        self.row = snapshot(lead, as_of_us)
        self.prepared = PreparedHistory(self.row.history, vocabulary)
        walks = self.prepared.room_for_walks()
        assert walks is not None
        self.walks: Walks = walks
        self.values = empty_values(1, vocabulary)
        self.prepared.write(self.values, self.row, walks)

    def after(self, touches: list[Touch]) -> np.ndarray:
        """The features after each of the touches, from the walk."""
        values = np.repeat(self.values, len(touches), axis=0)
        after = self.prepared.touches_after(tuple(touches))
        self.prepared.write_touched(values, self.row, self.walks, after)
        return values

    def anew(self, touches: list[Touch]) -> np.ndarray:
        """The same, each from all rows of a history with the touch."""
        us = int(self.row.as_of_us[0])
        each = []
        for touch in touches:
            value = np.nan if touch.value is None else touch.value
            row = Row(us, us, touch.kind, touch.channel, touch.direction, value)
            more = replace(self.lead, touches=[*self.lead.touches, row])
            each.append(build_matrix(snapshot(more, us), self.vocabulary).values)
        return np.vstack(each)


def snapshot(lead: Lead, as_of_us: int) -> Snapshot:
    return Snapshot(history_of([lead], as_of_us, WORDS.config), FIRST, np.array([as_of_us], dtype=np.int64))


@settings(CALM, max_examples=40)
@given(histories, instants, TOUCHES, st.booleans())
def test_one_more_interaction_gives_what_its_rows_give(
    leads: list[Lead], as_of_us: int, touches: list[Touch], is_imported: bool
) -> None:
    for lead in leads:
        read = Read(lead, as_of_us, IMPORTED if is_imported else WORDS)
        assert read.values.tobytes() == build_matrix(read.row, read.vocabulary).values.tobytes()
        assert read.after(touches).tobytes() == read.anew(touches).tobytes()


def long_lead(seed: int, rows: int) -> Lead:
    """Rows of all sorts, some at one instant, some before the creation."""
    draw = random.Random(seed)
    times = [START_US - 30 * DAY_US + draw.randrange(60 * 24) * HOUR_US for _ in range(rows)]
    touches = [
        Row(
            time,
            time + draw.choice([0, 0, DAY_US]),
            draw.choice(["call", "mail", "a rare kind", None]),
            draw.choice(["phone", "fax", None]),
            draw.choice([INBOUND, OUTBOUND, NO_DIRECTION]),
            draw.choice([float("nan"), 0.1, 7.3]),
        )
        for time in times
    ]
    return Lead(START_US, {}, touches, entries=[Entry(START_US, START_US, "demo")])


ANY_TOUCH = [
    Touch("call", "phone", OUTBOUND, 0.3),
    Touch("mail", "fax", INBOUND, None),
    Touch("a rare kind", None, OUTBOUND, None),
    Touch("another", "web", NO_DIRECTION, 2.5),
]
LEADS = [(seed, rows) for seed in range(6) for rows in (0, 1, 2, 3, 4, 5, 20, 21, 400)]


@pytest.mark.parametrize(("seed", "rows"), LEADS)
def test_leads_with_few_and_many_rows(seed: int, rows: int) -> None:
    read = Read(long_lead(seed, rows), START_US + 25 * DAY_US)
    assert read.after(ANY_TOUCH).tobytes() == read.anew(ANY_TOUCH).tobytes()


def test_a_wrong_state_is_seen() -> None:
    """Every number of the state counts: changed, it gives other features for one of the leads."""
    reads = [Read(long_lead(seed, rows), START_US + 25 * DAY_US) for seed, rows in LEADS]
    expected = [read.after(ANY_TOUCH).tobytes() for read in reads]

    def is_seen(change: Any) -> bool:
        for read, truth in zip(reads, expected, strict=True):
            kept = read.walks
            read.walks = Walks(kept.tallies.copy(), kept.sums.copy())
            change(read.walks)
            is_other = read.after(ANY_TOUCH).tobytes() != truth
            read.walks = kept
            if is_other:
                return True
        return False

    def off_by(name: str, position: int, difference: Any) -> bool:
        def change(walks: Walks) -> None:
            numbers = getattr(walks, name)
            if numbers.shape[1] > position and abs(float(numbers[0, position])) < 2**62:  # not one for "none"
                numbers[0, position] += difference

        return is_seen(change)

    unseen = [
        position
        for position in range(N_TALLIES)
        if not any(off_by("tallies", position, by) for by in (1, -1, 99 * DAY_US, -9 * DAY_US))
    ]
    # Each touch has a kind and replaces the codes of the last row's; it brings its own code of a channel, too.
    assert unseen == [N_TALLIES - 2, N_TALLIES - 1]
    unseen = [j for j in range(N_SUMS) if not off_by("sums", j, 0.5)]
    assert unseen == []
    marks = [N_TALLIES + j for j in range(5)]  # of three kinds and two channels
    assert all(off_by("tallies", mark, -1) for mark in marks)


def test_a_touch_in_another_spelling_is_of_the_same_kind() -> None:
    log = Read(long_lead(1, 40), START_US + 25 * DAY_US).row.history.interactions
    assert one_spelling(log.kind).values == log.kind.values
    layout = plan_of(WORDS).interactions
    assert layout is not None
    touches = (Touch(" CALL", "Phone", OUTBOUND, None), Touch("new", None, OUTBOUND, None))
    after = touches_after(log, touches, layout)
    assert after.kind.tolist() == [log.kind.values.index("call"), len(log.kind.values)]
    assert after.channel.tolist() == [log.channel.values.index("phone"), -1]
