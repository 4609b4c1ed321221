"""Traits of simulated leads, and the score and the median amount that follow from them."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from simulation.names import COMPANY_TRADE
from simulation.process import STAGES
from simulation.world import DRIFT_QUALITY, DRIFT_SHARE, SOURCES, World, normal, pick, uniform

INDUSTRIES = tuple(COMPANY_TRADE)
INDUSTRY_SHARE = (0.18, 0.15, 0.13, 0.09, 0.10, 0.08, 0.09, 0.08, 0.06, 0.04)
INDUSTRY_EFFECT = np.array([0.20, 0.10, 0.0, 0.10, 0.0, -0.15, 0.00, -0.15, 0.0, -0.20])
COUNTRY_SHARE = (0.24, 0.12, 0.09, 0.10, 0.07, 0.07, 0.05, 0.07, 0.05, 0.05, 0.06, 0.03)
COUNTRY_EFFECT = np.array([0.06, 0.0, 0.0, 0.0, -0.06, -0.06, 0.0, 0.0, 0.0, 0.06, -0.06, 0.0])
PRODUCTS = ("starter", "team", "business", "enterprise", "analytics")
PRODUCT_SHARE = (0.30, 0.28, 0.20, 0.10, 0.12)
PRODUCT_EFFECT = np.array([0.10, 0.05, 0.00, -0.20, 0.0])
PRODUCT_PRICE = np.array([90.0, 160.0, 290.0, 520.0, 240.0])  # a seat and year
ROLES = ("owner", "director", "manager", "specialist", "assistant", "student")
ROLE_SHARE = (0.12, 0.16, 0.30, 0.26, 0.10, 0.06)
ROLE_EFFECT = np.array([0.20, 0.25, 0.10, -0.05, -0.20, -0.90])
CAMPAIGNS = 9  # a source
FIT_EFFECT = 1.7  # of a standard deviation of profile_fit


@dataclass(frozen=True)
class Traits:
    """Codes and numbers behind the columns; NaN, -1 where the tables show nothing."""

    source: Ints
    campaign: Ints
    owner: Ints
    account: Ints
    industry: Ints
    country: Ints
    employees: Floats
    product: Ints
    role: Ints
    seats: Floats
    budget: Floats
    fit: Floats
    trial_days: Floats
    planned_days: Floats
    customer: Mask
    work_email: Mask


def draw_traits(world: World, index: Ints, day: Ints) -> Traits:
    """The traits of the leads `index` (n,) created on these days since 1970 (n,)."""

    def u(name: str) -> Floats:
        return uniform(world.seed, name, index)

    share = np.array([source.share for source in SOURCES])
    later = share * np.array([DRIFT_SHARE.get(source.name, 1.0) for source in SOURCES])
    source = np.where(day < world.drift_day, pick(u("source"), share), pick(u("source"), later))
    account = (max(1, world.leads * 0.7) * u("account") ** 1.25).astype(np.int64)
    account = np.where(u("private") < 0.12, -1, account)
    firm = np.where(account < 0, world.leads + index, account)  # a private lead has traits of its own
    employees = np.exp(3.9 + 1.5 * normal(world.seed, "employees", firm)).round() + 1
    seats = np.maximum(
        1.0, (np.minimum(employees, 4000.0) ** 0.6 * np.exp(0.5 * normal(world.seed, "seats", index))).round()
    )
    product = pick(u("product"), PRODUCT_SHARE)
    budget = seats * PRODUCT_PRICE[product] * np.exp(0.1 + 0.55 * normal(world.seed, "budget", index))
    shown = (uniform(world.seed, "employees-known", firm) < 0.86) & (account >= 0)
    planned = np.round(15 + 120 * u("planned"))
    return Traits(
        source=source,
        campaign=source * CAMPAIGNS + pick(u("campaign"), 1.0 / np.arange(1, CAMPAIGNS + 1)),
        owner=pick(u("owner"), 1.0 + 0.5 * np.sin(np.arange(len(world.owners)))),
        account=account,
        industry=np.where(account < 0, -1, pick(uniform(world.seed, "industry", firm), INDUSTRY_SHARE)),
        country=pick(uniform(world.seed, "country", firm), COUNTRY_SHARE),
        employees=np.where(shown, employees, np.nan),
        product=product,
        role=np.where(u("role-known") < 0.06, -1, pick(u("role"), ROLE_SHARE)),
        seats=np.where(u("seats-known") < 0.92, seats, np.nan),
        budget=np.where(u("budget-known") < 0.6, np.maximum(100.0, np.round(budget, -2)), np.nan),
        fit=np.where(
            u("fit-known") < 0.9,
            np.clip(np.round(50 + 20 * normal(world.seed, "fit", index)), 0, 100),
            np.nan,
        ),
        trial_days=np.where(u("trial-known") < 0.3, np.floor(60 * u("trial")), np.nan),
        planned_days=np.where(u("planned-known") < 0.85, planned, np.nan),
        customer=u("customer") < 0.14,
        work_email=(account >= 0) & (u("work-email") < 0.8),
    )


def path_score(world: World, t: Traits, day: Ints) -> Floats:
    """The score of each lead and stage by its traits (n, stages); from the proposal on the owner's partner works."""
    score = np.array([source.quality for source in SOURCES])[t.source]
    fallen = np.array([DRIFT_QUALITY.get(source.name, 0.0) for source in SOURCES])[t.source]
    score = score + np.where(day >= world.drift_day, fallen, 0.0)
    score += 0.04 * normal(world.seed, "campaign-effect", np.arange(len(SOURCES) * CAMPAIGNS))[t.campaign]
    score += np.where(t.industry < 0, -0.2, INDUSTRY_EFFECT[t.industry])
    score += (
        COUNTRY_EFFECT[t.country]
        + PRODUCT_EFFECT[t.product]
        + np.where(t.role < 0, -0.1, ROLE_EFFECT[t.role])
    )
    score += _size_effect(t) + 0.7 * t.customer + 0.20 * t.work_email
    score += np.where(np.isnan(t.fit), -0.1, FIT_EFFECT * (t.fit - 50.0) / 20.0)
    score += np.where(t.trial_days <= 20, 0.4, 0.0)
    analytics = t.product == PRODUCTS.index("analytics")
    score += np.where(analytics & (t.industry == 0), 0.7, 0.0) - np.where(
        analytics & (t.industry == 7), 0.6, 0.0
    )
    by_stage = np.repeat(score[:, None] - 0.1, STAGES, axis=1)
    partner = world.partner[t.owner]
    by_stage[:, :2] += world.skill[t.owner][:, None]
    by_stage[:, 2:] += (world.skill[partner] - 0.3 * (partner != t.owner))[:, None]
    return by_stage


def _size_effect(t: Traits) -> Floats:
    """Middle-sized companies fit best, and a budget counts by how it compares with the price of the seats wanted."""
    size = np.log(np.where(np.isnan(t.employees), 1.0, t.employees))
    fit = np.where(np.isnan(t.employees), -0.1, 0.2 - 0.06 * (size - 4.6) ** 2)
    ratio = t.budget / (t.seats * PRODUCT_PRICE[t.product])
    money = np.where(ratio < 0.8, -0.35, np.where(ratio > 1.4, 0.2, 0.05))
    return np.asarray(np.maximum(fit, -0.9) + np.where(np.isnan(ratio), 0.0, money))


def log_median_amount(t: Traits) -> Floats:
    """Log of the median amount: price of the seats, of a typical number where unknown; more for large companies."""
    seats = np.where(np.isnan(t.seats), 12.0, t.seats)
    size = np.where(np.isnan(t.employees), 3.9, np.log(np.where(np.isnan(t.employees), 1.0, t.employees)))
    return np.asarray(np.log(seats * PRODUCT_PRICE[t.product]) + 0.12 * (size - 3.9) + 0.15 * t.customer)
