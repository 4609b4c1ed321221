"""Activities of a person belong to the newest deal of their time, against a plain search."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from connectors.deals.people import People

persons = st.sampled_from(["p", "q", "r"])


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=6, unique=True),
    st.lists(st.tuples(persons, st.integers(0, 5)), max_size=8),
    st.lists(st.tuples(st.none() | persons, st.integers(-5, 60)), max_size=8),
)
def test_deal_of_an_activity_is_the_newest_of_its_time(
    created: list[int], links: list[tuple[str, int]], rows: list[tuple[str | None, int]]
) -> None:
    links = [(person, place % len(created)) for person, place in links]
    people = People(links, np.array(created))
    expected = []
    for person, us in rows:
        deals = sorted((created[place], place) for of, place in set(links) if of == person)
        before = [place for at, place in deals if at <= us]
        expected.append(before[-1] if before else deals[0][1] if deals else -1)
    ids = pa.array([person for person, _ in rows], pa.string())
    assert people.deals_at(ids, np.array([us for _, us in rows], dtype=np.int64)).tolist() == expected
