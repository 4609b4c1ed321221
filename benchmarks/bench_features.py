"""Features: interactions a second in bulk and microseconds for one lead, beside the same counts elsewhere.

Elsewhere is numpy, pandas and DuckDB. Makes its own data. Checks equality before it measures; times are the best of
several runs, in processor time.

    python -m benchmarks.bench_features [--leads 100000] [--interactions 2000000] [--rows 300000]
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

import duckdb
import numpy as np
import pandas as pd

from benchmarks.data.random_history import KINDS, NOW_US, random_history, single_lead
from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import best_of, machine
from features.matrix import FeatureMatrix, build_matrix
from features.vocabulary import learn
from history.base.arrays import Floats, Ints
from history.snapshot import Snapshot
from history.text.times import DAY_US

WINDOWS = (7, 30, 90)  # days
SINGLE_LEADS = 200


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--interactions", type=int, default=2_000_000)
    parser.add_argument("--rows", type=int, default=300_000, help="pairs of a lead and an instant")
    options = parser.parse_args()
    note(f"{machine()}, numpy {np.__version__}")
    comparisons = chain(
        compare_bulk(options.leads, options.interactions, options.rows),
        compare_single_leads(),
        compare_many_attributes(leads=9_000, attributes=500),
    )
    report(comparisons, options.json)


def compare_bulk(leads: int, interactions: int, rows: int) -> Iterator[Comparison]:
    """All features of many rows; the counts by kind and window also elsewhere."""
    rng = np.random.default_rng(0)
    history = random_history(leads, interactions / leads, attributes=0)
    lead = np.sort(rng.integers(0, leads, rows))
    snapshot = Snapshot(history, lead, NOW_US - rng.integers(0, 200, rows) * DAY_US)
    vocabulary, tables = learn(snapshot)
    matrix = build_matrix(snapshot, vocabulary, tables)
    for reference in REFERENCES:
        if not np.array_equal(reference.count(snapshot), window_counts(matrix)):
            raise SystemExit(f"counts by kind and window differ from those of {reference.package}")

    timing = best_of(lambda: build_matrix(snapshot, vocabulary, tables), 3)
    read = interactions_read(snapshot)
    note(
        f"bulk: {rows:,} rows of {leads:,} leads with {len(history.interactions.time_us):,} interactions and "
        f"5 stages each; {read / timing.wall / 1e6:.1f} M interactions/s read by rows, best of 3"
    )
    ours = Comparison(f"all {len(matrix.features)} features of {rows:,} rows", timing.processor, "s")
    for reference in REFERENCES:
        theirs = best_of(partial(reference.count, snapshot), 2).processor
        yield ours.beside(
            f"{reference.package} ({reference.method}): {len(KINDS) * len(WINDOWS)} of them",
            theirs,
            equality="the counts",
        )


def compare_single_leads() -> Iterator[Comparison]:
    """Leads one by one, each equal to its row of the batch; beside one groupby of the same size."""
    history = random_history(2_000, 40, attributes=20)
    snapshot = Snapshot(history, np.arange(2_000), np.full(2_000, NOW_US))
    vocabulary, _ = learn(snapshot)
    batch = build_matrix(snapshot, vocabulary)
    singles = [
        Snapshot(single_lead(history, i), np.array([0]), np.array([NOW_US])) for i in range(SINGLE_LEADS)
    ]
    for i, single in enumerate(singles):
        if build_matrix(single, vocabulary).values.tobytes() != batch.values[i].tobytes():
            raise SystemExit(f"lead {i} alone differs from its row in the batch")
    note(
        f"one lead with 40 interactions, 5 stages, 20 attributes ({len(batch.features)} features), "
        f"{SINGLE_LEADS} leads in turn, best of 30 rounds"
    )
    timing = best_of(lambda: [build_matrix(single, vocabulary) for single in singles], 30)
    frame = pd.DataFrame({"kind": ["call"] * 40, "age": np.arange(40.0)})
    theirs = best_of(lambda: frame[frame["age"] < 7].groupby("kind").size(), 50)
    yield Comparison(
        f"all {len(batch.features)} features of one lead", timing.processor / SINGLE_LEADS * 1e6, "us"
    ).beside(
        "pandas: one groupby of 40 rows",
        theirs.processor * 1e6,
        equality="with its row of a batch, bit by bit",
    )


def compare_many_attributes(leads: int, attributes: int) -> Iterator[Comparison]:
    """Learning and building many attributes of all kinds."""
    history = random_history(leads, 1, attributes=attributes)
    snapshot = Snapshot(history, np.arange(leads), np.full(leads, NOW_US))
    learning = best_of(lambda: learn(snapshot), 1)
    vocabulary, tables = learn(snapshot)
    building = best_of(lambda: build_matrix(snapshot, vocabulary, tables), 2)
    yield Comparison(f"{attributes} attributes of {leads:,} leads, learned", learning.processor, "s")
    yield Comparison(f"{attributes} attributes of {leads:,} leads, computed", building.processor, "s")


# ---- the same counts elsewhere


@dataclass(frozen=True)
class Reference:
    """Counts (rows, kinds x windows) by another library."""

    package: str
    method: str
    count: Callable[[Snapshot], Floats]


def count_in_numpy(snapshot: Snapshot) -> Floats:
    """Binary search per kind over one sorted key of lead and time."""
    interactions = snapshot.history.interactions
    first_us = int(min(interactions.time_us.min(), snapshot.as_of_us.min() - 91 * DAY_US))
    span = int(max(interactions.time_us.max(), snapshot.as_of_us.max())) - first_us + 1
    if span * len(snapshot.history) >= 2**63:
        raise OverflowError("lead and time do not fit one key")
    key = lead_of(snapshot) * span + (interactions.time_us - first_us)
    row_key = snapshot.lead * span - first_us
    out = np.empty((len(snapshot), len(KINDS) * len(WINDOWS)))
    for k in range(len(KINDS)):
        of_kind = key[interactions.kind.codes == k]
        end = np.searchsorted(of_kind, row_key + snapshot.as_of_us, side="right")
        for w, days in enumerate(WINDOWS):
            begin = np.searchsorted(of_kind, row_key + snapshot.as_of_us - days * DAY_US, side="right")
            out[:, k * len(WINDOWS) + w] = end - begin
    return out


def count_in_pandas(snapshot: Snapshot) -> Floats:
    """A merge of rows with their leads' interactions, and one groupby a window."""
    interactions = snapshot.history.interactions
    touches = pd.DataFrame(
        {"lead": lead_of(snapshot), "time": interactions.time_us, "kind": interactions.kind.codes}
    )
    rows = pd.DataFrame({"row": np.arange(len(snapshot)), "lead": snapshot.lead, "as_of": snapshot.as_of_us})
    merged = rows.merge(touches, on="lead")
    merged["age"] = merged["as_of"] - merged["time"]
    out = np.zeros((len(snapshot), len(KINDS) * len(WINDOWS)))
    for w, days in enumerate(WINDOWS):
        in_window = merged[(merged["age"] >= 0) & (merged["age"] < days * DAY_US)]
        counts = in_window.groupby(["row", "kind"]).size()
        row, kind = counts.index.get_level_values(0), counts.index.get_level_values(1)
        out[row, kind * len(WINDOWS) + w] = counts.to_numpy()
    return out


