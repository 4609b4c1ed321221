"""Sentences that read well for any value, each way."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import catalogue
from features.matrix import build_matrix
from features.wording import duration, is_missing, label_of, plain, readable, sentence
from history.snapshot import Snapshot
from tests.builders.feature_words import words
from tests.builders.leads.lead_histories import CALM, Lead, histories, history_of, instants

WORDS = words()
RAISES = re.compile(r" raises? the chance$")


LOWERS = re.compile(r" lowers? the chance$")


@settings(CALM, max_examples=60)
@given(histories, instants)
def test_every_value_has_a_sentence_each_way(leads: list[Lead], as_of: int) -> None:
    history = history_of(leads, as_of)
    matrix = build_matrix(Snapshot(history, np.arange(len(leads)), np.full(len(leads), as_of)), WORDS)
    for row in matrix.values.tolist():
        for column, value in zip(matrix.features, row, strict=True):
            up, down = (sentence(column, value, way, WORDS) for way in (True, False))
            assert RAISES.sub("", up) == LOWERS.sub("", down)
            assert up != down
            assert up[0] == up[0].upper()
            assert not re.search(r"\bnan\b", up)
            shown = readable(column, value, WORDS)
            assert is_missing(column, value) or shown.lower() in up.lower()


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("lead_age_days", 12, "An age of 12 days lowers the chance"),
        ("interactions_7d", 0, "No interactions in the last 7 days lower the chance"),
        ("interactions_7d", 1, "1 interaction in the last 7 days lowers the chance"),
        ("kind_call_30d", 1200, "1,200 interactions of kind call in the last 30 days lower the chance"),
        ("channel_phone_count", 3, "3 interactions through phone so far lower the chance"),
        ("days_since_inbound", 2, "The last interaction from the lead 2 days ago lowers the chance"),
        ("days_since_inbound", math.nan, "No interaction from the lead so far lowers the chance"),
        (
            "activity_trend",
            1,
            "1 more interaction in the last 7 days than in a usual week before lowers the chance",
        ),
        (
            "activity_trend",
            -2,
            "2 fewer interactions in the last 7 days than in a usual week before lower the chance",
        ),
        ("days_in_stage", 3.54, "A stay of 3.5 days in the current stage lowers the chance"),
        ("stage_pace", 1.5, "A stay 1.5 times as long as usual in this stage lowers the chance"),
        ("response_hours_mean", 5, "Our average reply time of 5 hours lowers the chance"),
        ("response_hours_mean", math.nan, "No reply from us recorded lowers the chance"),
        ("stage_regressions", 1, "1 move back to an earlier stage lowers the chance"),
        ("stage_position", 2, "Being at stage 2 of 3 (demo) lowers the chance"),
        ("stage", 1, "Being in a stage unknown to the model lowers the chance"),
        ("last_kind", 2, "The last interaction of kind call lowers the chance"),
        ("created_weekday", 6, "Creation on a Sunday lowers the chance"),
        ("days_to_month_end", 0, "The end of the month in less than a day lowers the chance"),
        ("attr_size", 64, "Size of 64 lowers the chance"),
        ("attr_agreed", 1, 'Agreed "yes" lowers the chance'),
        ("attr_due_days_ahead", -2.0, "Due 2 days ago lowers the chance"),
        ("attr_due_weekday", 4, "Due on a Friday lowers the chance"),
        ("attr_plan", 0, "No plan lowers the chance"),
        ("attr_plan", 1, "Plan with a rare or new value lowers the chance"),
        ("attr_plan", 2, 'Plan "x" lowers the chance'),
        ("attr_plan_past_leads", 1, "Plan known from 1 past lead lowers the chance"),
        ("attr_plan_win_rate", 0.175, "A win rate of 17.5 % among past leads of its plan lowers the chance"),
        ("attr_plan_changes", 2, "2 changes of plan so far lower the chance"),
    ],
)
def test_sentences_read_as_written(name: str, value: float, text: str) -> None:
    (column,) = (f for f in catalogue(WORDS) if f.name == name)
    assert sentence(column, float(value), False, WORDS) == text
    raised = text.replace("lower the", "raise the").replace("lowers the", "raises the")
    assert sentence(column, float(value), True, WORDS) == raised


def test_sentences_are_short() -> None:
    for column in catalogue(WORDS):
        values = (0.0, 1.0) if column.kind == "category" else (0.0, 1.0, math.nan)
        longest = max(len(sentence(column, value, True, WORDS)) for value in values)
        assert longest <= 85, column.name


def test_durations_and_numbers_are_short() -> None:
    days = (0, 1 / 1440, 0.05, 0.3, 1.5, 2, 9.97, 365.4)
    durations = [
        "less than a minute", "1 minute", "72 minutes", "7 hours", "36 hours", "2 days", "10 days", "365 days",
    ]  # fmt: skip
    assert [duration(d) for d in days] == durations
    numbers = (0, -3, 1234567, 2.5, 0.00012345, 1e16)
    assert [plain(x) for x in numbers] == ["0", "-3", "1,234,567", "2.5", "0.000123", "1e+16"]


@given(st.floats(0, 1e5))
def test_duration_is_within_its_rounding(days: float) -> None:
    """Read back, a duration differs from its days by half of its last digit at most."""
    text = duration(days)
    if text == "less than a minute":
        assert days * 1440 < 1
        return
    amount, unit = text.replace(",", "").split(" ")
    size = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1.0}[unit.removesuffix("s")]
    digit = 0.1 if "." in amount or (unit == "days" and days < 9.95) else 1.0
    assert abs(float(amount) * size - days) <= size * digit / 2 + 1e-9


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 999.5, 1e14, 1e15, 0.00012345, -2.5])
def test_number_reads_back_within_three_digits(value: float) -> None:
    assert float(plain(value).replace(",", "")) == pytest.approx(value, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("lead_age_days", "Age of the lead"),
        ("interactions_7d", "Interactions in the last 7 days"),
        ("days_since_inbound", "Days since the last interaction from the lead"),
        ("stage", "Stage"),
        ("days_in_stage", "Days in the current stage"),
    ],
)
def test_feature_has_a_label_without_a_value(name: str, label: str) -> None:
    assert label_of(next(column for column in catalogue(WORDS) if column.name == name)) == label


def test_every_label_is_words_of_its_own_phrase() -> None:
    for column in catalogue(WORDS):
        label = label_of(column)
        assert "{" not in label
        assert not re.search(r" (of|a|on|in)$", label), label
        assert label[0] == label[0].upper()
