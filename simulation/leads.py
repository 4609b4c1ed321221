"""The leads of a simulated business at creation: attributes, the score that these give, and the expected amount."""

from dataclasses import dataclass

import numpy as np

from history.arrays import Floats, Ints, Mask
from history.history import DAY_US
from simulation.names import (
    CITY_HEAD,
    CITY_MIDDLE,
    CITY_TAIL,
    COMPANY_FORM,
    COMPANY_HEAD,
    COMPANY_MIDDLE,
    COMPANY_TAIL,
    COMPANY_TRADE,
    COUNTRIES,
    PEOPLE_FIRST,
    PEOPLE_LAST,
)
from simulation.process import STAGES, Starts
from simulation.world import (
    DRIFT_QUALITY,
    DRIFT_SHARE,
    SOURCES,
    World,
    keys,
    normal,
    pick,
    stream,
    uniform,
)

Columns = dict[str, list[str] | list[str | None]]  # a table: text by column, None for missing

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
AGE_GROUPS = ("under 30", "30-44", "45-59", "60 and over")
AGE_BY_ROLE = np.array(
    [[1, 4, 4, 2], [1, 4, 5, 1], [2, 5, 3, 1], [4, 4, 2, 1], [5, 3, 2, 1], [9, 1, 0, 0]], dtype=np.float64
)
CAMPAIGNS = 9  # a source
FIT_EFFECT = 1.7  # of a standard deviation of profile_fit
AMOUNT_SIGMA, BIG_SHARE, BIG_FACTOR, ZERO_SHARE = 0.45, 0.04, 3.5, 0.01


@dataclass(frozen=True)
class Batch:
    """Leads `index` (n,) of a world: columns of leads.csv, what the process needs, log of the median amount."""

    index: Ints
    created_us: Ints
    columns: Columns
    starts: Starts
    log_amount: Floats
    source: Ints
    owner: Ints
    came_by_itself: Mask


@dataclass(frozen=True)
class _Traits:
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


def lead_batch(world: World, index: Ints) -> Batch:
    """The leads of these positions, each the same whatever others are asked for; in order of creation."""
    created = _created(world, index)
    day = created // DAY_US
    traits = _traits(world, index, day)
    score = _score(world, traits, day)
    planned = np.where(np.isnan(traits.planned_days), -1, day + np.nan_to_num(traits.planned_days)).astype(
        np.int64
    )
    first_touch = uniform(world.seed, "first-touch", index) < np.array([s[3] for s in SOURCES])[traits.source]
    engagement = 0.25 + 0.15 * np.tanh(score[:, 0])
    starts = Starts(
        key=keys(world.seed, "path", index),
        day=day,
        recency=np.where(first_touch, 0, 3).astype(np.int64),
        planned=planned,
        score=score,
        engagement=engagement,
    )
    return Batch(
        index=index,
        created_us=created,
        columns=_columns(world, index, created, traits),
        starts=starts,
        log_amount=_log_amount(traits),
        source=traits.source,
        owner=traits.owner,
        came_by_itself=first_touch,
    )


def expected_amount(log_amount: Floats) -> Floats:
    """E[amount | won]: of a lognormal with a few deals BIG_FACTOR times as big and a few free ones."""
    mean = np.exp(log_amount + AMOUNT_SIGMA**2 / 2)
    return np.asarray(mean * (1.0 - BIG_SHARE + BIG_SHARE * BIG_FACTOR) * (1.0 - ZERO_SHARE))


