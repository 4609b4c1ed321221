"""A bulk back-fill of attribute changes is suspected, unless open leads got it too."""

from dataclasses import replace

import numpy as np
import pytest

from history.base.arrays import Ints
from history.history import Changes, Factor
from history.text.times import DAY_US
from tests.builders.worlds.audit_world import codes, factor, world
from training.audit.audit import audit
from training.screening import screen


def tier_changes(lead: Ints, time_us: Ints, known_us: Ints, n: int) -> Changes:
    """Changes of the attribute "tier" to "gold", in order of lead and time."""
    order = np.lexsort((time_us, lead))
    lead = lead[order]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(lead, minlength=n)))).astype(np.int64)
    zeros = np.zeros(len(lead), dtype=np.int32)
    return Changes(offsets, time_us[order], known_us[order], Factor(zeros, ["tier"]), Factor(zeros, ["gold"]))


@pytest.mark.parametrize(
    ("open_share", "expected"),
    [(0.02, {"tier": "leakage_suspected"}), (0.9, {})],
    ids=["leak fills won leads", "migration fills all leads"],
)
def test_bulk_back_fill(open_share: float, expected: dict[str, str]) -> None:
    w = world(2000, 7)
    night_us = w.history.as_of_us - 60 * DAY_US
    won_before = w.won & (w.will_close_us < night_us)
    is_filled = w.chance(np.where(won_before, 0.9, open_share))
    lead = np.flatnonzero((w.created_us < night_us) & is_filled)
    changes = tier_changes(lead, w.created_us[lead], np.full(len(lead), night_us), 2000)
    assert codes(audit(replace(w.history, changes=changes))) == expected


def test_column_with_the_last_value_is_read_by_its_changes() -> None:
    """On leads with one change the column already has the new value; flags that change back are none of these."""
    w = world(400, 3)
    n, lead = len(w), np.arange(200, dtype=np.int64)
    time_us = w.created_us[lead] + DAY_US
    changes = tier_changes(lead, time_us, time_us, n)
    old, new = ["silver"] * n, ["gold"] * 200 + ["silver"] * 200
    history = replace(w.history, changes=changes, attributes={"tier": factor(old)})
    assert codes(audit(history)) == {}
    history = replace(history, attributes={"tier": factor(new)})
    (finding,) = audit(history)
    assert (finding.code, finding.subject) == ("mutable_attribute", "tier")
    assert "on 200 of the 200 leads whose value changed once" in finding.detail

    screened = screen(history, ())
    assert screened.history.config.mutable == ("tier",)
    assert screen(history, ("tier",)).history.config.mutable == ()
