"""Earlier visits of stages by the time spent in each: the path fits all times, and the only one that fits is true."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.hubspot.earlier_visits import TOLERANCE_US, Visit, earlier_visits

HOUR_US = 3_600_000_000
CREATED_US = 1_000 * HOUR_US
Path = list[Visit]


@st.composite
def paths(draw: st.DrawFn) -> Path:
    """A deal's visits from its creation on, each of a length of its own, no stage after itself."""
    stages = draw(st.lists(st.integers(0, 4), min_size=2, max_size=8))
    stages = [stage for place, stage in enumerate(stages) if place == 0 or stages[place - 1] != stage]
    hours = draw(st.lists(st.integers(1, 5_000), min_size=len(stages), max_size=len(stages), unique=True))
    visits, at = [], CREATED_US
    for stage, length in zip(stages, hours, strict=True):
        visits.append(Visit(stage, at, at + length * HOUR_US))
        at += length * HOUR_US
    last = visits[-1]
    return [*visits[:-1], Visit(last.stage, last.start, last.start)]


def seen(path: Path) -> tuple[Path, dict[int, float]]:
    """The latest visit of each stage, and how long the visits before took together."""
    latest = {visit.stage: visit for visit in path}
    spent: dict[int, float] = {}
    for visit in path:
        if visit is not latest[visit.stage]:
            spent[visit.stage] = spent.get(visit.stage, 0.0) + visit.end - visit.start
    return list(latest.values()), spent


@given(paths())
def test_path_fits_every_time(path: Path) -> None:
    known, spent = seen(path)
    earlier = earlier_visits(known, spent, CREATED_US)
    if not earlier.paths:
        return
    starts = sorted([*earlier.entries, *((visit.start, visit.stage) for visit in known)])
    ends = [start for start, _ in starts[1:]]
    of_known = {(visit.start, visit.stage) for visit in known}
    got = dict.fromkeys(spent, 0.0)
    for (start, stage), end in zip(starts, ends, strict=False):
        if (start, stage) not in of_known:
            got[stage] += end - start
    assert all(abs(got[stage] - spent[stage]) <= TOLERANCE_US * len(path) for stage in spent)
    assert starts[0][0] == CREATED_US
    assert all(left != right for (_, left), (_, right) in pairwise(starts))


@given(paths())
def test_the_only_path_that_fits_is_the_truth(path: Path) -> None:
    """A stage that was visited more than twice may have had other visits: their number is not told."""
    known, spent = seen(path)
    visits = [sum(visit.stage == stage for visit in path) for stage in range(5)]
    earlier = earlier_visits(known, spent, CREATED_US)
    if max(visits) > 2:
        return
    assert earlier.paths >= 1
    if earlier.paths == 1:
        truth = [(visit.start, visit.stage) for visit in path if visit not in known]
        assert sorted(earlier.entries) == truth


def test_stage_that_was_visited_in_two_gaps_takes_what_the_others_leave() -> None:
    stages = [0, 1, 0, 1, 2, 1, 3]
    path = [
        Visit(stage, (at := CREATED_US + place * place * HOUR_US), at + (2 * place + 1) * HOUR_US)
        for place, stage in enumerate(stages)
    ]
    known, spent = seen(path)
    earlier = earlier_visits(known, spent, CREATED_US)
    assert sorted(earlier.entries) == [(visit.start, visit.stage) for visit in path if visit not in known]


def test_times_that_contradict_each_other_give_no_path() -> None:
    known = [Visit(0, CREATED_US, CREATED_US + HOUR_US), Visit(1, CREATED_US + HOUR_US, CREATED_US + HOUR_US)]
    assert earlier_visits(known, {1: 5.0 * HOUR_US}, CREATED_US).paths == 0
    overlapping = [Visit(0, CREATED_US, CREATED_US + 9 * HOUR_US), known[1]]
    assert earlier_visits(overlapping, {0: HOUR_US}, CREATED_US).paths == 0


def test_deal_that_is_older_than_its_first_stage_has_no_stage_before() -> None:
    start = CREATED_US + 100 * HOUR_US
    back = start + HOUR_US
    known = [Visit(1, start, back), Visit(0, back, back)]
    earlier = earlier_visits(known, {0: 10.0 * HOUR_US}, CREATED_US)
    assert earlier.entries == ((start - 10 * HOUR_US, 0),)


def test_deal_that_walked_a_long_pipeline_twice_is_laid_along_it() -> None:
    """Twelve visits have 479 million orders."""
    stages = list(range(12))
    known = [Visit(stage, at := CREATED_US + (12 + stage) * HOUR_US, at + HOUR_US) for stage in stages]
    earlier = earlier_visits(known, dict.fromkeys(stages, float(HOUR_US)), CREATED_US)
    assert earlier.entries == tuple((CREATED_US + stage * HOUR_US, stage) for stage in stages)
    assert earlier.paths > 1
