"""Past leads like one: nearest by brute force, in its stage alone, and nothing but how they ended."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models.reasons.past_leads import PastLeads, compared


def table(seed: int, n: int = 60) -> PastLeads:
    random = np.random.default_rng(seed)
    won = random.random(n) < 0.4
    return PastLeads(
        columns=np.array([1, 4], dtype=np.int64),
        stages=(None, "new", "offer"),
        stage=random.integers(0, 3, n),
        parts=random.normal(size=(n, 3)).round(4),
        won=won,
        amount=np.where(won & (random.random(n) < 0.8), random.random(n), np.nan),
        days=random.integers(1, 90, n).astype(np.float64),
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("stage", [None, "new", "offer"])
def test_the_nearest_are_those_of_a_full_search(seed: int, stage: str | None) -> None:
    past, contributions = table(seed), np.random.default_rng(seed + 9).normal(size=6)
    mine = [contributions[1], contributions[4], contributions[[0, 2, 3, 5]].sum()]
    distances = []
    for row in range(len(past.days)):
        if past.stages[past.stage[row]] == stage:
            far = sum(abs(a - b) for a, b in zip(past.parts[row], mine, strict=True))
            distances.append((far, past.won[row], past.days[row]))
    nearest = [(won, days) for _, won, days in sorted(distances)[:5]]
    ends = past.similar(stage, contributions)
    assert [(end["outcome"] == "won", end["days"]) for end in ends] == nearest
    assert {end["stage"] for end in ends} == {stage}
    assert all(set(end) == {"stage", "outcome", "amount", "days"} for end in ends)


def test_an_unknown_stage_has_none() -> None:
    assert table(0).similar("other", np.zeros(6)) == []


def test_json_gives_the_same_table() -> None:
    past, contributions = table(1), np.linspace(-1, 1, 6)
    again = PastLeads.from_dict(json.loads(json.dumps(past.to_dict())))
    assert again.similar("new", contributions, 99) == past.similar("new", contributions, 99)


def test_compared_parts_keep_the_whole_margin() -> None:
    contributions = np.random.default_rng(3).normal(size=(7, 6))
    parts = compared(contributions, np.array([0, 5]))
    np.testing.assert_allclose(parts.sum(axis=1), contributions.sum(axis=1))


@pytest.mark.parametrize("k", [1, 7, 130, 181, 400])
def test_one_lead_is_compared_as_many_are(k: int) -> None:
    """To the last bit: training compares whole tables, a request one lead."""
    random = np.random.default_rng(k)
    contributions = random.normal(size=(40, k)) * 10.0 ** random.integers(-9, 3, size=k)
    columns = np.flatnonzero(random.random(k) < 0.1).astype(np.int64)
    every = compared(contributions[:1], columns)
    past = replace(table(1), columns=columns, parts=np.repeat(every, 60, axis=0))
    past.parts[30:] += 1.0
    near = [row for row in range(60) if past.stages[past.stage[row]] == "new"]
    ends = past.similar("new", contributions[0], len(near))
    assert [end["days"] for end in ends] == [past.days[row] for row in near]
