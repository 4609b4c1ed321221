"""A column with the lead's value at T by the other tables is suspected; the same fact at creation is not."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from history.base.arrays import Ints
from history.history import History, Interactions
from history.read import read_folder
from history.text.times import DAY_US
from simulation.simulate import simulate
from tests.builders.worlds.audit_world import Texts, codes, days, factor, only
from training.audit.audit import audit
from training.audit.leads import lead_states


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("data") / "crm"
    simulate(folder, leads=900, seed=5)
    return read_folder(folder)


def verdicts(history: History, columns: Mapping[str, Texts]) -> dict[str, str]:
    attributes = {name: factor(texts) for name, texts in columns.items()}
    return codes(audit(replace(history, attributes=attributes)))


def texts(numbers: Ints) -> list[str]:
    return [str(number) for number in numbers.tolist()]


def test_counts_until_today_are_suspected(crm: History) -> None:
    touches, lead = crm.interactions, crm.interactions.lead
    at_creation = touches.time_us <= crm.created_us[lead] + DAY_US
    of_kind = touches.kind.codes == touches.kind.codes[0]
    columns = {
        "field_1": texts(np.diff(touches.offsets)),
        "field_2": texts(np.bincount(lead[of_kind], minlength=len(crm))),
        "field_3": texts(np.diff(crm.stages.offsets)),
    }
    first_day = {"on the first day": texts(np.bincount(lead[at_creation], minlength=len(crm)))}
    assert verdicts(crm, columns | first_day) == dict.fromkeys(columns, "leakage_suspected")


def test_last_dates_and_ages_of_today_are_suspected(crm: History) -> None:
    touches: Interactions = crm.interactions
    touched = np.diff(touches.offsets) > 0
    last_us = np.where(touched, touches.time_us[np.maximum(touches.offsets[1:] - 1, 0)], crm.created_us)
    export_us = crm.as_of_us + 2 * DAY_US
    columns: dict[str, Texts] = {
        "seen": only(touched, days(last_us)),
        "idle": only(touched, texts((export_us - last_us) // DAY_US)),
        "age": texts((export_us - crm.created_us) // DAY_US),
        "exported": days(np.full(len(crm), export_us)),
    }
    assert verdicts(crm, columns) == dict.fromkeys(columns, "leakage_suspected")
    assert verdicts(crm, {"signup": days(crm.created_us)}) == {}


def test_stage_of_today_is_suspected(crm: History) -> None:
    """By its word, and by a probability that stands for each stage."""
    log = crm.stages
    first, latest = (
        [log.stage.text(row) for row in rows] for rows in (log.offsets[:-1], log.offsets[1:] - 1)
    )
    chance = {name: str(10 * i) for i, name in enumerate(log.stage.values, 1)}
    leads = lead_states(crm)
    columns: dict[str, Texts] = {
        "phase": [str(text).upper() for text in latest],
        "open_phase": only(~leads.won, latest),
        "percent": [chance[str(text)] for text in latest],
        "entry": first,
    }
    found = verdicts(crm, columns)
    assert found == dict.fromkeys(("phase", "open_phase", "percent"), "leakage_suspected")
