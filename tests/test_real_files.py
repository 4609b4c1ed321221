"""Faults of real files, small: from a folder and from the store that was loaded with it, the same right figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from funnel.state.report.report import funnel_report
from funnel.state.state import FunnelOptions
from history.base.errors import InvalidInput
from history.base.progress import no_progress
from history.history import History
from history.read import read_as_stored, read_folder
from history.snapshot import state_at
from serving.store.store import Store
from serving.store.transfer.load import load_history
from tests.builders.csv_folder import us

STATES = ("open", "won", "lost", "gone")
NOW = "2026-11-29T00:00:00Z"
LEADS = "lead_id,created_at\n" + "".join(f"{name},2026-03-02T09:30:00Z\n" for name in "abcde")

# What happens to each lead, and the amounts of wins: None for an unknown one.
CASES: dict[str, tuple[dict[str, str], str, dict[str, float | None]]] = {
    "closed on the day of the creation or before it": (
        {
            "leads": LEADS,
            "outcomes": "lead_id,outcome,closed_at,amount\na,won,2026-03-02,100\nb,lost,2026-03-02,\n"
            "c,won,2026-02-20,300\nd,won,2026-03-20,200\n",
        },
        "a won, b lost, c won, d won, e open",
        {"a": 100, "c": 300, "d": 200},
    ),
    "unreadable amounts and words in another case": (
        {
            "leads": LEADS,
            "outcomes": "lead_id,outcome,closed_at,amount\na,lost,2026-03-12,NULL\nb,LOST ,2026-03-12,-\n"
            'c,won,2026-03-13,-50\nd,Closed Won,2026-03-14,"$1,200.00"\ne,Gewonnen,2026-03-20,n/a\n',
        },
        "a lost, b lost, c won, d won, e won",
        {"c": None, "d": 1200, "e": None},
    ),
    "only outcomes that are set aside": (
        {
            "leads": LEADS,
            "outcomes": "lead_id,outcome,closed_at\na,perhaps,2026-03-12\nb,won,soon\nc,lost,2026-03-12\n",
        },
        "c lost, d open, e open",
        {},
    ),
    "closing stages in the history": (
        {
            "leads": LEADS,
            "stages": "lead_id,entered_at,stage\na,2026-03-02T09:30:00Z,new\na,2026-03-11T10:00:00Z,Closed Won\n"
            "b,2026-03-02T09:30:00Z,new\nb,2026-03-12T10:00:00Z,closedlost\nc,2026-03-02T09:30:00Z,new\n",
        },
        "a won, b lost, c open, d open, e open",
        {"a": None},
    ),
    "closing dates ahead, and without a time": (
        {
            "leads": LEADS,
            "outcomes": "lead_id,outcome,closed_at,amount\na,won,2027-01-31,100\nb,lost,,\nc,won,2026-03-20,200\n",
        },
        "a won, b lost, c won, d open, e open",
        {"a": 100, "c": 200},
    ),
    "dates that stand for none": (
        {"leads": LEADS, "outcomes": "lead_id,outcome,closed_at\na,won,1970-01-01\nb,lost,9999-12-31\n"},
        "a won, b lost, c open, d open, e open",
        {"a": None},
    ),
    "ghosts": (
        {
            "leads": LEADS,
            "outcomes": "lead_id,outcome,closed_at,merged_into\na,Merged,2026-03-12,b\nb,won,2026-04-12,\n"
            "c,Duplicate,,\nd,Test record,2026-03-12,\n",
        },
        "b won, e open",
        {"b": None},
    ),
    "times as databases write them": (
        {
            "leads": "lead_id,created_at\na,2026-03-02 09:00:00 UTC\nb,2026-03-02 09:00:00 +0000\nc,2026-3-2 6:49\n"
            'd,"Mar 2, 2026 9:00 AM"\ne,2026/3/2\n'
        },
        "a open, b open, c open, d open, e open",
        {},
    ),
    "one planned meeting": (
        {
            "leads": LEADS,
            "outcomes": "lead_id,outcome,closed_at\na,lost,2026-03-12\n",
            "interactions": "lead_id,occurred_at,kind\n"
            + "".join(f"b,2026-03-{day:02d},call\n" for day in range(3, 30))
            + "b,2026-10-30,meeting\n",
        },
        "a lost, b open, c open, d open, e open",
        {},
    ),
}


def written(folder: Path, tables: dict[str, str], config: str = "") -> Path:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    (folder / "funnel.toml").write_text(config, encoding="utf-8")
    return folder


def seen(history: History) -> tuple[str, dict[str, float | None]]:
    """The state of each lead in words, and the amounts of wins."""
    n = len(history)
    states = state_at(history, np.arange(n), np.full(n, history.as_of_us)).tolist()
    words = sorted(f"{name} {STATES[state]}" for name, state in zip(history.lead_ids, states, strict=True))
    log = history.decisions
    last = {history.lead_ids[lead]: float(amount) for lead, amount in zip(log.lead, log.amount, strict=True)}
    won = {word.split()[0] for word in words if word.endswith(" won")}
    return ", ".join(words), {name: None if np.isnan(x) else x for name, x in last.items() if name in won}


@pytest.mark.parametrize("case", CASES)
def test_leads_are_what_people_mean(case: str, tmp_path: Path) -> None:
    tables, states, amounts = CASES[case]
    folder = written(tmp_path, tables)
    now_us = us(NOW)
    history = read_folder(folder, now_us=now_us)
    assert seen(history) == (states, amounts)

    store = Store(tmp_path / "home", now_us=lambda: now_us)
    load_history(store.engine, read_as_stored(folder, now_us), store.now_us, no_progress)
    end_us = store.data_end_us(now_us)
    assert end_us == history.as_of_us
    assert seen(store.read_all(end_us)) == (states, amounts)
    store.close()


def funnel(folder: Path, **options: Any) -> dict[str, Any]:
    return funnel_report(read_folder(folder), FunnelOptions(**options), None, [])


def test_a_loss_from_a_stage_is_no_move_onward(tmp_path: Path) -> None:
    """Closing stages in the history made every stage's conversion 100 %."""
    stages = (
        "lead_id,entered_at,stage\n"
        + "".join(f"{lead},2026-03-02T09:30:00Z,new\n" for lead in "abcd")
        + "a,2026-03-05T09:30:00Z,proposal\nb,2026-03-06T09:30:00Z,proposal\na,2026-03-11T10:00:00Z,Closed Won\n"
        "b,2026-03-12T10:00:00Z,Closed Lost\nc,2026-03-12T10:00:00Z,Closed Lost\n"
    )
    outcomes = (
        "lead_id,outcome,closed_at\na,won,2026-03-11T10:00:00Z\nb,lost,2026-03-12T10:00:00Z\n"
        "c,lost,2026-03-12T10:00:00Z\n"
    )
    leads = LEADS.replace("e,2026-03-02T09:30:00Z\n", "")
    report = funnel(written(tmp_path, {"leads": leads, "stages": stages, "outcomes": outcomes}))
    rows = {row["stage"]: row for row in report["total"]["stages"]}
    assert list(rows) == ["new", "proposal"]
    assert [rows[name]["conversion"]["onward"]["rate"] for name in rows] == [0.5, 0.5]
    assert [rows[name]["ledger"]["lost"] for name in rows] == [1, 1]


