"""When each rule of attention begins to hold: exactly when the funnel's report, at that instant, lists the lead."""

from dataclasses import replace

import numpy as np
import pytest

from funnel.state.attention.due import NOT_DUE, answer_limit, due_times, open_facts
from funnel.state.attention.next_step import CODES
from funnel.state.leads.paths import stage_paths
from funnel.state.leads.probabilities import LeadProbabilities
from funnel.state.leads.touches import NEVER, touches_of
from funnel.state.state import FunnelOptions, funnel_state
from history.history import History
from history.text.times import DAY_US
from models.reasons.pace import Pace
from tests.builders.leads.funnel_leads import Lead, day, history_of

PACE = Pace({"new": 4.0, "demo": 2.5}, {"demo": 6.25}, 3.0, has_touches=True, has_outbound=True)
LEADS = [
    Lead(0, [(0, "new")], touches=[(1, "out"), (2, "in"), (2.5, "in")]),
    Lead(1, [(1, "new"), (3, "demo")], touches=[(2, "in"), (3, "out")]),
    Lead(2),
    Lead(2, [(2, "new")], [(4, "lost", 0.0)], touches=[(3, "in")]),
]


def due_at(history: History) -> dict[str, list[int]]:
    paths = stage_paths(history)
    facts = open_facts(paths, touches_of(paths, 0, history.as_of_us + 1))
    due = due_times(facts, PACE, answer_limit(history.config.targets))
    names = [history.lead_ids[lead] for lead in facts.lead.tolist()]
    rows = np.stack([due.unanswered_us, due.silent_us, due.stuck_us, due.untouched_us], axis=1)
    return dict(zip(names, rows.tolist(), strict=True))


def test_due_times_are_facts_plus_limits() -> None:
    assert due_at(history_of(LEADS, 5)) == {
        "L1": [day(3), day(6.5), NOT_DUE, day(9.5)],
        "L2": [NOT_DUE, day(5.5), day(9.25), day(10)],
        "L3": [NOT_DUE, NOT_DUE, NOT_DUE, day(9)],
    }


@pytest.mark.parametrize(("place", "code"), list(enumerate(CODES[:4])))
def test_report_lists_a_lead_right_after_its_due_time(place: int, code: str) -> None:
    chances = LeadProbabilities(np.linspace(0.5, 0.1, 4), np.linspace(0.5, 0.1, 4), np.full(4, 100.0))
    for name, times in due_at(history_of(LEADS, 5)).items():
        if times[place] == NOT_DUE or (code == "high_value_untouched" and name != "L1"):
            continue
        for offset in (0, 1):
            history = replace(history_of(LEADS, 5), as_of_us=times[place] + offset)
            listed = funnel_state(history, FunnelOptions(), chances, pace=PACE)["attention"]["list"]
            codes = [r["code"] for lead in listed if lead["lead_id"] == name for r in lead["reasons"]]
            assert (code in codes) == bool(offset)


def test_facts_of_open_leads() -> None:
    history = history_of(LEADS, 5)
    paths = stage_paths(history)
    facts = open_facts(paths, touches_of(paths, 0, history.as_of_us + 1))
    assert facts.stage == ["new", "demo", None]
    assert facts.entered_us.tolist() == [day(0), day(3), day(2)]
    assert facts.last_touch_us.tolist() == [day(2.5), day(3), NEVER]
    assert facts.asked_us.tolist() == [day(2), NEVER, NEVER]
    assert facts.silent_since_us.tolist() == [day(2.5), day(3), day(2)]


def test_without_records_of_touches_no_rule_about_them_holds() -> None:
    blind = replace(PACE, has_touches=False, has_outbound=False)
    paths = stage_paths(history_of(LEADS, 5))
    facts = open_facts(paths, touches_of(paths, 0, paths.as_of_us + 1))
    due = due_times(facts, blind, 24.0)
    assert (due.unanswered_us == NOT_DUE).all()
    assert (due.untouched_us == NOT_DUE).all()
    assert due.stuck_us.tolist()[1] == day(3) + round(6.25 * DAY_US)


def test_limit_for_answers_is_the_target() -> None:
    assert (answer_limit({}), answer_limit({"response_time_hours": 4})) == (24.0, 4.0)
