"""Attribution of wins to channels, of examples small enough to check by hand."""

from dataclasses import replace

import numpy as np
import pytest

from funnel.state.money.attribution import removal_effects
from tests.builders.leads.funnel_leads import factor
from tests.funnel.state.money.test_economics import LEADS, costed, economics


def test_removal_effects_of_two_channels() -> None:
    """From the start to mail; mail leads to a call half the time and is lost otherwise; calls win half the time."""
    moves = np.array([[4.0, 0, 0, 0], [0, 2, 0, 2], [0, 0, 1, 1]])
    np.testing.assert_allclose(removal_effects(moves), [1.0, 1.0])
    direct = np.array([[4.0, 4, 0, 0], [0, 2, 0, 2], [0, 0, 3, 3]])
    # P = (1/2 + 1/2 x 1/2) / 2; without mail 1/4 is left, without calls nothing
    np.testing.assert_allclose(removal_effects(direct), [1 - 0.25 / 0.375, 1.0])


def test_attributions_add_up_to_the_touched_wins() -> None:
    leads = tuple(
        replace(lead, touches=[(lead.created + 0.5, "in"), (lead.created + 1, "out")]) for lead in LEADS
    )
    history = costed(leads)
    channels = factor(["web", "phone", "mail", "phone", "web", "mail", "web", "phone", "mail", "web"])
    history = replace(history, interactions=replace(history.interactions, channel=channels))
    rows = economics(history)["attribution"]
    assert sum(row["wins_first"] for row in rows) == sum(row["wins_last"] for row in rows) == 3
    assert sum(row["wins_markov"] for row in rows) == pytest.approx(3.0)
    assert {row["channel"]: row["wins_first"] for row in rows} == {"web": 2, "mail": 1, "phone": 0}
