"""Joined ids against a slow reference, and the rules in words."""

import numpy as np
import pytest

from connectors.deals.deals import NO_TIME
from connectors.persons.identities import ADDRESS, SHARED, USER, VISITOR, Ids, Links, People, join


def joined(levels: list[int], pairs: list[tuple[int, int]]) -> People:
    first = np.array([a for a, _ in pairs], dtype=np.int32)
    second = np.array([b for _, b in pairs], dtype=np.int32)
    count = len(levels)
    ids = Ids(np.array(levels, np.int8), np.zeros(count, dtype=np.bool_), np.arange(count, dtype=np.int64))
    return join(ids, Links(first, second, np.arange(len(pairs), dtype=np.int64)))


def reference(levels: list[int], pairs: list[tuple[int, int]]) -> list[int]:
    """The person of each id as the smallest body, SHARED for a shared browser."""
    body = list(range(len(levels)))
    for _ in levels:
        for a, b in pairs:
            if levels[a] == levels[b]:
                body[a] = body[b] = min(body[a], body[b])
    person = {node: node for node in body}
    shared = set()
    for level in (ADDRESS, VISITOR):
        higher: dict[int, set[int]] = {}
        for a, b in pairs:
            low, high = (a, b) if levels[a] < levels[b] else (b, a)
            if levels[low] == level < levels[high]:
                higher.setdefault(body[low], set()).add(person[body[high]])
        for node, owners in higher.items():
            if len(owners) == 1:
                person[node] = next(iter(owners))
            elif level == VISITOR:
                shared.add(node)
    return [SHARED if node in shared else person[node] for node in body]


@pytest.mark.parametrize("seed", range(40))
def test_persons_are_those_of_a_slow_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, 3, 14).tolist()
    pairs = [(int(a), int(b)) for a, b in rng.integers(0, 14, (int(rng.integers(0, 14)), 2)) if a != b]
    people, expected = joined(levels, pairs), reference(levels, pairs)
    for a in range(14):
        assert (people.person[a] == SHARED) == (expected[a] == SHARED)
        for b in range(14):
            if SHARED not in (expected[a], expected[b]):
                assert (people.person[a] == people.person[b]) == (expected[a] == expected[b])
        if expected[a] != SHARED:
            members = [b for b in range(14) if expected[b] == expected[a]]
            main = int(people.main[people.person[a]])
            assert main in members
            assert levels[main] == max(levels[b] for b in members)
    assert np.all(people.joined_us[np.array(levels) == USER] == NO_TIME)


def test_placeholder_address_joins_no_two_users() -> None:
    people = joined([USER, USER, ADDRESS], [(2, 0), (2, 1)])
    assert len(set(people.person.tolist())) == 3


def test_tablet_with_two_addresses_is_a_shared_browser() -> None:
    people = joined([ADDRESS, ADDRESS, VISITOR], [(2, 0), (2, 1)])
    assert people.person[2] == SHARED
    assert people.person[0] != people.person[1]


def test_visitor_with_address_and_user_of_a_person_is_that_person() -> None:
    people = joined([USER, ADDRESS, VISITOR], [(2, 1), (1, 0), (2, 0)])
    assert len(set(people.person.tolist())) == 1
    assert people.main[people.person[2]] == 0
