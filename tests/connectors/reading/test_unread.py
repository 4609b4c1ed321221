"""Cells that cannot be read are counted by column, once however often it is read."""

import numpy as np
import pyarrow as pa

from connectors.reading.unread import UnreadCells


def test_column_that_is_read_again_counts_once() -> None:
    unread = UnreadCells()
    texts = pa.array(["soon", "2026-01-01", "later"])
    unread.add("times of closedate", texts, np.array([True, False, True]))
    unread.add("times of closedate", texts.slice(2), np.array([True]))
    unread.add("times of closed", pa.array(["false"]), np.array([True]))
    unread.add("times of createdate", texts, np.array([False, False, False]))
    assert unread.notes() == ["2 times of closedate cannot be read, such as 'soon': they count as missing."]
