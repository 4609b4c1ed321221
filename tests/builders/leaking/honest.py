"""Honest columns: known at creation, or filled later for other reasons than the outcome, some of them strong."""

from typing import Final, NamedTuple

import numpy as np

from history.base.arrays import Floats, Mask
from history.text.times import DAY_US
from tests.builders.leaking.world import Columns, LeadWorld, Shape, Texts, Traits, day_texts, texts_of

N_TEAMS: Final = 4


class Drawn(NamedTuple):
    """A column's texts and its effect on the log-odds (n,)."""

    texts: Texts
    effect: Floats


def traits_of(shape: Shape, rng: np.random.Generator) -> Traits:
    """Columns of ordinary and of strong effect; two hidden factors make some of them alike."""
    n = shape.leads
    factors = rng.normal(size=(n, 2))
    team = rng.integers(0, N_TEAMS, n)
    drawn: dict[str, Drawn] = {}
    for k in range(int(rng.integers(2, 5))):
        drawn[f"size_{k}"] = _number(factors, rng)
    for k in range(int(rng.integers(2, 5))):
        drawn[f"sector_{k}"] = _category(factors, rng, values=int(rng.integers(3, 12)))
    for k in range(int(rng.integers(1, 4))):
        drawn[f"flag_{k}"] = _flag(factors, rng)
    drawn["campaign"] = _category(factors, rng, values=int(rng.integers(80, 250)))
    drawn["team"] = Drawn(
        texts_of(np.char.add("Team ", team.astype(str)), _all(n)), 0.3 * rng.normal(size=4)[team]
    )
    drawn["medium"] = _drifting(n, rng)
    strong = [name for name in STRONG if rng.random() < 0.5]
    drawn |= {name: STRONG[name](factors, rng) for name in strong}
    drawn |= _vendor_rating(np.asarray(sum(column.effect for column in drawn.values())), rng)
    plan_days = rng.gamma(2, shape.cycle_days / 2, n)
    effects = sum((column.effect for column in drawn.values()), rng.normal(0, 0.3) * np.log(plan_days + 1))
    return Traits(
        {name: column.texts for name, column in drawn.items()}, np.asarray(effects), team, plan_days
    )


def _number(factors: Floats, rng: np.random.Generator) -> Drawn:
    value = factors @ rng.normal(0, 0.5, 2) + rng.normal(size=len(factors))
    effect = rng.normal(0, 0.45) * value + rng.normal(0, 0.15) * value**2
    known = rng.random(len(value)) > rng.choice([0, 0.1, 0.4])
    return Drawn(texts_of(np.round(np.exp(3 + value), 2), known), np.asarray(effect * known))


def _category(factors: Floats, rng: np.random.Generator, values: int) -> Drawn:
    shares = 1 / np.arange(1, values + 1)
    cuts = np.cumsum(shares / shares.sum())[:-1]
    hidden = factors[:, 0] * rng.choice([0, 0.5]) + rng.normal(size=len(factors))
    rank = np.argsort(np.argsort(hidden)) / len(hidden)
    code = np.searchsorted(cuts, rank)
    return Drawn(
        texts_of(np.char.add("v", code.astype(str)), _all(len(code))), rng.normal(0, 0.5, values)[code]
    )


def _drifting(n: int, rng: np.random.Generator) -> Drawn:
    """A category with a value that goes out of use and one that comes up; leads are in order of creation."""
    time = np.arange(n) / n
    retired, new = rng.uniform(0.3, 1.0), rng.uniform(0.2, 0.9)
    code = rng.integers(0, 3, n)
    code = np.where((rng.random(n) < 0.25) & (time < retired), 3, code)
    code = np.where((rng.random(n) < 0.5) & (time > new), 4, code)
    names = np.array(["mail", "phone", "chat", "fax", "app"])
    return Drawn(texts_of(names[code], _all(n)), rng.normal(0, 0.6, 5)[code])


def _flag(factors: Floats, rng: np.random.Generator) -> Drawn:
    is_set = factors[:, 1] * 0.4 + rng.normal(size=len(factors)) > rng.uniform(0.2, 1.6)
    effect = np.where(is_set, rng.normal(0, 0.7), 0.0)
    return Drawn(texts_of(np.where(is_set, "yes", "no"), _all(len(is_set))), effect)


