"""When a call happened, free of the clock of the device that sent it."""

from typing import Final

import numpy as np
import pyarrow as pa

from connectors.reading.export import Export
from history.folder.values.columns import Times

DEVICE_CLOCK: Final = (
    "rows have the time of a device alone, which may be wrong: export timestamp, or sentAt and receivedAt"
)

COMPUTED: Final = (
    "rows have no timestamp: their time is that of the device, corrected by sentAt and receivedAt"
)


def corrected(export: Export, table: pa.Table) -> Times:
    """`timestamp`; without it, the device's time moved by the error of its clock: receivedAt - sentAt.

    Source: Segment, "Common fields": timestamp = receivedAt - (sentAt - originalTimestamp).
    """
    stated, received = export.times(table, "timestamp"), export.times(table, "receivedAt")
    if bool(np.all(stated.known)):
        return stated
    original, sent = export.times(table, "originalTimestamp"), export.times(table, "sentAt")
    has_all = original.known & sent.known & received.known
    export.tally(DEVICE_CLOCK, int((~stated.known & original.known & ~has_all).sum()))
    export.tally(COMPUTED, int((~stated.known & has_all).sum()))
    moved = np.where(has_all, received.us - (sent.us - original.us), original.us)
    us = np.where(stated.known, stated.us, moved)
    known = stated.known | original.known
    return Times(us, known, known, np.zeros(len(us), dtype=np.bool_))
