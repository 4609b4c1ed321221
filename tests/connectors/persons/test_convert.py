"""Persons of any system: who is a lead, whose row is whose, what decides, and what a later import adds."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from connectors.persons.rows import Rules
from history.base.errors import InvalidInput
from tests.builders.exports.person_rows import DAY, import_rows


def rows_of(folder: Path, table: str) -> list[dict[str, Any]]:
    path = folder / f"{table}.parquet"
    return pq.read_table(path).to_pylist() if path.is_file() else []


def day(moment: Any) -> float | None:
    return None if moment is None else moment.timestamp() * 1e6 / DAY


def set_aside(export: Any) -> dict[str, int]:
    return {reason: entry.count for reason, entry in export.accounts[0].set_aside.items()}


def test_visits_before_the_form_belong_to_the_lead_since_then(tmp_path: Path) -> None:
    rows = [
        {"visitor": "v1", "day": 1, "kind": "page", "event_id": "a"},
        {"visitor": "v1", "known": "u1", "day": 5, "role": "statement", "lead": True},
        {"visitor": "v2", "day": 6, "kind": "page", "event_id": "b"},
        {"visitor": "v2", "known": "u1", "day": 8, "kind": "login", "event_id": "c"},
    ]
    import_rows(rows, tmp_path / "crm")
    assert [(r["lead_id"], day(r["created_at"])) for r in rows_of(tmp_path / "crm", "leads")] == [("u1", 5)]
    got = [
        (r["interaction_id"], day(r["occurred_at"]), day(r["recorded_at"]))
        for r in rows_of(tmp_path / "crm", "interactions")
    ]
    assert got == [("a", 1, 5), ("b", 6, 8), ("c", 8, None)]


def test_shared_browser_joins_no_two_known_persons(tmp_path: Path) -> None:
    rows = [
        {"visitor": "kiosk", "day": 1, "kind": "page"},
        {"visitor": "kiosk", "known": "u1", "day": 2, "role": "statement", "lead": True},
        {"visitor": "kiosk", "known": "u2", "day": 3, "role": "statement", "lead": True},
    ]
    export, _ = import_rows(rows, tmp_path / "crm")
    assert {r["lead_id"] for r in rows_of(tmp_path / "crm", "leads")} == {"u1", "u2"}
    assert set_aside(export) == {"of_a_shared_browser": 1}


def test_alias_makes_two_known_ids_one_lead(tmp_path: Path) -> None:
    rows = [
        {"known": "old", "day": 1, "kind": "page", "lead": True},
        {"known": "new", "other": "old", "day": 2, "role": "statement"},
        {"known": "new", "day": 3, "kind": "page"},
    ]
    import_rows(rows, tmp_path / "crm")
    assert [r["lead_id"] for r in rows_of(tmp_path / "crm", "leads")] == ["new"]
    assert len(rows_of(tmp_path / "crm", "interactions")) == 2


def test_visitors_without_a_lead_event_are_counted(tmp_path: Path) -> None:
    rows = [
        {"visitor": "v1", "day": 1, "kind": "page"},
        {"visitor": "v1", "day": 2, "role": "won", "amount": 10},
        {"day": 2, "kind": "page"},
        {"known": "undefined", "day": 2, "kind": "page", "lead": True},
        {"known": "u1", "day": 2, "kind": "page", "lead": True},
    ]
    export, _ = import_rows(rows, tmp_path / "crm")
    assert set_aside(export) == {"of_no_lead": 1, "won_without_being_a_lead": 1, "no_id": 2}
    assert "1 leads among the owners of 2 ids" in export.notes[0]
    assert "--won NAME" in export.notes[1]


def test_no_lead_at_all_is_refused_with_the_rule(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"a row with makes_lead\. --lead NAME"):
        import_rows([{"visitor": "v1", "day": 1}], tmp_path / "crm")


def test_first_win_decides_and_later_ones_are_counted(tmp_path: Path) -> None:
    rows = [
        {"known": "u1", "day": 1, "role": "statement", "lead": True},
        {"known": "u1", "day": 2, "role": "lost", "reason": "price"},
        {"known": "u1", "day": 2.5, "role": "lost"},
        {"known": "u1", "day": 3, "role": "stage", "stage": "demo"},
        {"known": "u1", "day": 3.5, "role": "stage", "stage": "demo"},
        {"known": "u1", "day": 5, "role": "won", "amount": 20, "recorded": 6},
        {"known": "u1", "day": 4, "role": "won", "amount": 10},
        {"known": "u1", "day": 7, "role": "lost"},
    ]
    export, _ = import_rows(rows, tmp_path / "crm")
    got = [
        (r["outcome"], day(r["closed_at"]), r["amount"], r["reason"])
        for r in rows_of(tmp_path / "crm", "outcomes")
    ]
    assert got == [("lost", 2, None, "price"), ("open", 3, None, None), ("won", 4, 10, None)]
    assert [(r["stage"], day(r["entered_at"])) for r in rows_of(tmp_path / "crm", "stages")] == [("demo", 3)]
    assert set_aside(export) == {"repeat_loss": 1, "repeat_stage": 1, "repeat_win": 1, "after_the_win": 1}


def test_doubles_count_once_as_first_recorded(tmp_path: Path) -> None:
    rows = [
        {"known": "u1", "day": 1, "recorded": 1.5, "kind": "page", "event_id": "x", "lead": True},
        {"known": "u1", "day": 1, "recorded": 1.25, "kind": "page", "event_id": "x", "lead": True},
    ]
    export, _ = import_rows(rows, tmp_path / "crm", batch=1)
    assert [day(r["recorded_at"]) for r in rows_of(tmp_path / "crm", "interactions")] == [1.25]
    assert set_aside(export) == {"double": 1}


def test_values_at_creation_and_their_changes(tmp_path: Path) -> None:
    rows = [
        {"visitor": "v", "day": 0, "kind": "page", "country": "AT", "source": "ads"},
        {
            "visitor": "v",
            "known": "u",
            "day": 1,
            "lead": True,
            "traits": {"plan": "free"},
            "country": "DE",
            "source": "mail",
        },
        {"known": "u", "day": 2, "traits": {"plan": "free", "seats": "5"}, "country": "FR"},
        {"known": "u", "day": 4, "recorded": 5, "traits": {"plan": "pro"}},
        {"known": "u", "day": 3, "traits": {"plan": "trial"}},
    ]
    import_rows(rows, tmp_path / "crm", batch=2)
    lead = rows_of(tmp_path / "crm", "leads")[0]
    assert (lead["plan"], lead.get("seats"), lead["country"], lead["source"]) == ("free", None, "DE", "ads")
    got = [
        (r["attribute"], day(r["changed_at"]), r["value"], day(r["recorded_at"]))
        for r in rows_of(tmp_path / "crm", "attribute_changes")
    ]
    assert got == [("plan", 3, "trial", None), ("plan", 4, "pro", 5), ("seats", 2, "5", None)]


def test_value_that_another_batch_interrupts_changes_back(tmp_path: Path) -> None:
    said = [(1, "free"), (5, "free"), (3, "pro")]
    rows = [{"known": "u", "day": at, "lead": True, "traits": {"plan": plan}} for at, plan in said]
    import_rows(rows, tmp_path / "crm", batch=2)
    changes = [(day(r["changed_at"]), r["value"]) for r in rows_of(tmp_path / "crm", "attribute_changes")]
    assert changes == [(3, "pro"), (5, "free")]


def test_value_counts_since_the_first_row_that_was_known(tmp_path: Path) -> None:
    said = [(1, 1, "free"), (2, 2.9, "pro"), (2.5, 2.5, "pro"), (2.6, 2.6, "pro")]
    rows = [
        {"known": "u", "day": at, "recorded": known, "lead": True, "traits": {"plan": plan}}
        for at, known, plan in said
    ]
    import_rows(rows, tmp_path / "crm")
    changes = [
        (day(r["changed_at"]), day(r["recorded_at"])) for r in rows_of(tmp_path / "crm", "attribute_changes")
    ]
    assert changes == [(2, 2.9), (2.5, None)]


def test_several_currencies_are_refused_or_chosen(tmp_path: Path) -> None:
    rows = [
        {
            "known": name,
            "day": 1,
            "lead": True,
            "role": "won",
            "amount": amount,
            "currency": code,
            "converted": amount * 2,
        }
        for name, amount, code in (("a", 5, "EUR"), ("b", 700, "JPY"))
    ]
    with pytest.raises(InvalidInput, match=r"2 currencies \(EUR, JPY\).*--currency EUR"):
        import_rows(rows, tmp_path / "crm")
    _, result = import_rows(rows, tmp_path / "one", currency="EUR")
    assert [r["amount"] for r in rows_of(tmp_path / "one", "outcomes")] == [5, None]
    _, result = import_rows(rows, tmp_path / "both", Rules("", converted_into="USD"))
    assert [r["amount"] for r in rows_of(tmp_path / "both", "outcomes")] == [10, 1400]
    assert result.currency == "USD"


def test_erased_persons_leave_earlier_imports(tmp_path: Path) -> None:
    rows = [{"known": name, "visitor": f"v{name}", "day": 1, "kind": "page", "lead": True} for name in "ab"]
    import_rows(rows, tmp_path / "crm")
    export, _ = import_rows([*rows, {"known": "a", "day": 2, "role": "erasure"}], tmp_path / "crm")
    assert [r["lead_id"] for r in rows_of(tmp_path / "crm", "leads")] == ["b"]
    assert {r["lead_id"] for r in rows_of(tmp_path / "crm", "interactions")} == {"b"}
    assert set_aside(export) == {"erased": 1}


FIRST = [
    {"visitor": "v1", "day": 1, "kind": "page", "event_id": "1", "lead": True, "traits": {"plan": "free"}},
    {"visitor": "v9", "known": "u9", "day": 1, "role": "statement", "lead": True, "traits": {"plan": "free"}},
    {"known": "u9", "day": 2, "role": "won", "amount": 7, "event_id": "2"},
]
SECOND = [
    {"visitor": "v9", "day": 3, "kind": "page", "event_id": "3", "traits": {"plan": "free"}},
    {"known": "u9", "day": 4, "role": "won", "amount": 8, "event_id": "4"},
    {
        "visitor": "v1",
        "known": "u1",
        "day": 5,
        "kind": "login",
        "event_id": "5",
        "lead": True,
        "traits": {"plan": "pro"},
    },
]


def test_same_export_twice_adds_no_row(tmp_path: Path) -> None:
    import_rows(FIRST, tmp_path / "crm")
    tables = ("leads", "interactions", "outcomes", "attribute_changes", "identities")
    before = {table: rows_of(tmp_path / "crm", table) for table in tables}
    export, _ = import_rows(FIRST, tmp_path / "crm")
    assert {table: rows_of(tmp_path / "crm", table) for table in tables} == before
    assert set_aside(export) == {}


@pytest.mark.parametrize("whole", [False, True], ids=["only the new rows", "all rows"])
def test_later_export_continues_the_earlier_one(tmp_path: Path, whole: bool) -> None:
    import_rows(FIRST, tmp_path / "crm")
    export, _ = import_rows([*(FIRST if whole else []), *SECOND], tmp_path / "crm")
    leads = {r["lead_id"]: day(r["created_at"]) for r in rows_of(tmp_path / "crm", "leads")}
    assert leads == {"u1": 1, "u9": 1}, "the visitor v1 is u1 now and keeps its creation"
    got = sorted((r["interaction_id"], r["lead_id"]) for r in rows_of(tmp_path / "crm", "interactions"))
    assert got == [("1", "u1"), ("3", "u9"), ("5", "u1")]
    assert [(r["lead_id"], r["amount"]) for r in rows_of(tmp_path / "crm", "outcomes")] == [("u9", 7)]
    changes = [
        (r["lead_id"], r["attribute"], r["value"]) for r in rows_of(tmp_path / "crm", "attribute_changes")
    ]
    assert changes == [("u1", "plan", "pro")]
    assert set_aside(export) == {"repeat_win": 1}


def test_history_filled_later_keeps_its_own_times(tmp_path: Path) -> None:
    rows = [{"known": f"u{n}", "day": n, "recorded": 900, "kind": "page", "lead": True} for n in range(1, 10)]
    export, _ = import_rows(rows, tmp_path / "crm")
    assert {r["recorded_at"] for r in rows_of(tmp_path / "crm", "interactions")} == {None}
    assert "the times of recording are not used" in export.notes[0]


def test_what_was_known_later_is_no_value_at_the_creation(tmp_path: Path) -> None:
    said = {"lead": True, "source": "ads", "traits": {"plan": "a"}}
    rows = [
        {"visitor": "phone", "day": 1, "kind": "page", "source": "late", "country": "AT"},
        {"visitor": "v", "known": "u", "day": 2, "recorded": 2.1, **said},
        {"known": "u", "day": 1.5, "recorded": 2.4, "traits": {"plan": "b", "seats": "5"}},
        {"visitor": "phone", "known": "u", "day": 5, "kind": "page", "country": "DE"},
    ]
    for _ in range(2):
        import_rows(rows, tmp_path / "crm")
        lead = rows_of(tmp_path / "crm", "leads")[0]
        assert (lead["source"], lead["plan"], lead.get("country"), lead.get("seats")) == (
            "ads",
            "a",
            None,
            None,
        )
        changes = rows_of(tmp_path / "crm", "attribute_changes")
        got = [(r["attribute"], r["value"], day(r["changed_at"]), day(r["recorded_at"])) for r in changes]
        assert got == [("seats", "5", 1.5, 2.4)], "the plan of day 2 is the later one"