def count_in_duckdb(snapshot: Snapshot) -> Floats:
    """A join of rows with their leads' interactions, and one aggregate with a filter for each kind and window."""
    interactions = snapshot.history.interactions
    touches = pd.DataFrame(
        {"lead": lead_of(snapshot), "time": interactions.time_us, "kind": interactions.kind.codes}
    )
    rows = pd.DataFrame({"row": np.arange(len(snapshot)), "lead": snapshot.lead, "as_of": snapshot.as_of_us})
    counts = ", ".join(
        f"count(*) FILTER (kind = {kind} AND as_of - time < {days * DAY_US}) AS c{kind}_{days}"
        for kind in range(len(KINDS))
        for days in WINDOWS
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("touches", touches)
        connection.register("rows", rows)
        # Rows without an interaction have no group and keep their zeros.
        found = connection.execute(
            f"SELECT row, {counts} FROM rows JOIN touches USING (lead) WHERE time <= as_of GROUP BY row"
        ).fetchnumpy()
    out = np.zeros((len(snapshot), len(KINDS) * len(WINDOWS)))
    names = [f"c{kind}_{days}" for kind in range(len(KINDS)) for days in WINDOWS]
    out[found["row"]] = np.column_stack([found[name] for name in names])
    return out


REFERENCES = (
    Reference("numpy", "searchsorted per kind", count_in_numpy),
    Reference("pandas", "merge, groupby", count_in_pandas),
    Reference("DuckDB", "join, filtered counts", count_in_duckdb),
)


def window_counts(matrix: FeatureMatrix) -> Floats:
    """The columns of a feature matrix that count by kind and window."""
    column = {feature.name: j for j, feature in enumerate(matrix.features)}
    chosen = [column[f"kind_{kind}_{days}d"] for kind in KINDS for days in WINDOWS]
    counts: Floats = matrix.values[:, chosen]
    return counts


def interactions_read(snapshot: Snapshot) -> int:
    """Interactions visible to all rows together, one counted once per row."""
    interactions = snapshot.history.interactions
    first_us = int(interactions.time_us.min())
    span = int(max(interactions.time_us.max(), snapshot.as_of_us.max())) + 1 - first_us
    key = lead_of(snapshot) * span + (interactions.time_us - first_us)
    ends = np.searchsorted(key, snapshot.lead * span + (snapshot.as_of_us - first_us), side="right")
    return int(np.maximum(ends - interactions.offsets[snapshot.lead], 0).sum())


def lead_of(snapshot: Snapshot) -> Ints:
    """The lead of each interaction (n,)."""
    offsets = snapshot.history.interactions.offsets
    return np.repeat(np.arange(len(snapshot.history)), np.diff(offsets))


if __name__ == "__main__":
    main()
