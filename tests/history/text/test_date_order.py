"""The order of day and month: one date that leaves no choice decides, two that contradict each other do not."""

import numpy as np
import pytest

from history.text.date_order import DateOrder
from history.text.time_formats import DAY_FIRST, MONTH_FIRST


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        ([(3, 4), (13, 4)], DAY_FIRST),
        ([(3, 4), (4, 13)], MONTH_FIRST),
        ([(3, 4), (5, 5)], None),
        ([(13, 4), (4, 13)], None),
        ([(31, 31)], None),
        ([], None),
    ],
)
def test_order_is_that_of_the_dates_that_leave_no_choice(
    dates: list[tuple[int, int]], order: str | None
) -> None:
    evidence = DateOrder()
    numbers = np.array(dates, dtype=np.int64).reshape(-1, 2)
    is_open = evidence.count(numbers[:, 0], numbers[:, 1])
    assert evidence.decided() == order
    assert is_open.tolist() == [date == (3, 4) for date in dates]
    assert evidence.seen == sum(date not in ((5, 5), (31, 31)) for date in dates)
