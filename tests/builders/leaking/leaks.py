"""Ten kinds of leaks: columns that the outcome has written, more or less often and exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.text.times import DAY_US
from tests.builders.leaking.world import Columns, LeadWorld, Texts, day_texts, texts_of


@dataclass(frozen=True)
class Writing:
    """How reliably an outcome writes: of which leads, and by mistake on others; masks (n,).

    won, lost: leads whose column was written with that outcome. mistaken: others that look so.
    """

    won: Mask
    lost: Mask
    mistaken: Mask


def writing(world: LeadWorld) -> Writing:
    """A third of the leaks depend on the team, a fifth began some time ago; the share of mistakes is 0 to 5 %."""
    rng, n = world.rng, len(world)
    share = np.full(n, rng.uniform(0.3, 1.0))
    if rng.random() < 1 / 3:
        share *= rng.uniform(0.3, 1.0, 4)[world.team]
    if rng.random() < 0.2:
        share *= world.close_us > np.quantile(world.close_us, rng.uniform(0.1, 0.5))
    written = world.chance(share)
    mistaken = world.chance(float(rng.choice([0.0, 0.005, 0.02, 0.05])))
    return Writing(written & world.won, written & world.lost, mistaken)


def _reason(world: LeadWorld) -> Columns:
    """A code of the closing; one code serves both outcomes."""
    rng, n, by = world.rng, len(world), writing(world)
    won, lost = rng.choice(["R1", "R2", "R9"], n, p=[0.5, 0.4, 0.1]), rng.choice(["R4", "R5", "R6", "R9"], n)
    code = np.where(by.won, won, np.where(by.lost, lost, rng.choice(["R1", "R4", "R9"], n)))
    return {"code": texts_of(code, by.won | by.lost | by.mistaken)}


def _won_fill(world: LeadWorld) -> Columns:
    """Filled in with the win: a way of paying, or a number."""
    by, n = writing(world), len(world)
    values = world.rng.choice(["card", "transfer", "debit"], n)
    if world.rng.random() < 0.5:
        values = np.round(world.rng.lognormal(7, 1, n), 2).astype(str)
    return {"payment": texts_of(values, by.won | by.mistaken)}


def _lost_fill(world: LeadWorld) -> Columns:
    """Filled in with the loss: a competitor, a note."""
    by, n = writing(world), len(world)
    return {
        "rival": texts_of(world.rng.choice(["Ajax", "Borea", "Cronos", "none"], n), by.lost | by.mistaken)
    }


def _cleared(world: LeadWorld) -> Columns:
    """Filled on most leads from the start, emptied by one outcome or by both."""
    rng, n, by = world.rng, len(world), writing(world)
    emptied = (by.won, by.lost, by.won | by.lost)[int(rng.integers(0, 3))]
    had = world.chance(rng.uniform(0.7, 1.0))
    return {"next_step": texts_of(rng.choice(["ring", "write", "visit"], n), had & ~(emptied & ~by.mistaken))}


def _default(world: LeadWorld) -> Columns:
    """Set to its default by one outcome; others have it now and then."""
    rng, n, by = world.rng, len(world), writing(world)
    reset = by.won if rng.random() < 0.5 else by.lost
    value = np.where(world.chance(rng.uniform(0, 0.1)), "normal", rng.choice(["high", "low", "urgent"], n))
    return {"priority": texts_of(np.where(reset, "normal", value), np.ones(n, dtype=np.bool_))}


def _grade(world: LeadWorld) -> Columns:
    """A grade that is corrected when the outcome is known; before that it is a guess."""
    rng, n, by = world.rng, len(world), writing(world)
    guess = rng.normal(size=n) + 0.2 * world.logit
    shift = rng.uniform(1.0, 4.0)
    level = guess + shift * by.won - shift * by.lost
    letters = np.array(["E", "D", "C", "B", "A"])[np.searchsorted([-1.5, -0.5, 0.5, 1.5], level)]
    return {"class": texts_of(letters, world.chance(0.95))}


def _counter(world: LeadWorld) -> Columns:
    """A count that goes on after the win: invoices, documents, calls."""
    rng, n, by = world.rng, len(world), writing(world)
    before, after = rng.choice([0.0, 0.1, 1.0]), rng.uniform(1.0, 6.0)
    count = rng.poisson(before, n) + by.won * (1 + rng.poisson(after, n))
    return {"documents": texts_of(count, np.ones(n, dtype=np.bool_))}


def _date(world: LeadWorld) -> Columns:
    """A date of the closing, or a last touch that goes on for customers and is frozen by the loss."""
    rng, n, by = world.rng, len(world), writing(world)
    if rng.random() < 0.5:
        ahead = rng.integers(0, 5, n) * DAY_US
        return {"handed_over_on": day_texts(np.maximum(world.close_us - ahead, world.created_us), by.won)}
    recent = world.as_of_us - (rng.exponential(rng.choice([5, 20]), n) * DAY_US).astype(np.int64)
    last = np.where(
        world.closed & ~by.won, world.close_us, np.maximum(recent, np.minimum(world.close_us, recent))
    )
    return {"touched_on": day_texts(np.maximum(last, world.created_us), np.ones(n, dtype=np.bool_))}


def _group(world: LeadWorld) -> Columns:
    """Three columns filled in together, with one outcome."""
    rng, n, by = world.rng, len(world), writing(world)
    filled = by.mistaken | (by.won if rng.random() < 0.6 else by.lost)
    return {
        "form_a": texts_of(rng.choice(["x", "y"], n), filled),
        "form_b": texts_of(rng.integers(1, 50, n), filled & world.chance(0.9)),
        "form_c": texts_of(rng.normal(size=n).round(3), filled & world.chance(0.8)),
    }


def _hand_over(world: LeadWorld) -> Columns:
    """Who has the lead: people, and after the closing a desk for customers or the archive."""
    rng, n, by = world.rng, len(world), writing(world)
    people: Ints = world.team * 5 + rng.integers(0, 5, n)
    desk = np.char.add("Desk ", people.astype(str))
    desk = np.where(by.won, "Customer care", desk)
    if rng.random() < 0.5:
        desk = np.where(by.lost, "Archive", desk)
    texts: Texts = texts_of(desk, np.ones(n, dtype=np.bool_))
    return {"desk": texts}


KINDS: Final[dict[str, Callable[[LeadWorld], Columns]]] = {
    "code of the closing": _reason,
    "filled with the win": _won_fill,
    "filled with the loss": _lost_fill,
    "cleared by closing": _cleared,
    "set to its default": _default,
    "corrected grade": _grade,
    "counter": _counter,
    "date": _date,
    "group of columns": _group,
    "handed over": _hand_over,
}
