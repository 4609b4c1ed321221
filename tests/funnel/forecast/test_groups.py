"""Groups of a forecast: they add up to the whole, and shares of new wins to one."""

import numpy as np
import pytest

from funnel.columns import MAX_GROUPS, OTHER
from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.groups import NOT_YET_CREATED, _coded, _new_share, groups_by
from funnel.forecast.report.report import forecast_rows
from funnel.recording import known_leads
from history.base.errors import InvalidInput
from history.history import LOST, OPEN, WON, History
from models.bundle import Bundle
from tests.builders.leads.known_leads import known_leads_of


@pytest.mark.parametrize("column", ["owner", "source", "stage", "industry"])
def test_groups_add_up_to_the_whole(bundle: Bundle, history: History, monthly: Forecast, column: str) -> None:
    grouped = forecast(bundle, history, ForecastOptions("month", 4, column), monthly.leads)
    for name in ("already_wins", "already_revenue", "open_wins", "new_wins", "open_revenue", "new_revenue"):
        whole, parts = getattr(monthly.expectation, name), getattr(grouped.expectation, name)
        np.testing.assert_allclose(parts.sum(axis=1), whole[:, 0], atol=1e-8)
    assert "group" in forecast_rows(grouped)[0]


def test_an_unknown_column_is_named(bundle: Bundle, history: History) -> None:
    with pytest.raises(InvalidInput, match="no column 'colour'"):
        forecast(bundle, history, ForecastOptions(by="colour"))


def test_groups_beyond_the_largest_share_one() -> None:
    values: list[str | None] = [f"v{i % 70:02d}" for i in range(200)] + [None, None]
    known = known_leads_of(np.ones(202), [OPEN] * 202)
    coded = _coded(values, known)
    assert len(coded.names) == MAX_GROUPS
    assert coded.names[-1] == OTHER
    sizes = np.bincount(coded.of_lead)
    assert sizes.sum() == 202
    assert (np.diff(sizes[:-1]) <= 0).all(), "the largest come first"


def test_missing_value_comes_after_others_of_its_size() -> None:
    coded = _coded([None, "b", "a"], known_leads_of(np.ones(3), [OPEN] * 3))
    assert coded.names == ["a", "b", None]
    assert coded.of_lead.tolist() == [2, 1, 0]


@pytest.mark.parametrize("n", [0, 3, 60])
def test_shares_of_new_wins_are_a_distribution(n: int) -> None:
    random = np.random.default_rng(n)
    known = known_leads_of(random.uniform(1, 300, n), random.choice([OPEN, WON, LOST], n).tolist())
    share = _new_share(known, random.integers(0, 4, n), 4)
    assert share.sum() == pytest.approx(1.0)
    assert (share >= 0).all()


def test_group_that_won_more_gets_more_of_the_new_wins() -> None:
    known = known_leads_of(np.ones(60), [WON, LOST] * 30)
    share = _new_share(known, np.tile([0, 1], 30), 2)
    assert share[0] > 0.5 > share[1]
    assert share[0] < 0.9, "win rates of few leads are shrunk to that of all"


def test_new_leads_have_a_group_of_their_own_by_stage(history: History) -> None:
    groups = groups_by(history, known_leads(history, history.as_of_us), "stage")
    assert groups.names[-1] == NOT_YET_CREATED
    assert groups.new_share.tolist() == [0.0] * (len(groups.names) - 1) + [1.0]