def _fit_score(factors: Floats, rng: np.random.Generator) -> Drawn:
    """A score from another system, truly predictive and known at creation; partly of what other columns know."""
    value = 0.6 * factors[:, 0] + rng.normal(size=len(factors))
    shown = np.clip(np.round(50 + 18 * value), 0, 100).astype(int)
    return Drawn(texts_of(shown, _all(len(value))), np.asarray(rng.uniform(0.7, 1.6) * value))


def _vendor_rating(effects: Floats, rng: np.random.Generator) -> dict[str, Drawn]:
    """What a vendor's model makes of the other columns at creation: points, or letters for them."""
    value = (effects - effects.mean()) / effects.std() + rng.uniform(0.3, 1.5) * rng.normal(size=len(effects))
    letters = np.array(list("EDCBA"))[np.searchsorted([-1.5, -0.5, 0.5, 1.5], value)]
    points, nothing = np.round(600 + 80 * value).astype(int), np.zeros(len(value))
    kind = rng.random()
    if kind < 0.3:
        return {"vendor_points": Drawn(texts_of(points, _all(len(value))), nothing)}
    if kind < 0.5:
        return {"vendor_letter": Drawn(texts_of(letters, _all(len(value))), nothing)}
    return {}


def _channel(factors: Floats, rng: np.random.Generator) -> Drawn:
    """A source that nearly always wins, one that hardly ever does, and ordinary ones."""
    names = np.array(["web", "fair", "ads", "partner referral", "bought list"])
    shares = [0.45, 0.2, 0.2, rng.uniform(0.02, 0.08), rng.uniform(0.05, 0.12)]
    code = rng.choice(5, len(factors), p=np.array(shares) / sum(shares))
    effect = np.array([0.0, 0.2, -0.2, rng.uniform(2.5, 4.0), rng.uniform(-4.0, -2.0)])
    return Drawn(texts_of(names[code], _all(len(code))), effect[code])


def _country(factors: Floats, rng: np.random.Generator) -> Drawn:
    """Countries, one of which is not served: its leads never win."""
    code = rng.choice(4, len(factors), p=[0.5, 0.3, 0.12, 0.08])
    names = np.array(["DE", "FR", "NL", "BR"])
    return Drawn(texts_of(names[code], _all(len(code))), np.array([0, 0.2, -0.1, -8.0])[code])


def _promo_code(factors: Floats, rng: np.random.Generator) -> Drawn:
    """An optional field that few leads fill in, those with more intent."""
    known = rng.random(len(factors)) < rng.uniform(0.04, 0.2)
    code = rng.integers(0, 3, len(factors))
    effect = np.where(known, rng.uniform(0.8, 2.0), 0.0)
    return Drawn(texts_of(np.array(["SPRING", "VIP", "TEN"])[code], known), effect)


STRONG: Final = {
    "fit_points": _fit_score,
    "channel": _channel,
    "country": _country,
    "promo_code": _promo_code,
}


def later_columns(world: LeadWorld) -> Columns:
    """Columns that depend on time or on the plan, never on the outcome.

    Wins keep to the planned day, which all leads have from the start.
    """
    rng, n = world.rng, len(world)
    age_days = (world.as_of_us - world.created_us) / DAY_US
    enriched = (age_days > rng.choice([10, 25])) & world.chance(0.9)
    introduced = world.created_us > np.quantile(world.created_us, rng.uniform(0.2, 0.7))
    columns: Columns = {
        "employees": texts_of(rng.lognormal(4, 1, n).astype(int), enriched),
        "newsletter": texts_of(rng.choice(["weekly", "monthly"], n), introduced & world.chance(0.8)),
        "consent": texts_of(np.where(world.chance(0.98), "default", "custom"), _all(n)),
        "visits_before": texts_of(rng.poisson(2.5, n), _all(n)),
        "batch": texts_of(world.created_us // (30 * DAY_US), _all(n)),
    }
    plan_us = world.created_us + (world.plan_days * DAY_US).astype(np.int64)
    return columns | {"planned_on": day_texts(plan_us, _all(n))}


def _all(n: int) -> Mask:
    return np.ones(n, dtype=np.bool_)
