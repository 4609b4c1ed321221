"""Leads of an import: features that count from the creation are missing, alone and among others alike."""

from dataclasses import replace

import numpy as np

from features import vocabulary as vocabularies
from features.creation import creation_columns
from features.matrix import build_matrix
from history.bulk_creations import bulk_days
from history.snapshot import Snapshot, all_leads
from tests.builders.leads.lead_histories import history_of
from tests.builders.leads.made_leads import LAST_US, made_leads

LEADS = made_leads(200, seed=3)
IMPORT_US = LEADS[0].created
IMPORTED = [replace(lead, created=IMPORT_US) if i % 2 else lead for i, lead in enumerate(LEADS)]


def test_ages_of_imported_leads_are_missing_and_of_others_not() -> None:
    history = history_of(IMPORTED, LAST_US)
    words = vocabularies.learn(all_leads(history, LAST_US)).vocabulary
    (day,) = words.bulk_days
    assert words.bulk_days == bulk_days(history.created_us)
    matrix = build_matrix(all_leads(history, LAST_US), words)
    plain = build_matrix(all_leads(history, LAST_US), replace(words, bulk_days=()))
    columns = creation_columns(matrix.features)
    assert {matrix.features[j].name for j in columns} >= {"lead_age_days", "days_to_stage", "created_hour"}
    expected = plain.values.copy()
    imported = (history.created_us >= day.first_us) & (history.created_us <= day.last_us)
    expected[np.ix_(imported, columns)] = np.nan
    assert matrix.values.tobytes() == expected.tobytes()
    assert matrix.feature_set_id == plain.feature_set_id

    for i in (0, 1):
        alone = history_of([IMPORTED[i]], LAST_US)
        one = build_matrix(Snapshot(alone, np.array([0]), np.array([LAST_US])), words)
        assert one.values.tobytes() == matrix.values[i].tobytes()


def test_bulk_days_are_kept_with_the_vocabulary() -> None:
    words = vocabularies.learn(all_leads(history_of(IMPORTED, LAST_US), LAST_US)).vocabulary
    content = vocabularies.to_dict(words)
    assert vocabularies.from_dict(content).bulk_days == words.bulk_days
    del content["bulk_days"]
    assert vocabularies.from_dict(content).bulk_days == ()