def test_owner_of_a_change_is_that_of_the_leads(tmp_path: Path) -> None:
    """`Owner` in attribute_changes was a second attribute beside the column `owner`."""
    tables = {
        "leads": "lead_id,created_at,owner\na,2026-03-02,ann\nb,2026-03-02,ann\n",
        "outcomes": "lead_id,outcome,closed_at,amount\na,won,2026-03-20,500\n",
        "attribute_changes": "lead_id,changed_at,attribute,value\na,2026-03-03T08:00:00Z,Owner,bob\n",
    }
    groups = {g["group"]: g["deals"] for g in funnel(written(tmp_path, tables), by="owner")["groups"]}
    assert {name: (deals["won"], deals["revenue"]) for name, deals in groups.items()} == {
        "ann": (0, 0.0),
        "bob": (1, 500.0),
    }


def test_amounts_of_two_currencies_are_never_one_sum(tmp_path: Path) -> None:
    tables = {
        "leads": LEADS,
        "outcomes": "lead_id,outcome,closed_at,amount,CurrencyIsoCode\na,won,2026-03-12,100,EUR\n"
        "b,won,2026-03-13,16000,JPY\n",
    }
    for door in (read_folder, lambda folder: read_as_stored(folder, None)):
        with pytest.raises(InvalidInput, match=r"EUR \(1\), JPY \(1\)"):
            door(written(tmp_path, tables, '[funnel]\ncurrency = "EUR"'))


def test_ids_in_another_form_keep_their_rows(tmp_path: Path) -> None:
    tables = {
        "leads": "lead_id,created_at\n12345678000,2026-03-02\n12345678001,2026-03-02\n",
        "interactions": "lead_id,occurred_at,kind\n12345678000.0,2026-03-04,call\n"
        "12345678000;12345678001,2026-03-05,meeting\n",
    }
    history = read_folder(written(tmp_path, tables))
    assert np.diff(history.interactions.offsets).tolist() == [2, 1]
