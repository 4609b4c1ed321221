"""A weighted sum of trees is the sum of its members' trees, and a model that LightGBM reads."""

from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest

from models.figures.parameters import Member
from tests.builders.small_models import QUICK, conversion_rows
from training.fit.additive import FitSettings, fit_conversion
from training.fit.tree_sum import kinds, weights_by_tree

SMALL, LARGE = replace(QUICK, rounds=12), replace(QUICK, rounds=7, leaves=15, learning_rate=0.2)
MEMBERS = (Member(replace(SMALL, rounds=5), 0.2), Member(LARGE, 0.5), Member(SMALL, 0.3))


def test_margins_are_the_weighted_sum_of_the_members() -> None:
    rows = conversion_rows(1)
    whole = fit_conversion(rows, FitSettings(SMALL, 3, MEMBERS)).margin(rows.values)
    parts = [
        member.weight * fit_conversion(rows, FitSettings(member.parameters, 3)).margin(rows.values)
        for member in MEMBERS
    ]
    np.testing.assert_allclose(whole, np.sum(parts, axis=0), rtol=0, atol=1e-12)


def test_lightgbm_reads_the_sum() -> None:
    rows = conversion_rows(2)
    trees = fit_conversion(rows, FitSettings(SMALL, 3, MEMBERS)).trees
    assert trees is not None
    booster = lgb.Booster(model_str=trees.text)
    assert booster.num_trees() == len(trees.roots) == SMALL.rounds + LARGE.rounds
    assert np.array_equal(booster.predict(rows.values, raw_score=True), trees.predict(rows.values))
    theirs = booster.predict(rows.values, pred_contrib=True)
    np.testing.assert_allclose(trees.contributions(rows.values), theirs[:, :-1], rtol=0, atol=1e-9)


def test_one_member_is_the_model_of_its_parameters() -> None:
    rows = conversion_rows(3)
    alone = fit_conversion(rows, FitSettings(SMALL, 3)).margin(rows.values)
    member = fit_conversion(rows, FitSettings(SMALL, 3, (Member(SMALL, 1.0),))).margin(rows.values)
    assert member.tobytes() == alone.tobytes()


def test_members_of_a_kind_share_their_trees() -> None:
    small, large = kinds(MEMBERS)
    assert weights_by_tree(small).tolist() == pytest.approx([0.5] * 5 + [0.3] * 7)
    assert weights_by_tree(large).tolist() == [0.5] * 7
