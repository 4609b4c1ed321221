"""Leads and wins of each category (an owner, an account, a source) among the leads matured so far.

Out of time: at an instant t a table holds leads created at least one horizon before t, judged by outcomes visible at t.
A lead counts under its value at the time of its decision, or at the end of its horizon if that came first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from history.base.arrays import Ints, Mask
from history.history import OPEN, WON, History, offsets_of

# Leads at the base rate added to each category: with this many leads, its own rate counts half.
SHRINKAGE = 20.0
ALWAYS = int(np.iinfo(np.int64).min)
NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class CategoryTables:
    """Running totals of leads and wins for each value of several attributes, and for all leads (base).

    index: attribute -> value -> row; a row's totals are at offsets[row]:offsets[row + 1], each valid from its time_us.
    """

    index: Mapping[str, Mapping[str, int]]
    offsets: Ints
    time_us: Ints
    leads: Ints
    wins: Ints
    base_time_us: Ints
    base_leads: Ints
    base_wins: Ints

    def freeze(self, as_of_us: int) -> "CategoryTables":
        """The totals at one instant, valid at any; a bundle carries such tables."""
        before = np.concatenate(([0], np.cumsum(self.time_us <= as_of_us)))
        last = self.offsets[:-1] + before[self.offsets[1:]] - before[self.offsets[:-1]] - 1
        has_totals = last >= self.offsets[:-1]
        last = last[has_totals]

        new_row = np.cumsum(has_totals) - 1
        index: dict[str, dict[str, int]] = {}
        for name, rows in self.index.items():
            index[name] = {value: int(new_row[row]) for value, row in rows.items() if has_totals[row]}

        base = int(np.searchsorted(self.base_time_us, as_of_us, side="right")) - 1
        base_rows = slice(base, base + 1) if base >= 0 else slice(0)
        return _frozen(
            index, self.leads[last], self.wins[last], self.base_leads[base_rows], self.base_wins[base_rows]
        )

    def to_dict(self) -> dict[str, Any]:
        """A frozen table as JSON-ready values."""
        columns = {}
        for name, rows in self.index.items():
            at = list(rows.values())
            columns[name] = {
                "values": list(rows),
                "leads": self.leads[at].tolist(),
                "wins": self.wins[at].tolist(),
            }
        return {"columns": columns, "base": [*self.base_leads.tolist(), *self.base_wins.tolist()]}


def from_dict(content: Mapping[str, Any]) -> CategoryTables:
    """The frozen tables that to_dict wrote."""
    index: dict[str, dict[str, int]] = {}
    leads: list[int] = []
    wins: list[int] = []
    for name, column in content["columns"].items():
        index[name] = {value: len(leads) + i for i, value in enumerate(column["values"])}
        leads += column["leads"]
        wins += column["wins"]
    base_leads, base_wins = content["base"][:1], content["base"][1:]
    return _frozen(index, *(np.array(n, dtype=np.int64) for n in (leads, wins, base_leads, base_wins)))


def _frozen(
    index: Mapping[str, Mapping[str, int]], leads: Ints, wins: Ints, base_leads: Ints, base_wins: Ints
) -> CategoryTables:
    """Tables with one total a row, valid at any instant; base_leads and base_wins are (1,), or (0,) without leads."""
    n = len(leads)
    return CategoryTables(
        index=index,
        offsets=np.arange(n + 1, dtype=np.int64),
        time_us=np.full(n, ALWAYS, dtype=np.int64),
        leads=leads,
        wins=wins,
        base_time_us=np.full(len(base_leads), ALWAYS, dtype=np.int64),
        base_leads=base_leads,
        base_wins=base_wins,
    )


@dataclass(frozen=True)
class Matured:
    """m leads whose horizon ended within the history.

    matured_us: the ends of their horizons; won_us: the instants from which they count as won, NEVER if not;
    value_us: the instants at which their values are read, the first visible decision or the end of the horizon.
    """

    lead: Ints
    matured_us: Ints
    won_us: Ints
    value_us: Ints


def matured_leads(history: History) -> Matured:
    """A lead is won if a won row closes within the horizon of its creation; it counts from when that is known."""
    end = history.created_us + history.config.horizon_us
    log = history.outcomes
    owner = log.lead
    won = np.full(len(history), NEVER, dtype=np.int64)
    decided = end.copy()
    if len(owner):
        in_time = log.time_us <= end[owner]
        wins = in_time & (log.state == WON)
        np.minimum.at(won, owner[wins], np.maximum(log.known_us, end[owner])[wins])
        decisions = in_time & (log.state != OPEN) & (log.known_us <= end[owner])
        np.minimum.at(decided, owner[decisions], log.time_us[decisions])
    lead = np.flatnonzero(end <= history.as_of_us).astype(np.int64)
    return Matured(lead, end[lead], won[lead], decided[lead])


def build(matured: Matured, values: Mapping[str, tuple[Ints, Sequence[str]]]) -> CategoryTables:
    """The tables of several attributes; values: name -> codes (m,) of the matured leads (-1
    missing), and their texts.
    """
    index: dict[str, dict[str, int]] = {}
    codes = []
    rows = 0
    for name, (code, texts) in values.items():
        index[name] = {text: rows + i for i, text in enumerate(texts)}
        codes.append(np.where(code < 0, -1, code + rows))
        rows += len(texts)
    everyone = np.zeros(len(matured.lead), dtype=np.int64)
    base = _totals(everyone, 1, matured)
    totals = _totals(np.concatenate(codes) if codes else everyone[:0], rows, matured)
    return CategoryTables(index, *totals, base.time_us, base.leads, base.wins)


class _Totals(NamedTuple):
    """Running totals grouped by row: those of row r are offsets[r]:offsets[r + 1], in order of time."""

    offsets: Ints
    time_us: Ints
    leads: Ints
    wins: Ints


def _totals(code: Ints, rows: int, matured: Matured) -> _Totals:
    """Totals of each row; code (attributes * m,) is the row of each matured lead, attribute by attribute, or -1."""
    n_attributes = len(code) // max(len(matured.lead), 1)
    won_us = np.tile(matured.won_us, n_attributes)

    # Two happenings a lead, its maturing and its win, ordered by row and time.
    at = np.concatenate([np.tile(matured.matured_us, n_attributes), won_us])
    row = np.concatenate([code, code])
    is_win = np.arange(len(row)) >= len(code)
    keep = (row >= 0) & (at != NEVER)
    row, at, is_win = row[keep], at[keep], is_win[keep]
    order = np.lexsort((at, row))
    row, at, is_win = row[order], at[order], is_win[order]

    offsets = offsets_of(row, rows)
    first = offsets[:-1][row]
    return _Totals(offsets, at, _since(first, ~is_win), _since(first, is_win))


def _since(first: Ints, counted: Mask) -> Ints:
    """The number of counted entries from position first[i] to i, of each i."""
    total = np.cumsum(counted)
    return (total - np.concatenate(([0], total))[first]).astype(np.int64)
