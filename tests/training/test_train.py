"""One training, end to end: the same model from the same knowledge, and honest words where there is little of it."""

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from history.base.warnings import json_of
from history.history import LOST, WON, History, empty_factor, no_interactions, no_stages
from history.read import read_folder
from history.snapshot import cut, open_leads
from history.text.times import DAY_US
from models.home.saved import load_bundle, save_bundle
from models.scorer import score
from tests.builders.engines.part_engine import PartEngine
from tests.builders.leads.lead_histories import START_US, Decision, Entry, Lead, factor, history_of
from training.train import Trained, TrainOptions, train

OPTIONS = TrainOptions(trials=0)
LATER_DAYS = 60


def saved(trained: Trained, folder: Path) -> str:
    """The sha256 of the manifest: of every file of the bundle, the trees among them."""
    return save_bundle(trained.bundle, folder)


def trees(trained: Trained, folder: Path) -> str:
    saved(trained, folder)
    return load_bundle(folder).trees_sha256


def rewritten(source: Path, target: Path, change: Callable[[str, list[str]], list[str]]) -> Path:
    """A copy of a data folder whose tables' lines, without the header, went through `change(name, lines)`."""
    target.mkdir()
    shutil.copy(source / "funnel.toml", target)
    for path in sorted(source.glob("*.csv")):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        (target / path.name).write_text("\n".join([head, *change(path.stem, lines)]) + "\n", encoding="utf-8")
    return target


@pytest.fixture(scope="module")
def earlier_us(small_history: History) -> int:
    return small_history.as_of_us - LATER_DAYS * DAY_US


@pytest.fixture(scope="module")
def earlier(crm: Path, earlier_us: int) -> Trained:
    return train(read_folder(crm, as_of_us=earlier_us), OPTIONS)


def test_the_same_data_and_seed_give_the_same_bundle(
    small_trained: Trained, small_history: History, tmp_path: Path
) -> None:
    again = train(small_history, OPTIONS)
    assert saved(again, tmp_path / "b") == saved(small_trained, tmp_path / "a")
    assert again.metrics == small_trained.metrics
    assert again.baselines == small_trained.baselines


def test_bundle_does_not_depend_on_the_engine(
    small_trained: Trained, small_history: History, tmp_path: Path
) -> None:
    engine = PartEngine(7)
    by_parts = train(small_history, replace(OPTIONS, engine=engine))
    assert engine.done > 7, "more than one matrix is made by parts"
    assert saved(by_parts, tmp_path / "by-parts") == saved(small_trained, tmp_path / "whole")


def test_another_seed_gives_other_trees(
    earlier: Trained, small_history: History, earlier_us: int, tmp_path: Path
) -> None:
    other = train(cut(small_history, earlier_us), replace(OPTIONS, seed=1))
    assert trees(other, tmp_path / "b") != trees(earlier, tmp_path / "a")


def test_rows_after_t_do_not_change_the_bundle(
    crm: Path, earlier: Trained, small_history: History, earlier_us: int, tmp_path: Path
) -> None:
    """A longer export read as of T, and a longer history cut at T, to the last bit of every file."""
    expected = saved(earlier, tmp_path / "a")
    assert saved(train(cut(small_history, earlier_us), OPTIONS), tmp_path / "b") == expected

    def louder(name: str, lines: list[str]) -> list[str]:
        """After T, unusual leads arrive and interactions of known leads move."""
        if name == "leads":
            width = lines[0].count(",")
            return [*lines, *(f"new-{i},2026-06-29T08:00:00Z" + ",zzz" * (width - 1) for i in range(50))]
        if name == "interactions":
            return [
                *lines,
                *(line.replace(line.split(",")[1], "2026-06-29T09:00:00Z") for line in lines[:300]),
            ]
        return lines

    folder = rewritten(crm, tmp_path / "louder", louder)
    assert saved(train(read_folder(folder, as_of_us=earlier_us), OPTIONS), tmp_path / "c") == expected


