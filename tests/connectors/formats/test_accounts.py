"""Accounts of rows: every row is used or set aside, with the first offender by its number."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.accounts import Account


def test_first_offender_is_the_one_of_the_first_call() -> None:
    account = Account("deals.csv", rows_read=5)
    account.leave("deleted", np.array([9, 4]))
    account.leave("deleted", [2])
    account.leave("empty_id", [])
    assert account.record()["set_aside"] == {"deleted": {"count": 3, "first": "deals.csv, row 4: deleted"}}


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 30))
def test_account_is_balanced_if_every_row_has_its_place(used: int, left: int, rows: int) -> None:
    account = Account("deals.csv", rows_read=rows, rows_used=used)
    account.leave("deleted", range(left))
    assert account.is_balanced == (used + left == rows)
