"""The waterfall: bars that start where the last one ended, add up, and stay on the axis."""

import random
from typing import Any

import pytest

from serving.pages.lead.waterfall import BASE, Ends, Step, stage_labels, steps_of, waterfall

ENDS = Ends("start", "note", "rest", "all others", "end", "interval")


def score(start: float, end: float, *reasons: dict[str, Any]) -> dict[str, Any]:
    return {"baseline_probability": start, "probability": end, "reasons": list(reasons)}


@pytest.mark.parametrize("seed", range(20))
def test_bars_add_up_from_the_average_to_the_chance(seed: int) -> None:
    draw = random.Random(seed)
    start, end = draw.random(), draw.random()
    steps = [Step(f"s{i}", "", draw.uniform(-60, 60)) for i in range(draw.randrange(0, 7))]
    bars = waterfall(score(start, end), steps, ENDS)
    assert (bars[0].probability, bars[-1].probability) == (start, end)
    assert (bars[0].kind, bars[-1].kind) == (BASE, BASE)
    moved = sum(bar.points for bar in bars if bar.points is not None)
    assert moved == pytest.approx(100 * (end - start))
    assert all(-1e-9 <= bar.low <= bar.high <= 1 + 1e-9 for bar in bars)
    unit = (bars[0].high - bars[0].low) / start
    at = bars[0].high
    for bar in bars[1:-1]:
        assert bar.points is not None
        left, right = (bar.low, bar.high) if bar.points >= 0 else (bar.high, bar.low)
        assert left == pytest.approx(at)
        assert right - left == pytest.approx(unit * bar.points / 100)
        at = right
    assert bars[-1].high == pytest.approx(at)


def test_reasons_of_the_stage_have_no_bar() -> None:
    stage = {"feature": "stage_position", "label": "Being there", "points": 12.0}
    other = {"feature": "seats", "label": "Seats", "points": -3.0}
    scored = score(0.4, 0.5, stage, other)
    assert steps_of(scored, ["Stage", "Seats"], [None, "evidence"]) == [Step("Seats", "evidence", -3.0)]
    assert stage_labels(scored) == ["Being there"]
    assert [bar.label for bar in waterfall(scored, steps_of(scored, ["Stage", "Seats"], [None, None]), ENDS)] == [
        "start", "Seats", "rest", "end",
    ]  # fmt: skip


def test_no_rest_is_shown_where_nothing_is_left() -> None:
    bars = waterfall(score(0.4, 0.5), [Step("all", "", 10.0)], ENDS)
    assert [bar.label for bar in bars] == ["start", "all", "end"]
