"""The stage table: what a CRM says without a model."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.baseline import StageTable, fit_stage_table
from tests.builders.leads.lead_histories import CALM

rows = st.lists(
    st.tuples(st.sampled_from(["new", "demo", None]), st.booleans(), st.floats(0.1, 3)), min_size=1
)


@given(rows)
@CALM
def test_each_rate_is_the_shrunk_share_of_its_stage(seen: list[tuple[str | None, bool, float]]) -> None:
    stages, won, weight = [s for s, _, _ in seen], [float(w) for _, w, _ in seen], [x for _, _, x in seen]
    table = fit_stage_table(stages, np.array(won), np.array(weight))
    base = sum(w * x for w, x in zip(won, weight, strict=True)) / sum(weight)
    assert table.base_rate == pytest.approx(base)
    for stage in {s for s in stages if s is not None}:
        mine = [(w, x) for s, w, x in seen if s == stage]
        wins, total = sum(w * x for w, x in mine), sum(x for _, x in mine)
        assert table.rates[stage] == pytest.approx((wins + 10 * base) / (total + 10))


def test_an_unknown_stage_and_none_get_the_base_rate() -> None:
    table = StageTable(0.2, {"new": 0.1})
    assert table.probability(["new", None, "never heard of"]).tolist() == [0.1, 0.2, 0.2]
    back = StageTable.from_dict(json.loads(json.dumps(table.to_dict())))
    assert back == table


def test_no_rows_give_an_empty_table() -> None:
    assert fit_stage_table([], np.zeros(0), np.zeros(0)) == StageTable(0.0, {})