def test_the_order_of_rows_does_not_change_the_trees(
    crm: Path, earlier: Trained, earlier_us: int, tmp_path: Path
) -> None:
    """Databases export without an order."""

    def shuffled(name: str, lines: list[str]) -> list[str]:
        return random.Random(name).sample(lines, len(lines))

    folder = rewritten(crm, tmp_path / "shuffled", shuffled)
    again = train(read_folder(folder, as_of_us=earlier_us), OPTIONS)
    assert trees(again, tmp_path / "b") == trees(earlier, tmp_path / "a")


def test_other_ids_of_leads_change_neither_trees_nor_metrics(
    crm: Path, earlier: Trained, earlier_us: int, tmp_path: Path
) -> None:
    """The same leads from another system have ids in another order."""

    def renamed(name: str, lines: list[str]) -> list[str]:
        if name == "costs":
            return lines
        pairs = (line.replace('"', "", 2 * line.startswith('"')).split(",", 1) for line in lines)
        return [f"{sha256(id_.encode()).hexdigest()},{rest}" for id_, rest in pairs]

    folder = rewritten(crm, tmp_path / "renamed", renamed)
    again = train(read_folder(folder, as_of_us=earlier_us), OPTIONS)
    assert trees(again, tmp_path / "b") == trees(earlier, tmp_path / "a")
    assert again.metrics == earlier.metrics


