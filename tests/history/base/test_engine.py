"""Work by parts is the same with an engine and without."""

import operator

from history.base.engine import map_on
from tests.builders.engines.part_engine import PartEngine


def test_results_are_in_order_with_an_engine_and_without() -> None:
    engine = PartEngine(3)
    for one in (None, engine):
        assert list(map_on(one, operator.mul, 3, range(5))) == [0, 3, 6, 9, 12]
    assert engine.done == 5
