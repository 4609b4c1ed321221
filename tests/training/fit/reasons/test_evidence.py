"""Evidence from training rows: equal to counting by hand, and silent where chance could be the cause."""

from dataclasses import replace

import numpy as np
import pytest

from features.groups import group_of
from training.fit.reasons.evidence import FEWEST_LEADS, Share, differ, learn_evidence
from training.rows.dataset import GRID
from training.rows.training_set import TrainingSet


def test_every_comparison_equals_a_count_by_hand(training_set: TrainingSet) -> None:
    evidence = learn_evidence(training_set)
    columns = {feature.name: j for j, feature in enumerate(training_set.features)}
    rows = training_set.rows
    assert len(evidence.features) > 20
    for name, known in list(evidence.features.items())[::4]:
        feature = training_set.features[columns[name]]
        for group, told in known.groups.items():
            inside: list[tuple[int, float]] = []
            outside: list[tuple[int, float]] = []
            for i in np.flatnonzero(rows.origin == GRID).tolist():
                value = float(training_set.values[i, columns[name]])
                is_inside = group_of(feature, value, known.split) == group
                part = inside if is_inside else outside
                part.append((int(rows.snapshot.lead[i]), float(training_set.won[i])))
            shares = [sum(won for _, won in part) / len(part) for part in (inside, outside)]
            leads = [len({lead for lead, _ in part}) for part in (inside, outside)]
            assert [told.share_with, told.share_without] == pytest.approx(shares)
            assert [told.n_with, told.n_without] == leads
            assert min(leads) >= FEWEST_LEADS


@pytest.mark.parametrize("seed", range(3))
def test_random_outcomes_give_almost_no_evidence(training_set: TrainingSet, seed: int) -> None:
    """Rows of one lead share their outcome here; counted one by one they would tell a lot."""
    rows = training_set.rows
    lucky = np.random.default_rng(seed).random(int(rows.snapshot.lead.max()) + 1) < 0.2
    outcome = np.where(lucky[rows.snapshot.lead], 1, 2).astype(np.int8)
    random_set = replace(training_set, rows=replace(rows, labels=replace(rows.labels, outcome=outcome)))
    told = sum(len(known.groups) for known in learn_evidence(random_set).features.values())
    true = sum(len(known.groups) for known in learn_evidence(training_set).features.values())
    assert told < 0.35 * true


def test_shares_differ_when_their_interval_excludes_zero() -> None:
    assert differ(Share(0.41, 412), Share(0.18, 900))
    assert not differ(Share(0.41, 12), Share(0.3, 20))
    assert not differ(Share(0.2, 500), Share(0.2, 500))
    assert differ(Share(0.0, 200), Share(0.1, 200))


def test_difference_is_that_of_newcombes_table() -> None:
    """Newcombe (1998), method 10: 56/70 - 48/80 has the interval 0.0524 to 0.3339, 9/10 - 3/10 0.1705 to 0.8090."""
    assert differ(Share(56 / 70, 70), Share(48 / 80, 80))
    assert not differ(Share(56 / 70 - 0.0524, 70), Share(48 / 80 + 0.05, 80))
