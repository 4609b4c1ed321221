"""Facts of open leads: as the funnel knows them, kept beside the score and read back."""

import json

from funnel.state.attention.next_step import Touch
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import find_leads, rows_of
from serving.store.scores.facts import ShownFacts, facts_of, read_facts
from serving.store.store import Store
from tests.builders.service.store_fakes import Clock, FakeModel
from tests.builders.service.worklist_world import CONFIG, PACE, STAGES, facts, random_worklist

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_facts_are_those_that_were_sent(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 30)
    with store.engine.reading() as connection:
        leads = list(find_leads(connection, [lead.lead_id for lead in world.leads]).values())
        history = history_of(rows_of(connection, leads), CONFIG, clock.now_us)
    found = facts_of(world.model, history, range(len(leads)))  # type: ignore[arg-type]
    sent = {lead.lead_id: facts(lead) for lead in world.open_leads}
    assert {leads[position].lead_id for position in found} == set(sent)
    for position, of_lead in found.items():
        plain = sent[leads[position].lead_id]
        assert of_lead.entered_us == plain.entered_us
        place = 0 if plain.stage is None else STAGES.index(plain.stage) + 1
        assert of_lead.next_stage == (STAGES[place] if place < len(STAGES) else None)
        assert (of_lead.last_touch is None) == (plain.last is None)
        assert (of_lead.asked and of_lead.asked.time_us) == (plain.asked and plain.asked[0])
        assert of_lead.answer_hours == PACE.answer_hours
        stored = json.loads(json.dumps(of_lead.to_dict()))
        assert read_facts(stored) == ShownFacts(
            of_lead.last_touch, of_lead.asked, of_lead.next_stage, of_lead.answer_hours
        )


def test_score_of_an_earlier_version_has_no_facts() -> None:
    assert read_facts({}) == ShownFacts()
    touch = Touch(1, "call", None, 0)
    assert read_facts({"last_touch": list(touch)}) == ShownFacts(touch)


def test_model_without_a_pace_still_sees_questions(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 31)
    with store.engine.reading() as connection:
        leads = list(find_leads(connection, [lead.lead_id for lead in world.open_leads]).values())
        history = history_of(rows_of(connection, leads), CONFIG, clock.now_us)
    found = facts_of(FakeModel(config=CONFIG), history, range(len(leads)))  # type: ignore[arg-type]
    assert any(of_lead.due.unanswered_us for of_lead in found.values())
    assert all(of_lead.due.silent_us is None for of_lead in found.values())
