"""Entry cohorts as a triangle: the leads created in each month, and how many of them were won by each age."""

import numpy as np

from funnel.state.period import Record, View, ratio
from history.arrays import Floats, Ints
from history.history import DAY_US, WON

AGE_DAYS = 30
MOST_AGES = 24


def triangle(view: View) -> list[Record]:
    """One record a month of entry: leads, and won and revenue by age, cumulated; a cell that not every lead
    has reached is null, and so is the revenue of wins of which no amount is known.

    Cell k holds what was won within 30 (k + 1) days of each lead's own creation, the end included, by
    decisions in force at as_of.
    """
    paths, period = view.paths, view.period
    lead = view.lead[period.holds(paths.created_us[view.lead])]
    month = period.month_of(paths.created_us[lead])
    oldest_us = paths.as_of_us - int(period.from_us)
    ages = min(MOST_AGES, max(1, oldest_us // (AGE_DAYS * DAY_US)))
    won = lead[paths.state[lead] == WON]
    wins, paid, revenue = _cumulated(view, won, ages)
    size = np.bincount(month, minlength=len(period.months))
    youngest = np.zeros(len(period.months), dtype=np.int64)
    np.maximum.at(youngest, month, paths.created_us[lead])
    return [
        {
            "month": period.months[m].isoformat(),
            "leads": int(size[m]),
            "won": [int(wins[m, k]) if k < complete else None for k in range(ages)],
            "rate": [ratio(int(wins[m, k]), int(size[m])) if k < complete else None for k in range(ages)],
            "revenue": [
                float(revenue[m, k]) if k < complete and (paid[m, k] or not wins[m, k]) else None
                for k in range(ages)
            ],
        }
        for m, complete in enumerate(((paths.as_of_us - youngest) // (AGE_DAYS * DAY_US)).tolist())
        if size[m]
    ]


def _cumulated(view: View, won: Ints, ages: int) -> tuple[Ints, Ints, Floats]:
    """Wins, wins with a known amount, and revenue (months, ages) up to each age."""
    paths, months = view.paths, len(view.period.months)
    age_us = paths.closed_us[won] - paths.created_us[won]
    bucket = np.maximum(-(-age_us // (AGE_DAYS * DAY_US)) - 1, 0)
    young = bucket < ages
    cell = (view.period.month_of(paths.created_us[won]) * ages + bucket)[young]
    amount = paths.amount[won][young]
    known = np.isfinite(amount)
    size, shape = months * ages, (months, ages)
    wins, paid = (np.bincount(c, minlength=size).reshape(shape).cumsum(axis=1) for c in (cell, cell[known]))
    revenue = np.bincount(cell[known], weights=amount[known], minlength=size).reshape(shape)
    return wins, paid, revenue.cumsum(axis=1)
