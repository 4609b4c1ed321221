"""Work without collections: the collector is as it was before."""

import gc

from serving.base.collector import no_collections, rare_full_collections


def test_the_collector_is_as_before() -> None:
    assert gc.isenabled()
    with no_collections(), no_collections():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_young_objects_alone_are_collected() -> None:
    before = gc.get_threshold()
    with rare_full_collections():
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > 1_000_000
    assert gc.get_threshold() == before
