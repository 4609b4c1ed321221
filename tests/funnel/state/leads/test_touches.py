"""Touches of open leads against a plain count, over random leads."""

import numpy as np
import pytest

from funnel.state.leads.paths import stage_paths
from funnel.state.leads.touches import NEVER, touches_of
from tests.builders.leads.funnel_leads import Lead, day, history_of

AS_OF, FROM, TO = 30, 5, 20


def random_leads(seed: int) -> list[Lead]:
    random = np.random.default_rng(seed)
    leads = []
    for _ in range(40):
        created = float(random.integers(0, 10))
        days = np.sort(random.integers(0, AS_OF, random.integers(0, 9))).tolist()
        touches = [(float(d), str(random.choice(["in", "out", ""]))) for d in days]
        closed = created + float(random.integers(1, 25))
        decisions = [(closed, "won", 1.0)] if random.random() < 0.5 and closed <= AS_OF else []
        leads.append(Lead(created, [], decisions, touches))
    return leads


@pytest.mark.parametrize("seed", range(4))
def test_touches_equal_the_plain_count(seed: int) -> None:
    leads = random_leads(seed)
    touches = touches_of(stage_paths(history_of(leads, AS_OF)), day(FROM), day(TO))
    questions: list[tuple[int, float, bool]] = []
    for i, lead in enumerate(leads):
        end = lead.decisions[0][0] if lead.decisions else AS_OF
        mine = [(d, way) for d, way in lead.touches if lead.created <= d <= end]
        outbound = [d for d, way in mine if way == "out"]
        assert touches.touch_count[i] == sum(FROM <= d < TO for d, _ in mine)
        assert touches.follow_up_count[i] == sum(FROM <= d < TO for d in outbound[1:])
        assert touches.first_outbound_us[i] == (day(outbound[0]) if outbound else NEVER)
        assert touches.last_touch_us[i] == (day(mine[-1][0]) if mine else NEVER)
        waiting = False
        for place, (d, way) in enumerate(mine):
            if way == "in" and not waiting:
                waiting = any(later == "out" for _, later in mine[place:])
                questions.append((i, d, waiting))
                if not waiting:
                    break
            elif way == "out":
                waiting = False
    answered = touches.answered.tolist()
    assert list(zip(touches.question_lead.tolist(), touches.asked_us.tolist(), answered, strict=True)) == [
        (i, day(d), was_answered) for i, d, was_answered in questions
    ]
    assert (touches.answer_end_us >= touches.asked_us).all()


def test_touches_of_some_leads_keep_the_rows_of_all() -> None:
    leads = random_leads(1)
    touches = touches_of(stage_paths(history_of(leads, AS_OF)), day(FROM), day(TO))
    members = np.arange(len(leads)) < 20
    some = touches.take(members)
    assert len(some.touch_count) == len(leads)
    assert not some.touch_count[20:].any()
    assert members[some.question_lead].all()
    assert len(some.asked_us) == (touches.question_lead < 20).sum()
