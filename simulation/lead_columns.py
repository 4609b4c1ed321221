"""Leads as the columns of leads.csv."""

import unicodedata
from collections.abc import Sequence

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
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
from simulation.traits import CAMPAIGNS, INDUSTRIES, PRODUCTS, ROLES, Traits
from simulation.world import SOURCES, World, keys, stream, uniform

Columns = dict[str, list[str] | list[str | None]]  # a table: text by column, None for missing
AGE_GROUPS = ("under 30", "30-44", "45-59", "60 and over")
AGE_BY_ROLE = np.array(
    [[1, 4, 4, 2], [1, 4, 5, 1], [2, 5, 3, 1], [4, 4, 2, 1], [5, 3, 2, 1], [9, 1, 0, 0]], dtype=np.float64
)

_WITHOUT_MARKS = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ß": "ss"})


def lead_columns(world: World, index: Ints, created: Ints, t: Traits) -> Columns:
    """The columns of the leads `index` (n,), created at these instants."""
    day = created // DAY_US
    firm = np.where(t.account < 0, world.leads + index, t.account)
    campaigns = [f"{s.name.replace('_', '-')}-{c + 1:02d}" for s in SOURCES for c in range(CAMPAIGNS)]
    role = np.maximum(t.role, 0)
    age = (AGE_BY_ROLE[role].cumsum(1) / AGE_BY_ROLE[role].sum(1, keepdims=True)) < uniform(
        world.seed, "age", index
    )[:, None]
    people, companies = _people(world, index), _companies(world, firm, t)
    age_code = np.where(uniform(world.seed, "age-known", index) < 0.75, np.minimum(age.sum(1), 3), -1)
    return {
        "lead_id": lead_ids(index),
        "created_at": times(created),
        "account_id": [None if a < 0 else f"A{a + 1:06d}" for a in t.account.tolist()],
        "owner": _texts(t.owner, world.owners),
        "source": _texts(t.source, [source.name for source in SOURCES]),
        "campaign": _texts(t.campaign, campaigns),
        "contact_name": people,
        "contact_role": _texts(t.role, ROLES),
        "age_group": _texts(age_code, AGE_GROUPS),
        "email": _emails(people, companies),
        "phone": _phones(world, index),
        "company": companies,
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
    """The ids of the leads at these positions of a world."""
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


def _companies(world: World, firm: Ints, t: Traits) -> list[str | None]:
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


def _emails(people: Sequence[str], companies: Sequence[str | None]) -> list[str | None]:
    """Addresses in domains that are reserved for examples (RFC 2606)."""
    addresses: list[str | None] = []
    for person, company in zip(people, companies, strict=True):
        domain = "mail" if company is None else _ascii(company.split(" ")[0])
        addresses.append(f"{'.'.join(map(_ascii, person.split(' ')))}@{domain}.example")
    return addresses


def _ascii(name: str) -> str:
    """The letters of a name as an address writes them."""
    plain = unicodedata.normalize("NFKD", name.translate(_WITHOUT_MARKS)).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum())


def _phones(world: World, index: Ints) -> list[str | None]:
    """Numbers of the exchange 555-01xx, which is reserved for fiction; a fifth is unknown."""
    k = (keys(world.seed, "phone", index) >> np.uint64(8)).tolist()
    known = (uniform(world.seed, "phone-known", index) < 0.8).tolist()
    numbers = [f"+1 {201 + v % 789} 555 01{v // 789 % 100:02d}" for v in k]
    return [number if is_known else None for number, is_known in zip(numbers, known, strict=True)]


def _cities(world: World, firm: Ints) -> list[str | None]:
    """A few thousand made-up places, some frequent, a tenth unknown; unrelated to the outcome."""
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
