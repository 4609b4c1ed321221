"""Hand-overs followed by silence, planted and absent."""

import numpy as np
import pytest

from tests.builders.leads.funnel_leads import Lead
from tests.builders.worlds.leak_world import AS_OF, leaks


def handed_over(seed: int, direction: str) -> list[Lead]:
    """Leads that go on to another group after two days; half are touched on the third, six of ten of these are won on
    the twelfth, of the others two.
    """
    rng = np.random.default_rng(seed)
    leads = []
    for created in np.sort(rng.uniform(0, AS_OF - 15, 800)).tolist():
        touched = rng.random() < 0.5
        won = rng.random() < (0.6 if touched else 0.2)
        touches = [(created + 3, direction)] if touched else []
        stages = [(created, "new"), (created + 2, "demo")]
        leads.append(Lead(created, stages, [(created + 12, "won" if won else "lost", 100.0)], touches))
    return leads


def test_silence_after_a_hand_over_is_found_and_sized() -> None:
    findings = [leak for leak in leaks(handed_over(4, "out"))["found"] if leak["kind"] == "hand_over"]
    assert len(findings) == 1
    assert findings[0]["now"] == pytest.approx(0.2, abs=0.06)
    assert findings[0]["before"] == pytest.approx(0.6, abs=0.06)
    # half of the 270 days' 685 leads were left alone, four of ten of which would have been won, at 100 each
    assert findings[0]["lost_revenue"] == pytest.approx(685 / 2 * 0.4 * 100, rel=0.25)


@pytest.mark.parametrize("direction", ["in", ""])
def test_inbound_touches_do_not_count_as_care(direction: str) -> None:
    kinds = {leak["kind"] for leak in leaks(handed_over(4, direction))["found"]}
    assert "hand_over" not in kinds
