"""Several picks in one cell: told from names, places and notes with the same separators, on many simulated columns."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from features.attributes.picks import separator_of, split

Cell = Callable[[np.random.Generator], str]
SEEDS = range(4)
LEADS = (150, 1000)
OPTIONS = [
    f"{word} tool"
    for word in ("alpha", "beta", "gamma", "delta", "eta", "theta", "iota", "kappa", "nu", "xi")
]
CITIES = [f"city {k}" for k in range(60)]
COUNTRIES = ["Germany", "France", "Spain", "Italy", "Poland"]


def _choice(options: int, mark: str, ordered: bool, share: float) -> Cell:
    """A multiple choice, in the order of its options or of the clicks; empty ones are no value."""

    def cell(rng: np.random.Generator) -> str:
        chosen = [option for option in OPTIONS[:options] if rng.random() < share] or [OPTIONS[0]]
        return mark.join(chosen if ordered else rng.permutation(chosen).tolist())

    return cell


def _json_choice(rng: np.random.Generator) -> str:
    return str(rng.permutation(OPTIONS[:5])[: 1 + int(rng.integers(3))].tolist()).replace("'", '"')


def _draw(rng: np.random.Generator, words: list[str]) -> str:
    """One of the words, early ones more often."""
    return words[min(int(rng.zipf(1.4)) - 1, len(words) - 1)]


SETS: dict[str, tuple[Cell, str]] = {
    **{
        f"{n} options, {mark!r}, {'in order' if ordered else 'as clicked'}": (
            _choice(n, mark, ordered, share),
            mark.strip(),
        )
        for n, share in ((4, 0.4), (6, 0.3), (10, 0.2))
        for mark in (";", "; ", "|", ", ", ",")
        for ordered in (True, False)
    },
    "lines": (_choice(6, "\n", True, 0.3), "\n"),
    "JSON": (_json_choice, "json"),
}
SINGLES: dict[str, Cell] = {
    "names": lambda rng: f"last{rng.integers(40)}, first{rng.integers(20)}",
    "names with titles": lambda rng: (
        f"last{rng.integers(40)}, first{rng.integers(20)}{', Dr.' * int(rng.random() < 0.2)}"
    ),
    "places": lambda rng: f"{_draw(rng, CITIES)}, {_draw(rng, COUNTRIES)}",
    "places and states": lambda rng: (
        f"{_draw(rng, CITIES)}, {_draw(rng, ['Texas', 'Ohio', 'Utah'])}, USA"
        if rng.random() < 0.5
        else f"{_draw(rng, CITIES)}, {_draw(rng, COUNTRIES)}"
    ),
    "places, some without a country": lambda rng: (
        _draw(rng, CITIES) + (f", {_draw(rng, COUNTRIES)}" if rng.random() < 0.6 else "")
    ),
    "companies": lambda rng: f"Company {rng.integers(10**6)}, {_draw(rng, ['Inc.', 'LLC', 'Ltd.'])}",
    "a category with a comma": lambda rng: _draw(
        rng, ["Banking, Investment And Insurance", "Retail", "Media, PR"]
    ),
    "notes": lambda rng: ", ".join(f"word{rng.integers(3000)} x{rng.integers(900)}" for _ in range(3)),
    "notes with semicolons": lambda rng: "; ".join(f"word{rng.integers(10**5)}" for _ in range(2)),
    "numbers": lambda rng: f"{rng.integers(1, 9)},{rng.integers(100, 999)},{rng.integers(100, 999)}",
    "decimal commas": lambda rng: f"{rng.integers(1, 99)},{rng.integers(10, 99)}",
    "plain": lambda rng: _draw(rng, OPTIONS),
}


def _column(cell: Cell, n: int, seed: int) -> tuple[list[str], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    rng = np.random.default_rng(seed)
    counts = Counter(cell(rng) for _ in range(n))
    return list(counts), np.array(list(counts.values()), dtype=np.int64)


@pytest.mark.parametrize("n", LEADS)
@pytest.mark.parametrize("name", SETS)
def test_several_picks_are_recognised(name: str, n: int) -> None:
    cell, separator = SETS[name]
    assert [separator_of(*_column(cell, n, seed)) for seed in SEEDS] == [separator] * len(SEEDS)


@pytest.mark.parametrize("n", LEADS)
@pytest.mark.parametrize("name", SINGLES)
def test_one_text_with_separators_is_not_a_set(name: str, n: int) -> None:
    assert [separator_of(*_column(SINGLES[name], n, seed)) for seed in SEEDS] == [None] * len(SEEDS)


@pytest.mark.parametrize(
    ("text", "separator", "picks"),
    [
        ("ERP;BI", ";", ("ERP", "BI")),
        (" ERP ; ;erp;\u00a0BI", ";", ("ERP", "BI")),
        ('["x", "y", 3]', "json", ("x", "y", "3")),
        ("['x', 'y']", "json", ("x", "y")),
        ("[broken", "json", ("[broken",)),
        ("x", "json", ("x",)),
        (";", ";", ()),
    ],
)
def test_split(text: str, separator: str, picks: tuple[str, ...]) -> None:
    assert split(text, separator) == picks
