"""Joined ids against a slow reference: known persons of one component of known links, visitors with exactly one."""

import numpy as np
import pytest

from connectors.deals import NO_TIME
from connectors.persons.identities import SHARED, Ids, Links, join


def reference(is_known: list[bool], pairs: list[tuple[int, int]]) -> list[set[int]]:
    """For each id, the ids of its person; none for a shared visitor."""
    groups = [{node} for node in range(len(is_known))]

    def merge(a: int, b: int) -> None:
        both = groups[a] | groups[b]
        for node in both:
            groups[node] = both

    for a, b in pairs:
        if is_known[a] == is_known[b]:
            merge(a, b)
    of_visitor: dict[int, set[int]] = {}
    for a, b in pairs:
        if is_known[a] != is_known[b]:
            visitor, known = (b, a) if is_known[a] else (a, b)
            for node in groups[visitor]:
                of_visitor.setdefault(node, set()).update(groups[known])
    result = [set(group) for group in groups]
    bodies = {min(groups[node]): groups[node] for node in range(len(is_known)) if not is_known[node]}
    shared = {n for n, known in of_visitor.items() if len({min(groups[k]) for k in known}) > 1}
    joined = [groups[node] for node in range(len(is_known))]
    for body in bodies.values():
        node = min(body)
        if node in of_visitor and node not in shared:
            whole = set(next(groups[k] for k in of_visitor[node]))
            members = [n for n in range(len(is_known)) if joined[n] & whole] + list(body)
            union = set().union(*(joined[n] for n in members), body)
            for n in union:
                joined[n] = union
    for node in range(len(is_known)):
        result[node] = set() if node in shared else joined[node]
    return result


@pytest.mark.parametrize("seed", range(30))
def test_persons_are_those_of_a_slow_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, links = 12, int(rng.integers(0, 12))
    is_known = rng.random(count) < 0.5
    pairs = [(int(a), int(b)) for a, b in rng.integers(0, count, (links, 2)) if a != b]
    first = np.array([a for a, _ in pairs], dtype=np.int32)
    second = np.array([b for _, b in pairs], dtype=np.int32)
    us = np.arange(len(pairs), dtype=np.int64)
    ids = Ids(is_known, np.zeros(count, dtype=np.bool_), np.arange(count, dtype=np.int64))
    people = join(ids, Links(first, second, us))
    for node, group in enumerate(reference(is_known.tolist(), pairs)):
        if not group:
            assert people.person[node] == SHARED
        else:
            assert set(np.flatnonzero(people.person == people.person[node]).tolist()) == group
            main = int(people.main[people.person[node]])
            assert main in group
            assert is_known[main] or not is_known[list(group)].any()
    assert np.all(people.joined_us[is_known] == NO_TIME)