def _created(world: World, index: Ints) -> Ints:
    """Times in order, one in each of `leads` equal shares of arrivals, which grow and follow season and weekday."""
    days = np.arange(world.first_day, world.last_day + 1)
    at = days - world.calendar.first_day
    weight = world.calendar.touches[at] * (1.0 + 0.5 * (days - world.first_day) / len(days))
    weight = weight * (1.0 + 0.15 * np.cos(2 * np.pi * (days - 75) / 365.25))
    edges = np.concatenate(([0.0], np.cumsum(weight)))
    place = (index + uniform(world.seed, "created", index)) / world.leads * edges[-1]
    day = np.clip(np.searchsorted(edges, place, side="right") - 1, 0, len(days) - 1)
    within = (place - edges[day]) / weight[day]
    seconds = (6.5 + 15.5 * np.clip(within, 0.0, 1.0)) * 3600
    start = days[day] * DAY_US
    span = np.minimum(DAY_US, world.cut_us - start)  # less than a day on a last day that is not over
    return np.asarray(
        start + (seconds / 86400 * span).astype(np.int64) // 1_000_000 * 1_000_000, dtype=np.int64
    )


def _traits(world: World, index: Ints, day: Ints) -> _Traits:
    def u(name: str) -> Floats:
        return uniform(world.seed, name, index)

    share = np.array([s[1] for s in SOURCES])
    later = share * np.array([DRIFT_SHARE.get(s[0], 1.0) for s in SOURCES])
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
    return _Traits(
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


def _score(world: World, t: _Traits, day: Ints) -> Floats:
    """What visible attributes say for a lead, (n, stages); from proposal on the owner at work is the partner."""
    score = np.array([s[2] for s in SOURCES])[t.source]
    fallen = np.array([DRIFT_QUALITY.get(s[0], 0.0) for s in SOURCES])[t.source]
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


def _size_effect(t: _Traits) -> Floats:
    """Middle-sized companies fit best, and a budget counts by how it compares with the price of the seats wanted."""
    size = np.log(np.where(np.isnan(t.employees), 1.0, t.employees))
    fit = np.where(np.isnan(t.employees), -0.1, 0.2 - 0.06 * (size - 4.6) ** 2)
    ratio = t.budget / (t.seats * PRODUCT_PRICE[t.product])
    money = np.where(ratio < 0.8, -0.35, np.where(ratio > 1.4, 0.2, 0.05))
    return np.asarray(np.maximum(fit, -0.9) + np.where(np.isnan(ratio), 0.0, money))


def _log_amount(t: _Traits) -> Floats:
    """Log of the median amount: price of the seats, of a typical number where unknown; more for large companies."""
    seats = np.where(np.isnan(t.seats), 12.0, t.seats)
    size = np.where(np.isnan(t.employees), 3.9, np.log(np.where(np.isnan(t.employees), 1.0, t.employees)))
    return np.asarray(np.log(seats * PRODUCT_PRICE[t.product]) + 0.12 * (size - 3.9) + 0.15 * t.customer)


def _columns(world: World, index: Ints, created: Ints, t: _Traits) -> Columns:
    day = created // DAY_US
    firm = np.where(t.account < 0, world.leads + index, t.account)
    campaigns = [f"{s[0].replace('_', '-')}-{c + 1:02d}" for s in SOURCES for c in range(CAMPAIGNS)]
    role = np.maximum(t.role, 0)
    age = (AGE_BY_ROLE[role].cumsum(1) / AGE_BY_ROLE[role].sum(1, keepdims=True)) < uniform(
        world.seed, "age", index
    )[:, None]
    age_code = np.where(uniform(world.seed, "age-known", index) < 0.75, np.minimum(age.sum(1), 3), -1)
    return {
        "lead_id": lead_ids(index),
        "created_at": times(created),
        "account_id": [None if a < 0 else f"A{a + 1:06d}" for a in t.account.tolist()],
        "owner": _texts(t.owner, world.owners),
        "source": _texts(t.source, [s[0] for s in SOURCES]),
        "campaign": _texts(t.campaign, campaigns),
        "contact_name": _people(world, index),
        "contact_role": _texts(t.role, ROLES),
        "age_group": _texts(age_code, AGE_GROUPS),
        "company": _companies(world, firm, t),
        "industry": _texts(t.industry, INDUSTRIES),
        "employees": _numbers(t.employees),
        "country": _texts(t.country, COUNTRIES),
        "city": _cities(world, firm),
        "product": _texts(t.product, PRODUCTS),
        "seats": _numbers(t.seats),
        "annual_budget": _numbers(t.budget),
        "profile_fit": _numbers(t.fit),
        "is_customer": _booleans(t.customer),
        "work_email": _booleans(t.work_email),
        "newsletter": _booleans(uniform(world.seed, "newsletter", index) < 0.4),
        "trial_started_on": _dates(
            day - np.nan_to_num(t.trial_days).astype(np.int64), ~np.isnan(t.trial_days)
        ),
        "planned_close_on": _dates(
            day + np.nan_to_num(t.planned_days).astype(np.int64), ~np.isnan(t.planned_days)
        ),
    }


def lead_ids(index: Ints) -> list[str]:
    return [f"L{i + 1:07d}" for i in index.tolist()]


def times(us: Ints) -> list[str]:
    """ISO 8601 in UTC, to the second."""
    text: list[str] = np.datetime_as_string(us.astype("M8[us]").astype("M8[s]"), timezone="UTC").tolist()
    return text


def _dates(day: Ints, known: Mask) -> list[str | None]:
    text = np.datetime_as_string(day.astype("M8[D]")).tolist()
    return [t if k else None for t, k in zip(text, known.tolist(), strict=True)]


def _texts(code: Ints, values: "tuple[str, ...] | list[str]") -> list[str | None]:
    return [None if c < 0 else values[c] for c in code.tolist()]


def _numbers(value: Floats) -> list[str | None]:
    return [None if v != v else str(int(v)) for v in value.tolist()]


def _booleans(value: Mask) -> list[str]:
    return ["true" if v else "false" for v in value.tolist()]


def _people(world: World, index: Ints) -> list[str]:
    k = (keys(world.seed, "person", index) >> np.uint64(8)).tolist()
    return [f"{PEOPLE_FIRST[v % len(PEOPLE_FIRST)]} {PEOPLE_LAST[v // 97 % len(PEOPLE_LAST)]}" for v in k]


def _companies(world: World, firm: Ints, t: _Traits) -> list[str | None]:
    k = (keys(world.seed, "company", firm) >> np.uint64(8)).tolist()
    names: list[str | None] = []
    for v, industry, account in zip(k, t.industry.tolist(), t.account.tolist(), strict=True):
        if account < 0:
            names.append(None)
            continue
        stem = COMPANY_HEAD[v % len(COMPANY_HEAD)] + COMPANY_MIDDLE[v // 41 % len(COMPANY_MIDDLE)]
        stem += COMPANY_TAIL[v // 1009 % len(COMPANY_TAIL)]
        trade = COMPANY_TRADE[INDUSTRIES[industry]][v // 30011 % 4]
        names.append(f"{stem} {trade} {COMPANY_FORM[v // 200003 % len(COMPANY_FORM)]}")
    return names


def _cities(world: World, firm: Ints) -> list[str | None]:
    """A few thousand made-up places, some frequent, a tenth unknown; they say nothing about the outcome."""
    place = (uniform(world.seed, "city", firm) ** 3 * 3000).astype(np.int64)
    salt = stream(world.seed, "places")
    out: list[str | None] = []
    for p, known in zip(
        place.tolist(), (uniform(world.seed, "city-known", firm) < 0.9).tolist(), strict=True
    ):
        v = (salt + p * 7919) % 999_983
        name = (
            CITY_HEAD[v % len(CITY_HEAD)]
            + CITY_MIDDLE[v // 13 % len(CITY_MIDDLE)]
            + CITY_TAIL[v // 211 % len(CITY_TAIL)]
        )
        out.append(" ".join(w[:1].upper() + w[1:] for w in name.split(" ")) if known else None)
    return out
