"""The pace of past leads, counted from leads made for it."""

from funnel.state.attention.pace import FEWEST, learn_pace
from funnel.state.leads.paths import stage_paths
from models.reasons.pace import Pace
from tests.builders.leads.funnel_leads import Lead, history_of


def won(gap: float, answer: float, start: int) -> Lead:
    """A lead with one gap of `gap` days in the stage new, an answer after `answer` hours, and a win."""
    touches = [(start, "out"), (start + gap, "in"), (start + gap + answer / 24, "out")]
    return Lead(start, [(start, "new")], [(start + 20, "won", 1.0)], touches)


def learned(leads: list[Lead]) -> Pace:
    return learn_pace(stage_paths(history_of(leads, 100)))


def test_limits_are_quantiles_of_won_leads() -> None:
    lost = Lead(0, [(0, "new")], [(50, "lost", 0.0)], [(0, "out"), (40, "in"), (45, "out")])
    pace = learned([*(won(5, 6, i) for i in range(FEWEST)), lost])
    assert pace.silent_days["new"] == 5.0
    assert pace.answer_hours is not None
    assert round(pace.answer_hours, 6) == 6.0
    assert round(pace.stuck_days["new"], 6) == 20.0
    assert pace.has_touches
    assert pace.has_outbound


def test_few_leads_give_no_limits() -> None:
    pace = learned([won(5, 6, i) for i in range(4)])
    assert (dict(pace.silent_days), pace.answer_hours) == ({}, None)


def test_what_is_not_recorded_is_known_to_be_missing() -> None:
    assert not learned([Lead(0)]).has_touches
    inbound = learned([Lead(0, touches=[(1, "in")])])
    assert (inbound.has_touches, inbound.has_outbound) == (True, False)
