"""What to do next, in words: each sign asks for its own step, without one the usual pace does."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from funnel.state.attention.next_step import (
    ACTIONS,
    CODES,
    FACTS,
    Due,
    Situation,
    Touch,
    day_word,
    has_fallen,
    next_step,
    signs,
)
from history.history import INBOUND, OUTBOUND
from history.text.times import DAY_US, HOUR_US

NOW_US = 1_780_000_000_000_000  # Thursday 28 May 2026, 20:26 UTC
CALL = Touch(NOW_US - 16 * DAY_US, "call", "phone", OUTBOUND)
EMAIL = Touch(NOW_US - 2 * DAY_US, "email_reply", "email", INBOUND)
CALM = Situation(
    now_us=NOW_US,
    zone=ZoneInfo("UTC"),
    stage="demo",
    next_stage="offer",
    created_us=NOW_US - 40 * DAY_US,
    entered_us=NOW_US - 20 * DAY_US,
    last_touch=CALL,
    asked=None,
    due=Due(None, NOW_US + 3 * DAY_US, NOW_US + 9 * DAY_US, NOW_US + DAY_US),
    probability=0.3,
    earlier=0.3,
)


def due(**times: int | None) -> Due:
    return CALM.due._replace(**times)


ASKED = replace(CALM, asked=EMAIL, due=due(unanswered_us=EMAIL.time_us + DAY_US))
VISIT = EMAIL._replace(kind="web_visit")
CASES = [
    (CALM, [], "Follow up by Sunday", "won leads here were contacted again within 19 days"),
    (ASKED, ["unanswered"], "Answer the e-mail of Tuesday", "the limit for an answer is 24 hours"),
    (replace(ASKED, answer_hours=4.2), ["unanswered"], "Answer the e-mail of Tuesday",
     "won leads were answered within 4 hours"),
    (replace(ASKED, asked=VISIT), ["unanswered"], "Follow up on the web visit of Tuesday",
     "the limit for a reaction is 24 hours"),
    (replace(ASKED, asked=VISIT, answer_hours=4.2), ["unanswered"], "Follow up on the web visit of Tuesday",
     "won leads heard from us within 4 hours"),
    (replace(CALM, due=due(silent_us=CALL.time_us + 6 * DAY_US)), ["silent"], "Call: silent for 16 days",
     "won leads here were contacted again within 6 days"),
    (replace(CALM, due=due(stuck_us=CALM.entered_us + DAY_US)), ["stuck"],
     "Move on to offer or close: 20 days in demo", "nine of ten that left this stage did so within 24 hours"),
    (replace(CALM, next_stage=None, due=due(stuck_us=CALM.entered_us + 9 * DAY_US)), ["stuck"],
     "Win or close: 20 days in demo", "nine of ten that left this stage did so within 9 days"),
    (replace(CALM, is_valuable=True, due=due(untouched_us=NOW_US - DAY_US)), ["high_value_untouched"],
     "Call: no contact for 16 days", "among the most valuable tenth of open leads"),
    (replace(CALM, probability=0.2), ["probability_fell"], "Ask what changed: chance down 10 points in a week",
     "from 30 % to 20 %"),
    (replace(CALM, last_touch=None), [], "Make the first contact", "created 40 days ago"),
    (replace(CALM, due=Due(stuck_us=NOW_US + 30 * DAY_US)), [], "Move on to offer by 27 Jun",
     "nine of ten that left this stage did so within 50 days"),
    (replace(CALM, due=Due()), [], "Move on to offer", None),
    (replace(CALM, next_stage=None, due=Due(stuck_us=NOW_US + DAY_US)), [], "Win or close by tomorrow",
     "nine of ten that left this stage did so within 21 days"),
    (replace(CALM, next_stage=None, due=Due()), [], "Win or close", None),
]  # fmt: skip


@pytest.mark.parametrize(("lead", "codes", "action", "fact"), CASES)
def test_each_sign_asks_for_its_step(
    lead: Situation, codes: list[str], action: str, fact: str | None
) -> None:
    step = next_step(lead)
    assert step is not None
    assert (signs(lead), step.words(NOW_US, lead.zone)) == (codes, (action, fact))


def test_every_sentence_is_used() -> None:
    steps = [next_step(lead) for lead, *_ in CASES]
    assert {step.action for step in steps if step} == set(ACTIONS)
    assert {step.fact for step in steps if step and step.fact} == set(FACTS)
    assert {code for _, codes, *_ in CASES for code in codes} == set(CODES)


def test_a_lead_of_which_nothing_is_known_has_no_step() -> None:
    assert next_step(replace(CALM, stage=None, next_stage=None, due=Due())) is None


def test_the_first_sign_asks() -> None:
    lead = replace(CALM, is_valuable=True, probability=0.1, due=Due(None, *(NOW_US - DAY_US,) * 3))
    assert signs(lead) == list(CODES[1:])
    step = next_step(lead)
    assert step is not None
    assert step.action == "silent"


@pytest.mark.parametrize(
    ("now", "earlier", "fell"), [(0.75, 1.0, False), (0.74, 1.0, True), (0.1, None, False)]
)
def test_a_quarter_less_is_a_fall(now: float, earlier: float | None, fell: bool) -> None:
    assert has_fallen(now, earlier) is fell


@pytest.mark.parametrize(
    ("days", "word"),
    [(-400, "23 Apr 2025"), (-7, "21 May"), (-6, "Friday"), (-1, "yesterday"), (0, "today"), (1, "tomorrow"),
     (6, "Wednesday"), (7, "4 Jun")],
)  # fmt: skip
def test_days_are_called_as_people_call_them(days: int, word: str) -> None:
    assert day_word(NOW_US + days * DAY_US, NOW_US, ZoneInfo("UTC")) == word


def test_days_are_of_the_zone() -> None:
    """20:26 in London is the next day in Auckland."""
    late = NOW_US - 10 * HOUR_US
    assert day_word(late, NOW_US, ZoneInfo("UTC")) == "today"
    assert day_word(late, NOW_US, ZoneInfo("Pacific/Auckland")) == "yesterday"
