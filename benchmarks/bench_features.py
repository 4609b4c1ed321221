"""Features: interactions a second in bulk and microseconds for one lead, beside the same counts in numpy and pandas.

Makes its own data. Checks equality before it measures; times are the best of several runs.

    python -m benchmarks.bench_features [--leads 100000] [--interactions 2000000] [--rows 300000]
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.feature_data import KINDS, NOW_US, random_history, single_lead
from benchmarks.measure import best_of, machine
from features.matrix import FeatureMatrix, build_matrix
from features.vocabulary import learn
from history.base.arrays import Floats, Ints
from history.snapshot import Snapshot
from history.text.times import DAY_US

WINDOWS = (7, 30, 90)  # days
SINGLE_LEADS = 200


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--interactions", type=int, default=2_000_000)
    parser.add_argument("--rows", type=int, default=300_000, help="pairs of a lead and an instant")
    options = parser.parse_args()
    print(f"{machine()}, numpy {np.__version__}")
    bench_bulk(options.leads, options.interactions, options.rows)
    bench_single_leads()
    bench_many_attributes(leads=9_000, attributes=500)


def bench_bulk(leads: int, interactions: int, rows: int) -> None:
    """All features of many rows; the counts by kind and window also in numpy and pandas."""
    rng = np.random.default_rng(0)
    history = random_history(leads, interactions / leads, attributes=0)
    lead = np.sort(rng.integers(0, leads, rows))
    snapshot = Snapshot(history, lead, NOW_US - rng.integers(0, 200, rows) * DAY_US)
    vocabulary, tables = learn(snapshot)
    print(
        f"\nbulk: {rows:,} rows of {leads:,} leads with {len(history.interactions.time_us):,} interactions "
        "and 5 stages each"
    )

    matrix = build_matrix(snapshot, vocabulary, tables)
    for reference in REFERENCES:
        if not np.array_equal(reference.count(snapshot), window_counts(matrix)):
            raise SystemExit(f"counts by kind and window differ from those of {reference.package}")
    print("  counts by kind and window equal those of numpy and pandas: yes")

    timing = best_of(lambda: build_matrix(snapshot, vocabulary, tables), 3)
    read = interactions_read(snapshot)
    print(
        f"  build_matrix, {len(matrix.features)} features: {timing.wall:.2f} s "
        f"(best of 3; {timing.processor:.2f} s of processor time)"
    )
    print(
        f"    {read / timing.wall / 1e6:.1f} M interactions/s read by rows, {rows / timing.wall / 1e3:.0f} k rows/s"
    )
    for reference in REFERENCES:
        timing = best_of(partial(reference.count, snapshot), 2)
        print(
            f"  {len(KINDS) * len(WINDOWS)} of these features in {reference.package} ({reference.method}): "
            f"{timing.wall:.2f} s ({timing.processor:.2f} s of processor time)"
        )


def bench_single_leads() -> None:
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
    print(
        f"\none lead with 40 interactions, 5 stages, 20 attributes ({len(batch.features)} features), "
        f"{SINGLE_LEADS} leads in turn"
    )
    print("  each equals its row of the batch bit by bit: yes")

    timing = best_of(lambda: [build_matrix(single, vocabulary) for single in singles], 30)
    print(
        f"  build_matrix: {timing.wall / SINGLE_LEADS * 1e6:.0f} us "
        f"(best of 30 rounds; {timing.processor / SINGLE_LEADS * 1e6:.0f} us of processor time)"
    )
    frame = pd.DataFrame({"kind": ["call"] * 40, "age": np.arange(40.0)})
    timing = best_of(lambda: frame[frame["age"] < 7].groupby("kind").size(), 50)
    print(
        f"  one groupby of 40 rows in pandas: {timing.wall * 1e6:.0f} us "
        f"({timing.processor * 1e6:.0f} us of processor time)"
    )


def bench_many_attributes(leads: int, attributes: int) -> None:
    """Learning and building many attributes of all kinds."""
    history = random_history(leads, 1, attributes=attributes)
    snapshot = Snapshot(history, np.arange(leads), np.full(leads, NOW_US))
    learning = best_of(lambda: learn(snapshot), 1)
    vocabulary, tables = learn(snapshot)
    building = best_of(lambda: build_matrix(snapshot, vocabulary, tables), 2)
    features = len(build_matrix(snapshot.take(np.arange(1)), vocabulary).features)
    print(f"\n{attributes} attributes x {leads:,} leads ({features} features)")
    print(f"  learn {learning.wall:.2f} s, build_matrix {building.wall:.2f} s")


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


REFERENCES = (
    Reference("numpy", "searchsorted per kind", count_in_numpy),
    Reference("pandas", "merge, groupby", count_in_pandas),
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
