"""Learning stages: the usual days in each."""

from features.vocabulary import learn
from history.text.times import DAY_US
from tests.builders.leads.lead_histories import START_US, Entry, Lead
from tests.builders.learned_words import rows_of


def test_stage_medians_are_of_leads_that_went_on() -> None:
    def lead(days: int, then: str) -> Lead:
        first = Entry(START_US, START_US, "demo")
        again = Entry(START_US + DAY_US // 2, START_US + DAY_US // 2, "demo")
        return Lead(START_US, {}, entries=[first, again, Entry(START_US + days * DAY_US, START_US, then)])

    onward = [lead(days, "offer") for days in (1, 2, 3, 4, 50)]
    back = [lead(days, "new") for days in (60, 61, 62)]
    vocabulary, _ = learn(rows_of(onward + back))
    assert vocabulary.stage_medians == (None, 3.0, None)
