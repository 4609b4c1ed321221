"""Factors of the drop-off: values as they were when the stage began, medians of numbers, touches of the first days."""

from dataclasses import replace

import numpy as np

from funnel.state.leads.paths import stage_paths
from funnel.state.leaks.drop_off import ended_visits
from funnel.state.leaks.drop_off_factors import Factor, attribute_factors, columns_of_interest, touch_factors
from funnel.state.period import Period
from history.config.config import FunnelConfig
from history.history import History
from history.text.times import DAY_US
from tests.builders.leads.funnel_leads import STAGES, Lead, factor, history_of

N = 80


def history_with(texts: list[str | None], config: FunnelConfig | None = None) -> History:
    leads = [
        Lead(i, [(i, "new")], [(i + 10, "lost", 0.0)], touches=[(i + (3 if i % 2 else 9), "in")])
        for i in range(N)
    ]
    history = history_of(leads, 1000, config or FunnelConfig(stages=STAGES))
    return replace(history, attributes={"x": factor(texts), "owner": factor(["ann"] * N)})


def factors_of(history: History) -> list[Factor]:
    visits = ended_visits(stage_paths(history), Period(0, history.as_of_us + 1))
    return list(attribute_factors(history, visits, None))


def test_numbers_are_split_at_their_median() -> None:
    (above,) = factors_of(history_with([str(i) for i in range(N)]))
    assert (above.relation, above.value, int(above.marked.sum())) == ("above", 39.5, 40)


def test_unknown_numbers_are_on_neither_side() -> None:
    (above,) = factors_of(history_with([None if i % 2 else str(i) for i in range(N)]))
    assert int(above.known.sum()) == N // 2
    assert not (above.marked & ~above.known).any()


def test_of_two_values_one_is_compared() -> None:
    assert len(factors_of(history_with(["a" if i % 3 else "b" for i in range(N)]))) == 1
    assert len(factors_of(history_with(["abc"[i % 3] for i in range(N)]))) == 3


def test_missing_values_are_a_value_of_their_own() -> None:
    values = {f.value for f in factors_of(history_with([("a", "b", None)[i % 3] for i in range(N)]))}
    assert values == {"a", "b", None}


def test_dates_and_rare_values_are_left_out() -> None:
    assert factors_of(history_with([f"2026-01-{1 + i % 28:02}" for i in range(N)])) == []
    assert factors_of(history_with([f"name {i}" for i in range(N)])) == []


def test_owner_and_hidden_columns_are_left_out() -> None:
    hidden = (FunnelConfig(identity=("x",)), FunnelConfig(ignore=("x",)), FunnelConfig(sensitive=("x",)))
    for config in hidden:
        assert columns_of_interest(history_with(["a"] * N, config)) == []


def test_touches_count_in_the_first_days_of_long_visits() -> None:
    history = history_with(["a"] * N)
    visits = ended_visits(stage_paths(history), Period(0, history.as_of_us + 1)).lasting(7)
    factors = {f.name: f for f in touch_factors(history, visits)}
    assert np.array_equal(factors["call"].marked, visits.lead % 2 == 1)
    assert np.array_equal(factors["inbound"].marked, factors["call"].marked)
    assert not factors["outbound"].marked.any()
    assert len(visits.lasting(11)) == 0
    assert (visits.end_us - visits.begin_us == 10 * DAY_US).all()
