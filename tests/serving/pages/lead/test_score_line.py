"""The line of a score's moves: a step at each, from the first to now, inside its frame."""

from serving.pages.lead.score_line import HEIGHT, WIDTH, score_line

MOVES = [
    {"as_of": "2026-05-09T00:00:00Z", "probability": 0.5},
    {"as_of": "2026-05-05T00:00:00Z", "probability": 0.1},
    {"as_of": "2026-05-01T00:00:00Z", "probability": 0.3},
]


def test_the_line_steps_at_each_move() -> None:
    line = score_line(MOVES, 0.6, "2026-05-11T00:00:00Z")
    assert line is not None
    assert line.top == 0.7
    corners = [tuple(map(float, corner.split(","))) for corner in line.points.split()]
    heights = {value: round(HEIGHT * (1 - value / 0.7), 1) for value in (0.1, 0.3, 0.5, 0.6)}
    assert corners == [
        (0, heights[0.3]),
        (240, heights[0.3]), (240, heights[0.1]),
        (480, heights[0.1]), (480, heights[0.5]),
        (WIDTH, heights[0.5]), (WIDTH, heights[0.6]),
    ]  # fmt: skip
    assert (line.first, line.last) == (MOVES[-1]["as_of"], "2026-05-11T00:00:00Z")


def test_a_lead_of_today_has_no_line() -> None:
    assert score_line([], 0.5, "2026-05-11T00:00:00Z") is None
    assert score_line(MOVES[2:], 0.5, "2026-05-01T23:00:00Z") is None


def test_sure_leads_stay_inside_the_frame() -> None:
    line = score_line([{"as_of": "2026-05-01T00:00:00Z", "probability": 1.0}], 1.0, "2026-05-11T00:00:00Z")
    assert line is not None
    assert line.top == 1.0
    assert line.dots == [(0.0, 0.0)]
