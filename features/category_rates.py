"""What is known of an owner, an account, a source from past leads: how many matured, how many of them were won.

Out of time: at an instant t a table holds leads created at least one horizon before t, judged by outcomes visible at t.
A lead counts under the value it had when it was decided, or at the end of its horizon where that came first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from history.arrays import Ints
from history.history import OPEN, WON, History, offsets_of

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
        """The totals at one instant, valid at any: what a model carries."""
        rows = len(self.offsets) - 1
        before = np.concatenate(([0], np.cumsum(self.time_us <= as_of_us)))
        last = self.offsets[:-1] + before[self.offsets[1:]] - before[self.offsets[:-1]] - 1
        held = last >= self.offsets[:-1]
        place = np.cumsum(held) - 1
        index = {
            name: {value: int(place[row]) for value, row in values.items() if held[row]}
            for name, values in self.index.items()
        }
        n = int(held.sum())
        base = int(np.searchsorted(self.base_time_us, as_of_us, side="right")) - 1
        return CategoryTables(
            index,
            np.arange(n + 1, dtype=np.int64),
            np.full(n, ALWAYS, dtype=np.int64),
            self.leads[last[held]] if rows else self.leads,
            self.wins[last[held]] if rows else self.wins,
            np.full(int(base >= 0), ALWAYS, dtype=np.int64),
            self.base_leads[base : base + 1] if base >= 0 else self.base_leads[:0],
            self.base_wins[base : base + 1] if base >= 0 else self.base_wins[:0],
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


def from_dict(given: Mapping[str, Any]) -> CategoryTables:
    """The frozen tables that to_dict wrote."""
    index: dict[str, dict[str, int]] = {}
    leads: list[int] = []
    wins: list[int] = []
    for name, column in given["columns"].items():
        index[name] = {value: len(leads) + i for i, value in enumerate(column["values"])}
        leads += column["leads"]
        wins += column["wins"]
    base = given["base"]
    return CategoryTables(
        index,
        np.arange(len(leads) + 1, dtype=np.int64),
        np.full(len(leads), ALWAYS, dtype=np.int64),
        np.array(leads, dtype=np.int64),
        np.array(wins, dtype=np.int64),
        np.full(len(base) // 2, ALWAYS, dtype=np.int64),
        np.array(base[:1], dtype=np.int64),
        np.array(base[1:], dtype=np.int64),
    )


@dataclass(frozen=True)
class Matured:
    """Leads whose horizon ended within the history: which, when, and from when on they count as won (NEVER if not).

    value_us is the instant at which a lead's value is read: its first visible decision, or the end of its horizon.
    """

    lead: Ints
    matured_us: Ints
    won_us: Ints
    value_us: Ints


def matured_leads(history: History) -> Matured:
    """Won: some won row that closes within the horizon of creation, counted from when it is known."""
    end = history.created_us + history.config.horizon_us
    log = history.outcomes
    owner = np.repeat(np.arange(len(history)), np.diff(log.offsets))
    won = np.full(len(history), NEVER, dtype=np.int64)
    decided = end.copy()
    if len(owner):
        in_time = log.time_us <= end[owner]
        rows = in_time & (log.state == WON)
        np.minimum.at(won, owner[rows], np.maximum(log.known_us, end[owner])[rows])
        rows = in_time & (log.state != OPEN) & (log.known_us <= end[owner])
        np.minimum.at(decided, owner[rows], log.time_us[rows])
    lead = np.flatnonzero(end <= history.as_of_us).astype(np.int64)
    return Matured(lead, end[lead], won[lead], decided[lead])


def build(matured: Matured, values: Mapping[str, tuple[Ints, Sequence[str]]]) -> CategoryTables:
    """The tables of several attributes; values: name -> each matured lead's code (-1 missing) and the codes' texts."""
    index: dict[str, dict[str, int]] = {}
    codes = []
    rows = 0
    for name, (code, texts) in values.items():
        index[name] = {text: rows + i for i, text in enumerate(texts)}
        codes.append(np.where(code < 0, -1, code + rows))
        rows += len(texts)
    everyone = np.zeros(len(matured.lead), dtype=np.int64)
    base = _totals(everyone, 1, matured)
    code = np.concatenate(codes) if codes else everyone[:0]
    return CategoryTables(index, *_totals(code, rows, matured), *base[1:])


def _totals(code: Ints, rows: int, matured: Matured) -> tuple[Ints, Ints, Ints, Ints]:
    """Offsets per row and running totals of its leads and wins; code holds one code a lead, attribute by attribute."""
    times = len(code) // max(len(matured.lead), 1)
    won = np.tile(matured.won_us, times)
    at = np.concatenate([np.tile(matured.matured_us, times), won])
    row = np.concatenate([code, code])
    is_win = np.arange(len(row)) >= len(code)
    keep = (row >= 0) & (at != NEVER)
    row, at, is_win = row[keep], at[keep], is_win[keep]
    order = np.lexsort((at, row))
    row, at, is_win = row[order], at[order], is_win[order]
    offsets = offsets_of(row, rows)
    leads, wins = np.cumsum(~is_win), np.cumsum(is_win)
    before = offsets[:-1][row]
    start_leads = np.concatenate(([0], leads))[before]
    start_wins = np.concatenate(([0], wins))[before]
    return offsets, at, (leads - start_leads).astype(np.int64), (wins - start_wins).astype(np.int64)
