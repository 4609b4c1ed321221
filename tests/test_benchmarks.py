"""The benchmarks' table: ratios, targets, and that every benchmark is in it; the learning curve's AUC."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import LONG, NAMES
from benchmarks.comparison import Comparison, from_dict
from tests.builders.exports.known_crm import expected_auc

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


def test_less_time_is_faster() -> None:
    one = Comparison("a score", 2.0, "us").beside("LightGBM", 10.0, target=4.0)
    assert one.ratio == 5.0
    assert one.is_reached


def test_more_requests_are_faster() -> None:
    one = Comparison("a score", 900.0, "requests/s").beside("a no-op", 3000.0, target=0.5)
    assert one.ratio == pytest.approx(0.3)
    assert one.is_reached is False


@pytest.mark.parametrize(
    ("unit", "target", "is_reached"),
    [("ms", 5.0, False), ("ms", 6.0, True), ("/s", 5.0, True), ("/s", 7.0, False), ("ms", None, None)],
)
def test_without_a_peer_the_target_bounds_the_figure(
    unit: str, target: float | None, is_reached: bool | None
) -> None:
    assert Comparison("a read", 6.0, unit, target=target).is_reached is is_reached


def test_comparison_survives_json() -> None:
    one = Comparison("a score", 2.0, "us").beside("LightGBM", 10.0, 4.0, "the sums")
    assert from_dict(one.to_dict()) == one


def test_expected_auc_is_that_of_all_pairs() -> None:
    random = np.random.default_rng(1)
    value, chance = random.integers(0, 9, 60).astype(np.float64), random.random(60)
    above = weight = 0.0
    for i, j in permutations(range(60), 2):  # i is won and j lost
        pair = chance[i] * (1 - chance[j])
        weight += pair
        above += pair * ((value[i] > value[j]) + 0.5 * (value[i] == value[j]))
    assert expected_auc(value, chance) == pytest.approx(above / weight)


def test_every_benchmark_is_in_the_table() -> None:
    scripts = {path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py")}
    assert scripts == set(NAMES)
    assert set(LONG) <= scripts
