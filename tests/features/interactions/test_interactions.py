"""Engagement: what must hold of counts, recency and rhythm, whatever the interactions are."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.interactions.interactions import (
    WINDOWS_DAYS,
    InteractionVocabulary,
    interaction_features,
    interaction_layout,
)
from features.interactions.kernel import N_SINGLES
from features.matrix import build_matrix
from history.history import INBOUND, OUTBOUND
from history.snapshot import Snapshot
from history.text.times import DAY_US
from tests.builders.feature_words import words
from tests.builders.leads import lead_histories as made
from tests.builders.leads.lead_histories import CALM, START_US, Lead, Touch, history_of

WORDS = words()


def figures(lead: Lead, as_of: int) -> dict[str, float]:
    matrix = build_matrix(Snapshot(history_of([lead], as_of), np.array([0]), np.array([as_of])), WORDS)
    return {f.name: float(v) for f, v in zip(matrix.features, matrix.values[0], strict=True)}


@settings(CALM, max_examples=100)
@given(made.leads(), made.instants)
def test_parts_add_up_to_the_whole_and_windows_nest(lead: Lead, as_of: int) -> None:
    lead = replace(lead, touches=[row for row in lead.touches if row.kind is not None])
    seen = figures(lead, as_of)
    for window in (*(f"{d}d" for d in WINDOWS_DAYS), "count"):
        parts = [seen[f"{name}_{window}"] for name in ("kind_call", "kind_mail", "other_kinds")]
        assert sum(parts) == seen[f"interactions_{window}"]
    nested = [seen[f"interactions_{w}"] for w in ("7d", "30d", "90d", "count")]
    assert nested == sorted(nested)
    assert seen["activity_decay_7d"] <= seen["activity_decay_30d"] <= seen["interactions_count"]


@settings(CALM, max_examples=100)
@given(made.leads(), made.instants, st.integers(-1000, 1000))
def test_only_time_differences_matter(lead: Lead, as_of: int, days: int) -> None:
    shift = days * DAY_US
    moved = Lead(
        lead.created + shift,
        {},
        [t._replace(time=t.time + shift, known=t.known + shift) for t in lead.touches],
        [t._replace(time=t.time + shift, known=t.known + shift) for t in lead.entries],
    )
    before, after = figures(replace(lead, attributes={}, changes=[]), as_of), figures(moved, as_of + shift)
    calendar = ("created_weekday", "as_of_weekday", "as_of_month", "days_to_month_end", "days_to_quarter_end")
    for name, value in before.items():
        same = value == after[name] or (math.isnan(value) and math.isnan(after[name]))
        assert name in calendar or same, name


def test_a_reply_is_timed_from_the_oldest_open_question() -> None:
    def touch(hours: int, direction: int) -> Touch:
        return Touch(START_US + hours * DAY_US // 24, START_US, "mail", None, direction)

    rows = [touch(0, INBOUND), touch(3, INBOUND), touch(5, OUTBOUND), touch(9, OUTBOUND), touch(10, INBOUND)]
    rows = [row._replace(known=row.time) for row in rows]
    seen = figures(Lead(START_US, {}, rows), START_US + 12 * DAY_US // 24)
    assert seen["response_hours_mean"] == 5
    assert seen["unanswered_hours"] == 2
    assert seen["lead_response_hours_mean"] == 1
    assert seen["share_inbound"] == 0.6


def test_columns_without_training_data_are_left_out() -> None:
    assert interaction_features(InteractionVocabulary()) == ()
    bare = {f.name for f in interaction_features(InteractionVocabulary(kinds=("call",), any=True))}
    assert not bare & {
        "share_inbound",
        "value_sum",
        "distinct_channels",
        "last_channel",
        "last_kind",
        "inbound_7d",
    }


@settings(CALM, max_examples=50)
@given(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    st.integers(0, 3),
    st.integers(0, 2),
    st.integers(0, 1),
)
def test_every_column_has_one_place(
    flags: tuple[bool, bool, bool, bool], kinds: int, channels: int, echoes: int
) -> None:
    vocabulary = InteractionVocabulary(
        ("a", "b", "c")[:kinds], ("d", "e")[:channels], *flags, True, ("d",)[:echoes]
    )
    plan = interaction_layout(vocabulary)
    singles = plan.single_columns[plan.single_columns >= 0].tolist()
    width = len(WINDOWS_DAYS) + 2
    assert len(plan.single_columns) == N_SINGLES
    assert [*range(plan.n_groups * width), *singles] == list(range(len(interaction_features(vocabulary))))