def test_metrics_and_baselines_have_the_contract_names(small_trained: Trained) -> None:
    names = {"auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "wins_error"}
    assert names <= small_trained.metrics.keys()
    for name in ("base_rate", "stage_table"):
        assert names <= small_trained.baselines[name].keys()
    assert small_trained.signal == "usable"
    assert small_trained.n_snapshots > small_trained.n_leads > 0
    json.dumps(
        [small_trained.metrics, small_trained.baselines, small_trained.params, json_of(small_trained.audit)]
    )
    assert all(set(w) == {"code", "subject", "detail"} for w in json_of(small_trained.warnings))


def test_progress_never_goes_back() -> None:
    steps: list[tuple[str, float]] = []
    train(few_leads(80, 30, 1), replace(OPTIONS, trials=1), lambda text, share: steps.append((text, share)))
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert all(text for text, _ in steps)
    assert 0 < shares[0] < shares[-1] <= 1


def shuffled_outcomes(history: History, seed: int) -> History:
    """Every decided lead gets the outcome of another, at its own time: its features predict nothing."""
    log = history.outcomes
    order = np.random.default_rng(seed).permutation(len(log.state))
    fate = replace(log, state=log.state[order], amount=log.amount[order], reason=log.reason.take(order))
    return replace(
        history, outcomes=fate, stages=no_stages(len(history)), interactions=no_interactions(len(history))
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_shuffled_outcomes_give_no_signal(small_history: History, seed: int) -> None:
    history = shuffled_outcomes(small_history, seed)
    trained = train(history, OPTIONS)
    assert trained.signal == "none"
    assert trained.bundle.conversion is None
    scores = score(trained.bundle, open_leads(history, history.as_of_us), None)
    assert (scores.probability == trained.bundle.base_rate).all()
    assert not any(scores.reasons)


def without_interactions(history: History) -> History:
    return replace(history, interactions=no_interactions(len(history)))


def without_stages(history: History) -> History:
    return replace(history, stages=no_stages(len(history)))


def without_amounts(history: History) -> History:
    log = history.outcomes
    return replace(history, outcomes=replace(log, amount=np.full(len(log.amount), np.nan)))


def one_attribute(history: History) -> History:
    bare = without_stages(without_interactions(history))
    none = replace(
        bare.changes, offsets=np.zeros(len(bare) + 1, dtype=np.int64), time_us=bare.changes.time_us[:0]
    )
    none = replace(none, known_us=none.time_us, attribute=empty_factor(), value=empty_factor())
    return replace(bare, attributes={"source": bare.attributes["source"]}, changes=none)


def many_attributes(history: History) -> History:
    """500 columns of noise on top."""
    rng = np.random.default_rng(1)
    n = len(history)
    texts: Callable[[int], Sequence[str]] = lambda j: (  # noqa: E731
        [f"{x:.2f}" for x in rng.normal(size=n)] if j % 2 else [f"v{x}" for x in rng.integers(0, 9, n)]
    )
    return replace(
        history, attributes={**history.attributes, **{f"column_{j}": factor(texts(j)) for j in range(500)}}
    )


@pytest.mark.parametrize("poorer", [without_interactions, without_stages, without_amounts, one_attribute])
def test_any_shape_of_history_trains_and_scores(
    small_history: History, earlier_us: int, poorer: Callable[[History], History], tmp_path: Path
) -> None:
    history = poorer(cut(small_history, earlier_us))
    trained = train(history, OPTIONS)
    save_bundle(trained.bundle, tmp_path / "bundle")
    leads = open_leads(history, history.as_of_us)
    records = score(load_bundle(tmp_path / "bundle"), leads, None).records()
    assert len(records) == len(leads) > 50
    json.dumps(records, allow_nan=False)
    for record in records:
        assert 0 < record["probability_low"] < record["probability"] < record["probability_high"] < 1
        assert (record["expected_amount"] is None) == (poorer is without_amounts)
        assert (record["stage"] is None) == (poorer in (without_stages, one_attribute))


def few_leads(n: int, wins: int, seed: int) -> History:
    """n leads of two sources, the first `wins` of them won, over six weeks, ten more that are days old."""
    rng = np.random.default_rng(seed)

    def lead(i: int) -> Lead:
        created = START_US + int((rng.uniform(0, 45) if i < n else rng.uniform(58, 62)) * DAY_US)
        closed = created + int(rng.uniform(2, 9) * DAY_US)
        state = WON if i < wins else LOST
        decisions = [Decision(closed, closed, state)] if i < n else []
        attributes: dict[str, str | None] = {
            "source": "fair" if rng.random() < (0.8 if state == WON else 0.4) else "web"
        }
        return Lead(created, attributes, entries=[Entry(created, created, "new")], decisions=decisions)

    return history_of([lead(i) for i in range(n + 10)], START_US + 62 * DAY_US)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_thirty_leads_train_with_wide_intervals(seed: int) -> None:
    history = few_leads(30, 10, seed)
    trained = train(history, OPTIONS)
    assert "too_few_outcomes" in {w.code for w in trained.warnings}
    scores = score(trained.bundle, open_leads(history, history.as_of_us), None)
    assert ((scores.probability > 0) & (scores.probability < 1)).all()
    assert (scores.probability_high - scores.probability_low > 0.1).all()
    json.dumps(scores.records(), allow_nan=False)


@pytest.mark.long
def test_500_noise_columns_on_80_leads_give_wide_intervals() -> None:
    history = many_attributes(few_leads(80, 30, 1))
    trained = train(history, OPTIONS)
    scores = score(trained.bundle, open_leads(history, history.as_of_us), None)
    assert ((scores.probability > 0) & (scores.probability < 1)).all()
    assert (scores.probability_high - scores.probability_low > 0.1).all()
    json.dumps(scores.records(), allow_nan=False)


def test_a_saved_bundle_scores_as_the_trained_one(
    small_trained: Trained, small_history: History, tmp_path: Path
) -> None:
    save_bundle(small_trained.bundle, tmp_path / "bundle")
    leads = open_leads(small_history, small_history.as_of_us)
    saved_records = score(load_bundle(tmp_path / "bundle"), leads, None).records()
    assert json.dumps(saved_records) == json.dumps(score(small_trained.bundle, leads, None).records())


def test_held_out_probabilities_sum_near_the_wins(small_trained: Trained) -> None:
    held = small_trained.holdout
    assert held is not None
    assert held.probability.sum() == pytest.approx(held.won.sum(), rel=0.35)
    assert ((held.probability > 0) & (held.probability < 1)).all()
    assert np.isnan(held.amount[held.won == 0]).all()
    assert held.contributions is not None
    assert held.values is not None
    assert held.contributions.shape == held.values.shape == (len(held.values), len(held.names))
