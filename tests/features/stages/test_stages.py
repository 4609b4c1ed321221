"""The block of stage features: its columns in the kernel's order, and leads or funnels without stages."""

import numpy as np
import pytest

from features.matrix import build_matrix
from features.stages import kernel
from features.stages.stages import stage_features
from history.snapshot import Snapshot
from history.text.times import DAY_US
from tests.builders.feature_words import words
from tests.builders.leads.lead_histories import STAGES, START_US, Lead, history_of


@pytest.mark.parametrize(
    ("column", "name"),
    [
        (kernel.LEAD_AGE, "lead_age_days"),
        (kernel.STAGE, "stage"),
        (kernel.POSITION, "stage_position"),
        (kernel.FURTHEST, "furthest_position"),
        (kernel.PACE, "stage_pace"),
        (kernel.MOVES_30D, "stage_moves_30d"),
        (kernel.RETURNS, "stage_returns"),
        (kernel.N_FIXED, "days_at_new"),
    ],
)
def test_columns_are_in_the_order_of_the_kernel(column: int, name: str) -> None:
    assert stage_features(STAGES)[column].name == name


def test_funnel_without_stages_has_the_age_alone() -> None:
    assert [feature.name for feature in stage_features(())] == ["lead_age_days"]


def test_a_lead_without_stages_has_no_stage_figures() -> None:
    at = START_US + DAY_US
    history = history_of([Lead(START_US)], at)
    matrix = build_matrix(Snapshot(history, np.array([0]), np.array([at])), words())
    seen = {f.name: float(v) for f, v in zip(matrix.features, matrix.values[0], strict=True)}
    assert (seen["lead_age_days"], seen["stage"], seen["stage_moves"]) == (1, 0, 0)
    assert np.isnan([seen["stage_position"], seen["days_in_stage"], seen["days_at_new"]]).all()
