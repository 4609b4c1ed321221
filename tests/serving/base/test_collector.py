"""Work without collections: the collector is as it was before."""

import gc

from serving.base.collector import no_collections


def test_the_collector_is_as_before() -> None:
    assert gc.isenabled()
    with no_collections(), no_collections():
        assert not gc.isenabled()
    assert gc.isenabled()
