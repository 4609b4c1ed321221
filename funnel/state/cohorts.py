"""Entry cohorts as a triangle: leads by month of creation, and the number of them won by each age."""

from dataclasses import dataclass

import numpy as np

from funnel.records import Record, ratio
from funnel.state.period import View
from history.arrays import Floats, Ints
from history.history import DAY_US

AGE_DAYS = 30
AGE_US = AGE_DAYS * DAY_US
MAX_AGES = 24


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
    month = period.month_of(paths.created_us[lead])
    ages = min(MAX_AGES, max(1, (paths.as_of_us - int(period.from_us)) // AGE_US))
    cumulated = _cumulated(view, lead[paths.won[lead]], ages)
    size = np.bincount(month, minlength=len(period.months))
    youngest_us = np.zeros(len(period.months), dtype=np.int64)
    np.maximum.at(youngest_us, month, paths.created_us[lead])
    complete_ages = ((paths.as_of_us - youngest_us) // AGE_US).tolist()

    records = []
    for m, complete in enumerate(complete_ages):
        if size[m]:
            cells = _cells(cumulated, m, min(ages, complete), int(size[m]))
            records.append({"month": period.months[m].isoformat(), "leads": int(size[m]), **cells})
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
    age_us = paths.closed_us[won] - paths.created_us[won]
    bucket = np.maximum(-(-age_us // AGE_US) - 1, 0)  # rounded up: a win at the very age counts there
    in_table = bucket < ages
    cell = (view.period.month_of(paths.created_us[won]) * ages + bucket)[in_table]
    amount = paths.amount[won][in_table]
    known = np.isfinite(amount)

    size, shape = months * ages, (months, ages)
    wins = np.bincount(cell, minlength=size).reshape(shape)
    paid = np.bincount(cell[known], minlength=size).reshape(shape)
    revenue = np.bincount(cell[known], weights=amount[known], minlength=size).reshape(shape)
    return _Cumulated(wins.cumsum(axis=1), paid.cumsum(axis=1), revenue.cumsum(axis=1))
