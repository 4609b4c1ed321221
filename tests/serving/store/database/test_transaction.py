"""Numbers of a write: consecutive, never assigned twice, taken back with their transaction."""

import pytest

from serving.store.database.transaction import FIRST_NUMBER, Transaction, read_setting, write_setting
from serving.store.store import Store

pytest_plugins = ["tests.builders.service.store_fixtures"]


def take(store: Store, *counts: int, finish: bool = True) -> list[list[int]]:
    with store.engine.writing() as connection:
        transaction = Transaction(connection, 0)
        numbers = [list(transaction.numbers("row_no", count)) for count in counts]
        if finish:
            transaction.finish()
    return numbers


def test_numbers_follow_each_other_over_transactions(store: Store) -> None:
    assert take(store, 2, 0, 1) == [[FIRST_NUMBER, FIRST_NUMBER + 1], [], [FIRST_NUMBER + 2]]
    assert take(store, 1) == [[FIRST_NUMBER + 3]]


def test_counters_do_not_share_their_numbers(store: Store) -> None:
    with store.engine.writing() as connection:
        transaction = Transaction(connection, 0)
        rows, leads = transaction.numbers("row_no", 3), transaction.numbers("lead_no", 1)
        assert rows.start == leads.start == FIRST_NUMBER


def test_rolled_back_write_takes_its_numbers_back(store: Store) -> None:
    def write_and_fail() -> None:
        with store.engine.writing() as connection:
            transaction = Transaction(connection, 0)
            transaction.numbers("row_no", 5)
            transaction.finish()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert take(store, 1) == [[FIRST_NUMBER]]


def test_setting_is_inserted_then_updated(store: Store) -> None:
    for value in ("1", "größe"):
        with store.engine.writing() as connection:
            write_setting(connection, "name", value)
        with store.engine.reading() as connection:
            assert read_setting(connection, "name") == value
            assert read_setting(connection, "other") is None
