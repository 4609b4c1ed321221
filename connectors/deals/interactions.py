"""Rows of `interactions` from parallel columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME, times
from connectors.reading.hashes import Hashes, hashes
from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US

Texts = Sequence[str | None]
NULL = np.uint64(0)  # the hash of no text


@dataclass(frozen=True)
class Touches:
    """Activities (m,): the lead's place, when it happened and was entered (NO_TIME if unknown), kind, id, channel,
    direction, and a number (NaN for none).
    """

    lead: Ints
    us: Ints
    entered_us: Ints
    kind: Texts
    id: Texts
    channel: Texts
    direction: Texts
    value: Floats

    def table(self, ids: Sequence[str]) -> pa.Table:
        """The rows of `interactions` for leads of these ids; an entry before the event itself says nothing."""
        recorded = np.where(self.entered_us > self.us, self.entered_us, NO_TIME)
        return pa.table(
            {
                "lead_id": pa.array(ids, pa.string()).take(pa.array(self.lead)),
                "occurred_at": times(self.us),
                "kind": pa.array(self.kind, pa.string()),
                "interaction_id": pa.array(self.id, pa.string()),
                "recorded_at": times(recorded),
                "channel": pa.array(self.channel, pa.string()),
                "direction": pa.array(self.direction, pa.string()),
                "value": pa.array(self.value, mask=~np.isfinite(self.value)),
            }
        )


def are_planned(us: Ints, entered_us: Ints, exported_us: int, now_us: int) -> Mask:
    """Which meetings and tasks (m,) lie ahead of now, or of the export, whose time is known to a day.

    One that was entered after it took place is not planned, whatever the export's time.
    """
    ahead = us > exported_us + DAY_US
    return np.asarray((ahead & ~(entered_us >= us)) | (us > now_us))


class SeenIds:
    """Which activities come again: under the same id in another file or page.

    Of 20 million ids the hashes are kept, 8 bytes each, as sorted runs, each more than twice as long as the next one.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def are_new(self, ids: Texts | pa.Array) -> Mask:
        """Which ids (m,) come for the first time; rows without one are all new."""
        keys = hashes(ids if isinstance(ids, pa.Array) else pa.array(ids, pa.string()))
        new = np.zeros(len(keys), dtype=np.bool_)
        new[np.unique(keys, return_index=True)[1]] = True
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, keys), len(run) - 1)
            new &= run[place] != keys
        new |= keys == NULL
        self._keep(np.sort(keys[new & (keys != NULL)]))
        return new

    def _keep(self, run: Hashes) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate((self._runs.pop(), run)), kind="stable")
        if len(run):
            self._runs.append(run)


def slug(text: str) -> str:
    """The name of a kind: "Incoming E-mail" is incoming_e_mail."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return re.sub(r"[\W_]+", "_", spaced.strip().casefold()).strip("_") or "other"
