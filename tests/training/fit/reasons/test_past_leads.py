"""The table of past leads: closed leads only, one row a lead and stage, as the history says they ended."""

import numpy as np

from history.history import LOST, WON
from history.snapshot import current_stages
from training.fit.conversion import ConversionFit
from training.fit.reasons.past_leads import COMPARED, MOST_LEADS, past_leads
from training.rows.training_set import TrainingSet


def test_every_row_is_a_closed_lead_of_the_history(training_set: TrainingSet, fit: ConversionFit) -> None:
    past = past_leads(training_set, fit.model, 0)
    assert past is not None
    assert len(past.columns) == COMPARED
    assert 50 < len(past.days) <= MOST_LEADS
    assert np.isnan(past.amount[~past.won]).all()
    assert (past.days > 0).all()
    snapshot, outcomes = training_set.rows.snapshot, training_set.rows.snapshot.history.outcomes
    stages = current_stages(snapshot)
    known = set()
    for row, (lead, as_of_us) in enumerate(
        zip(snapshot.lead.tolist(), snapshot.as_of_us.tolist(), strict=True)
    ):
        for at in range(int(outcomes.offsets[lead]), int(outcomes.offsets[lead + 1])):
            if outcomes.time_us[at] > as_of_us and outcomes.state[at] in (WON, LOST):
                days = round((int(outcomes.time_us[at]) - as_of_us) / 86_400_000_000, 1)
                known.add((stages[row], outcomes.state[at] == WON, days))
                break
    rows = zip(past.stage.tolist(), past.won.tolist(), past.days.tolist(), strict=True)
    assert all((past.stages[stage], won, days) in known for stage, won, days in rows)


def test_a_past_lead_is_most_like_itself(training_set: TrainingSet, fit: ConversionFit) -> None:
    past = past_leads(training_set, fit.model, 0)
    assert past is not None
    contributions = fit.model.contributions(training_set.values).parts
    stages, found = current_stages(training_set.rows.snapshot), 0
    for row in range(0, len(stages), 40):
        distance = np.abs(past.parts[:, :-1] - contributions[row, past.columns]).sum(axis=1)
        if distance.min() < 1e-3:
            end = past.similar(stages[row], contributions[row], 1)[0]
            found += end["days"] == past.days[int(distance.argmin())]
    assert found > 0


def test_the_table_is_the_same_for_the_same_seed(training_set: TrainingSet, fit: ConversionFit) -> None:
    first, again, other = (past_leads(training_set, fit.model, seed) for seed in (0, 0, 1))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.to_dict() == again.to_dict() != other.to_dict()
