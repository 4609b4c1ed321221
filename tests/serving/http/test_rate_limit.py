"""Rate limit: token buckets of keys, shared by workers."""

from pathlib import Path

import pytest

from serving.base.problems import Problem
from serving.base.settings import read_settings
from serving.http.rate_limit import RateLimit

KEYS = read_settings({"LEADCAST_API_KEYS": "one,two"}).api_keys


def test_each_key_has_a_bucket_that_refills_at_its_rate(tmp_path: Path) -> None:
    now = [100.0]
    one, two = (RateLimit(2.0, KEYS, tmp_path, clock=lambda: now[0]) for _ in range(2))
    first, second = KEYS[:2]
    one.take(first)
    two.take(first)
    with pytest.raises(Problem) as caught:
        one.take(first)
    assert caught.value.status == 429
    assert int(caught.value.headers["Retry-After"]) == 1
    one.take(second)
    now[0] += 0.5
    one.take(first)
    with pytest.raises(Problem):
        two.take(first)


def test_a_rate_below_one_admits_one_request() -> None:
    now = [0.0]
    limit = RateLimit(0.1, (), clock=lambda: now[0])
    limit.take(None)
    with pytest.raises(Problem) as caught:
        limit.take(None)
    assert int(caught.value.headers["Retry-After"]) == 10
    now[0] += 10
    limit.take(None)
