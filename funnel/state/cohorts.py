"""Entry cohorts as a triangle: leads by month of creation, and the number of them won by each age."""

from dataclasses import dataclass

import numpy as np

from funnel.records import Record, ratio
from funnel.state.period import View
from history.base.arrays import Floats, Ints
from history.text.times import DAY_US

AGE_US = 30 * DAY_US
MAX_AGES = 24  # two years: a wider triangle fits no page


@dataclass(frozen=True)
class _Cumulated:
    """By month of creation and age (m, a): wins, wins with a known amount, and their revenue, up to the age."""

    wins: Ints
    paid: Ints
    revenue: Floats


def triangle(view: View) -> list[Record]:
    """One record a month of creation: leads, and won, rate and revenue up to each age.

    Cell k holds wins within 30 (k + 1) days of each lead's creation, the bound included, by decisions in force at
    as_of. It is null until every lead of the month has reached the age; revenue is null too if no amount of any win is
    known.
    """
    paths, period, lead = view.paths, view.period, view.created
    created_us, months = paths.created_us[lead], len(period.months)
    month = period.month_of(created_us)
    period_ages = (paths.as_of_us - int(period.from_us)) // AGE_US
    ages = min(MAX_AGES, max(1, period_ages))
    cumulated = _cumulated(view, lead[paths.won[lead]], ages)

    # A month's cells are complete up to the age of its youngest lead.
    sizes = np.bincount(month, minlength=months).tolist()
    youngest_us = np.zeros(months, dtype=np.int64)
    np.maximum.at(youngest_us, month, created_us)
    complete_ages = ((paths.as_of_us - youngest_us) // AGE_US).tolist()

    records = []
    for m, (leads, complete) in enumerate(zip(sizes, complete_ages, strict=True)):
        if leads:
            cells = _cells(cumulated, m, min(ages, complete), leads)
            records.append({"month": period.months[m].isoformat(), "leads": leads, **cells})
    return records


def _cells(cumulated: _Cumulated, m: int, complete: int, leads: int) -> Record:
    """The cells of month m; those from `complete` on are null."""
    ages = cumulated.wins.shape[1]
    won: list[int | None] = [None] * ages
    rate: list[float | None] = [None] * ages
    revenue: list[float | None] = [None] * ages
    for k in range(complete):
        wins = int(cumulated.wins[m, k])
        won[k], rate[k] = wins, ratio(wins, leads)
        if cumulated.paid[m, k] or not wins:
            revenue[k] = float(cumulated.revenue[m, k])
    return {"won": won, "rate": rate, "revenue": revenue}


def _cumulated(view: View, won: Ints, ages: int) -> _Cumulated:
    """won (w,): the won leads of the cohorts."""
    paths, months = view.paths, len(view.period.months)
    created_us = paths.created_us[won]
    age_us = paths.closed_us[won] - created_us
    # Rounded up (-(-a // b)): a win at the very age counts there.
    ages_begun = -(-age_us // AGE_US)
    bucket = np.maximum(ages_begun - 1, 0)
    in_table = bucket < ages
    cell = (view.period.month_of(created_us) * ages + bucket)[in_table]
    amount = paths.amount[won][in_table]
    known = np.isfinite(amount)

    size = months * ages
    wins = np.bincount(cell, minlength=size)
    paid = np.bincount(cell[known], minlength=size)
    revenue = np.bincount(cell[known], weights=amount[known], minlength=size)
    shape = (months, ages)
    return _Cumulated(
        wins=wins.reshape(shape).cumsum(axis=1),
        paid=paid.reshape(shape).cumsum(axis=1),
        revenue=revenue.reshape(shape).cumsum(axis=1),
    )
