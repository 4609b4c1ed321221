"""The promotion gate: which versions replace the champion, which do not, and the reasons for it."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from history.history import History
from history.snapshot import cut
from history.text.times import DAY_US
from models.bundle import Bundle
from training import promotion
from training.evaluation.evaluated_rows import EvaluatedRows
from training.promotion import MIN_WINS, compare, decide, later_rows, refitted, scored_rows
from training.train import Trained, TrainOptions, train

OPTIONS = TrainOptions(trials=0)


@pytest.fixture(scope="module")
def history(small_history: History) -> History:
    return small_history


@pytest.fixture(scope="module")
def trained(small_trained: Trained) -> Trained:
    return small_trained


@pytest.fixture(scope="module")
def earlier(history: History) -> Bundle:
    """A champion whose training ended long enough ago for later leads to have matured."""
    return train(cut(history, history.as_of_us - history.config.horizon_us - 30 * DAY_US), OPTIONS).bundle


def with_losses(trained: Trained, model: float, **baselines: float) -> Trained:
    return replace(
        trained,
        signal="usable",
        metrics={"log_loss": model},
        baselines={name: {"log_loss": loss} for name, loss in baselines.items()},
    )


def test_first_version_needs_to_match_the_base_rate(trained: Trained, history: History) -> None:
    good = decide(with_losses(trained, 0.4, base_rate=0.5, stage_table=0.3), None, history)
    worse = with_losses(trained, 0.6, base_rate=0.5, stage_table=0.7)
    bad = decide(held_out(worse, 0.6, 0.5), None, history)
    assert good.promote
    assert not bad.promote
    assert "base rate" in bad.reasons[-1]


def test_first_version_may_pass_on_held_out_leads(trained: Trained, history: History) -> None:
    worse = with_losses(trained, 0.6, base_rate=0.5, stage_table=0.7)
    decision = decide(held_out(worse, 0.4, 0.5), None, history)
    assert decision.promote
    assert "worse" in decision.reasons[0]
    assert "held-out leads" in decision.reasons[1]


def held_out(trained: Trained, model: float, base_rate: float) -> Trained:
    assert trained.evaluation is not None
    losses = {"log_loss": model, "base_rate": base_rate}
    return replace(trained, evaluation=replace(trained.evaluation, held_out=losses))


def test_no_signal_never_replaces_a_usable_champion(
    trained: Trained, history: History, earlier: Bundle
) -> None:
    blind = replace(trained, signal="none")
    assert decide(blind, None, history).promote
    seeing = replace(earlier, conversion=cast(Any, object()))
    decision = decide(blind, seeing, history)
    assert not decision.promote
    assert "no usable signal" in decision.reasons[0]
    assert "champion" in decision.reasons[0]


@pytest.mark.parametrize("better", ["base_rate", "stage_table"])
def test_a_version_worse_than_a_table_is_not_promoted(
    trained: Trained, history: History, earlier: Bundle, better: str
) -> None:
    losses = {"base_rate": 0.6, "stage_table": 0.6, better: 0.4}
    decision = decide(with_losses(trained, 0.5, **losses), earlier, history)
    assert not decision.promote
    assert any(better.replace("_", " ") in r and "worse" in r for r in decision.reasons)


def test_few_later_wins_are_not_comparable_at_any_age(trained: Trained, history: History) -> None:
    model = with_losses(trained, 0.4, base_rate=0.5, stage_table=0.5)
    for age_days in (0, 30, history.config.horizon_days - 1):
        champion = replace(trained.bundle, trained_through_us=history.as_of_us - age_days * DAY_US)
        decision = decide(model, champion, history)
        assert not decision.promote
        assert any(r.startswith("not_comparable: ") for r in decision.reasons)


def test_another_horizon_is_not_comparable(trained: Trained, history: History, earlier: Bundle) -> None:
    vocabulary = replace(earlier.vocabulary, config=replace(earlier.config, horizon_days=7))
    decision = decide(
        with_losses(trained, 0.4, base_rate=0.5, stage_table=0.5),
        replace(earlier, vocabulary=vocabulary),
        history,
    )
    assert not decision.promote
    assert any("not_comparable" in r and "7 days" in r for r in decision.reasons)


def test_compared_rows_lie_after_both_fits_and_are_matured(history: History, earlier: Bundle) -> None:
    later = later_rows(history, earlier.trained_through_us)
    assert later.leads_won >= MIN_WINS
    assert (later.snapshot.as_of_us >= earlier.trained_through_us).all()
    assert (later.snapshot.as_of_us >= later.start_us).all()
    assert (later.snapshot.as_of_us + history.config.horizon_us <= history.as_of_us).all()


def test_many_later_wins_move_the_refit_later(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    from_us = history.as_of_us - 2 * history.config.horizon_us
    whole = later_rows(history, from_us)
    monkeypatch.setattr(promotion, "ENOUGH_WINS", whole.leads_won // 2)
    short = later_rows(history, from_us)
    assert short.start_us > whole.start_us
    assert whole.leads_won // 2 <= short.leads_won < whole.leads_won


def test_the_refit_knows_only_the_past(trained: Trained, history: History) -> None:
    at_us = history.as_of_us - history.config.horizon_us
    before = refitted(trained, history, at_us)
    assert before.trained_through_us == at_us
    assert set(before.config.ignore) >= set(trained.bundle.config.ignore)


def test_reasons_name_each_criterion(trained: Trained, history: History, earlier: Bundle) -> None:
    decision = decide(with_losses(trained, 0.4, base_rate=0.5, stage_table=0.5), earlier, history)
    text = "\n".join(decision.reasons)
    assert "log loss" in text
    assert "calibration error" in text
    assert "compared on" in text
    assert decision.reasons[-1].startswith("promoted" if decision.promote else "the champion stays")


def truth_and_noise(n: int = 800) -> tuple[EvaluatedRows, dict[str, Any]]:
    random = np.random.default_rng(0)
    p = random.uniform(0.05, 0.7, n)
    won = (random.random(n) < p).astype(float)
    amount = np.where(won > 0, 100.0, np.nan)
    flat = np.full(n, 100.0)
    right = EvaluatedRows(won, p, amount, flat, flat, flat, np.zeros(n, dtype=np.bool_), np.arange(n) // 2)
    return right, vars(right)


def test_the_better_version_wins_and_an_equal_one_does_not(history: History) -> None:
    later = later_rows(history, history.as_of_us - 2 * history.config.horizon_us)
    right, columns = truth_and_noise()
    worse = EvaluatedRows(**{**columns, "probability": np.full(len(right), 0.2)})
    assert compare(right, worse, later).promote
    lost = compare(worse, right, later)
    assert not lost.promote
    assert "certainly worse in log loss" in lost.reasons[-1]
    equal = compare(right, right, later)
    assert not equal.promote
    assert "not better" in equal.reasons[-1]


def test_worse_revenue_ranking_outweighs_better_log_loss(history: History) -> None:
    later = later_rows(history, history.as_of_us - 2 * history.config.horizon_us)
    right, columns = truth_and_noise()
    amounts = np.random.default_rng(1).lognormal(4, 2, len(right))
    paid = np.where(right.won > 0, amounts, np.nan)
    champion = EvaluatedRows(
        **{**columns, "amount": paid, "expected_amount": amounts, "probability": right.probability * 0.9}
    )
    challenger = EvaluatedRows(**{**columns, "amount": paid, "expected_amount": 1 / amounts})
    decision = compare(challenger, champion, later)
    assert not decision.promote
    assert "ranking of revenue" in decision.reasons[-1]


def test_compared_scores_are_probabilities_of_every_lead(history: History, earlier: Bundle) -> None:
    later = later_rows(history, earlier.trained_through_us)
    scored = scored_rows(earlier, later)
    assert ((scored.probability > 0) & (scored.probability < 1)).all()
    assert len(np.unique(scored.lead)) == len(np.unique(later.snapshot.lead))
