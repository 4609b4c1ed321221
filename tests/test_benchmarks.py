"""The benchmarks' table: ratios, targets, every benchmark in it; clocks of calls; the learning curve's AUC."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path
from time import process_time, thread_time
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.__main__ import LONG, NAMES
from benchmarks.data.funnel_worlds import Funnel, make_world
from benchmarks.forecast_intervals import world_cells
from benchmarks.measurement.call_clock import CallClock
from benchmarks.measurement.comparison import Comparison, from_dict
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


def test_time_within_a_call_inside_another_is_the_inner_ones() -> None:
    clock, inside = CallClock(), SimpleNamespace()
    began = thread_time()
    inside.fit = lambda n: sum(range(n))
    inside.train = lambda n: inside.fit(n) + inside.fit(n) + 1
    clock.wrap("fits", inside, "fit")
    clock.wrap("the rest", inside, "train")
    assert inside.train(100_000) == 9_999_900_001
    assert clock.seconds["fits"] > clock.seconds["the rest"] > 0
    assert sum(clock.seconds.values()) <= thread_time() - began


def test_calls_of_all_threads_are_counted_and_nothing_else() -> None:
    clock, began = CallClock(), process_time()
    work = clock.counted("sums", lambda n: sum(range(n)))
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, (20_000,) * 8)) == [199_990_000] * 8
    assert 0 < clock.seconds["sums"] <= process_time() - began


def test_a_call_that_fails_is_counted_and_ends() -> None:
    clock = CallClock()
    fail, work = clock.counted("failing", lambda: [][0]), clock.counted("work", lambda: 1)
    with pytest.raises(IndexError):
        fail()
    assert work() == 1
    assert set(clock.seconds) == {"failing", "work"}


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


def test_worlds_of_known_chances_are_forecast_as_a_model_is() -> None:
    """A forecast reads more of a bundle from time to time, and the benchmark's stand-in must have it."""
    funnel = Funnel("small", leads=600, months=9, horizon_days=30, cycle_days=20)
    cells = world_cells(make_world(funnel, 0))
    assert cells
    assert {cell.measure for cell in cells} == {"wins", "revenue"}
