"""Won and lost words among the stages are outcomes, through the folder, a request and the store alike."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from history.base.errors import InvalidInput
from history.config.config import FunnelConfig
from history.config.file import load_config
from history.history import LOST, OPEN, WON, History
from history.read import parse_time, read_folder, read_records
from history.snapshot import current_stages, open_leads, state_at
from history.text.times import LATEST_US
from serving.store.store import Store
from tests.builders.service.store_folder import load

LEADS = "lead_id,created_at\n" + "".join(f"D{i},2026-03-02T09:30:00Z\n" for i in range(1, 5))
ENTRIES = {
    "D1": ("2026-03-02T09:30:00Z new", "2026-03-05T09:30:00Z proposal", "2026-03-11T10:00:00Z Closed Won"),
    "D2": ("2026-03-02T09:30:00Z new", "2026-03-06T09:30:00Z proposal", "2026-03-12T10:00:00Z closed-lost"),
    "D3": ("2026-03-02T09:30:00Z new", "2026-03-12T10:00:00Z CLOSED LOST "),
    "D4": ("2026-03-02T09:30:00Z new",),
}
TABLE = "D1,won,2026-03-11T10:00:00Z,100\nD2,lost,2026-03-12T10:00:00Z,\n"
AS_OF = "2026-03-20"


def us(text: str) -> int:
    return parse_time(text, FunnelConfig().zone)


def folder(path: Path, outcomes: str = TABLE, settings: str = "", entries: Any = ENTRIES) -> Path:
    rows = [f"{lead},{','.join(entry.split(' ', 1))}\n" for lead in entries for entry in entries[lead]]
    (path / "leads.csv").write_text(LEADS)
    (path / "stages.csv").write_text("lead_id,entered_at,stage\n" + "".join(rows))
    (path / "outcomes.csv").write_text("lead_id,outcome,closed_at,amount\n" + outcomes)
    if settings:
        (path / "funnel.toml").write_text("[funnel]\n" + settings)
    return path


def states(history: History) -> list[int]:
    n = len(history)
    state: list[int] = state_at(history, np.arange(n), np.full(n, history.as_of_us)).tolist()
    return state


def test_closing_words_are_outcomes_and_no_stages(tmp_path: Path) -> None:
    history = read_folder(folder(tmp_path), as_of_us=us(AS_OF))

    assert states(history) == [WON, LOST, LOST, OPEN]
    assert history.config.stages == ("new", "proposal")
    assert set(history.stages.stage.values) == {"new", "proposal"}
    assert len(history.stages.time_us) == 6
    # The table's own rows of D1 and D2 count once, with their amount; D3 is lost at its entry.
    assert history.outcomes.offsets.tolist() == [0, 1, 2, 3, 3]
    assert history.outcomes.amount[0] == 100
    assert history.outcomes.time_us[2] == us("2026-03-12T10:00:00Z")
    [warning] = history.warnings
    assert (warning.code, warning.subject) == ("closing_stages", "stages")
    assert warning.detail.startswith("3 stage entries are outcomes at their time")


def test_a_closed_lead_was_open_before_its_entry(tmp_path: Path) -> None:
    history = read_folder(folder(tmp_path, outcomes=""), as_of_us=us("2026-03-11T09:59:59Z"))
    assert current_stages(open_leads(history, history.as_of_us)) == ["proposal", "proposal", "new", "new"]
    assert history.warnings == ()


def test_configured_words_close_and_open_stages_stay(tmp_path: Path) -> None:
    settings = 'stages = ["new", "proposal", "Closed Won"]\nlost_stages = ["Passive"]\n'
    entries = {"D1": ("2026-03-11 Closed Won",), "D2": ("2026-03-12 passive",)}
    history = read_folder(folder(tmp_path, "", settings, entries), as_of_us=us(AS_OF))
    assert states(history) == [OPEN, LOST, OPEN, OPEN]
    assert history.stages.stage.values == ["Closed Won"]


def test_a_closing_word_cannot_be_an_open_stage_too(tmp_path: Path) -> None:
    (tmp_path / "funnel.toml").write_text('[funnel]\nstages = ["a"]\nwon_stages = ["a"]\n')
    with pytest.raises(InvalidInput, match=r"funnel\.won_stages names a"):
        load_config(tmp_path)


def test_an_undated_decision_takes_the_time_of_its_entry(tmp_path: Path) -> None:
    history = read_folder(folder(tmp_path, outcomes="D1,won,,250\n"), as_of_us=us(AS_OF))
    first = slice(*history.outcomes.offsets[:2].tolist())
    assert history.outcomes.time_us[first].tolist() == [us("2026-03-11T10:00:00Z")]
    assert history.outcomes.implied[first].tolist() == [False]


def test_an_open_row_after_the_entry_reopens(tmp_path: Path) -> None:
    history = read_folder(folder(tmp_path, outcomes="D3,open,2026-03-14T08:00:00Z,\n"), as_of_us=us(AS_OF))
    assert states(history) == [WON, LOST, OPEN, OPEN]


def test_an_entry_before_creation_closes_at_creation(tmp_path: Path) -> None:
    entries = {"D1": ("2026-03-01 Closed Lost",)}
    history = read_folder(folder(tmp_path, "", "", entries), as_of_us=us(AS_OF))
    assert history.outcomes.time_us.tolist() == [us("2026-03-02T09:30:00Z")]


def test_a_request_and_the_store_close_like_the_folder(tmp_path: Path) -> None:
    data = folder(tmp_path, outcomes="")
    whole = read_folder(data, as_of_us=us(AS_OF))
    records = [
        {
            "lead_id": lead,
            "created_at": "2026-03-02T09:30:00Z",
            "stages": [
                dict(zip(("entered_at", "stage"), entry.split(" ", 1), strict=True)) for entry in entries
            ],
        }
        for lead, entries in ENTRIES.items()
    ]
    requested, refusals = read_records(records, whole.config, us(AS_OF))
    (tmp_path / "home").mkdir()
    store = Store(tmp_path / "home")
    load(store, data)
    stored = store.read_all(LATEST_US)
    store.close()

    assert refusals == [None] * 4
    for history in (requested, stored):
        assert states(history) == [WON, LOST, LOST, OPEN]
        assert history.outcomes.time_us.tolist() == whole.outcomes.time_us.tolist()
        assert history.stages.stage.codes.tolist() == whole.stages.stage.codes.tolist()
        assert list(history.stages.stage.values) == list(whole.stages.stage.values)
    assert requested.warnings == whole.warnings
