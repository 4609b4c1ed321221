"""Failed sign-ins are limited by address; time forgives them."""

import pytest

from serving.base.problems import Problem
from serving.http.attempts import FAILURES_AT_ONCE, MAX_ADDRESSES, SECONDS_PER_FAILURE, Attempts


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def exhausted(clock: Clock) -> Attempts:
    attempts = Attempts(clock)
    for _ in range(FAILURES_AT_ONCE):
        attempts.check("10.0.0.1")
        attempts.count_failure("10.0.0.1")
    return attempts


def test_too_many_failures_are_refused_for_a_while() -> None:
    clock = Clock()
    attempts = exhausted(clock)
    with pytest.raises(Problem) as caught:
        attempts.check("10.0.0.1")
    assert caught.value.status == 429
    wait = int(caught.value.headers["Retry-After"])
    assert wait == SECONDS_PER_FAILURE
    clock.seconds += wait
    attempts.check("10.0.0.1")


def test_another_address_is_not_refused() -> None:
    exhausted(Clock()).check("10.0.0.2")


def test_addresses_are_forgotten_from_the_oldest() -> None:
    attempts = exhausted(Clock())
    for number in range(MAX_ADDRESSES):
        attempts.count_failure(str(number))
    attempts.check("10.0.0.1")
    assert len(attempts._buckets) == MAX_ADDRESSES
