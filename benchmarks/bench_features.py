"""Features: interactions a second in bulk and microseconds for one lead, beside the same counts in numpy and pandas.

Prints the machine, the shape of the data and the best of several runs; equality is checked before any clock is read.

    python -m benchmarks.bench_features [--leads 100000] [--interactions 2000000] [--rows 300000]
"""

import argparse
import os
import platform
from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np
import pandas as pd

from features.matrix import FeatureMatrix, build_matrix
from features.vocabulary import learn
from history.arrays import Codes, Floats, Ints
from history.config import FunnelConfig
from history.history import DAY_US, Changes, Factor, History, Interactions, Outcomes, Stages, empty_factor
from history.snapshot import Snapshot

NOW = 1_750_000_000_000_000
KINDS = ("call", "mail", "demo", "meeting", "visit", "form", "chat", "note")
STAGES = ("new", "qualified", "demo", "offer", "talks")
WINDOWS = (7, 30, 90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--interactions", type=int, default=2_000_000)
    parser.add_argument("--rows", type=int, default=300_000)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, numpy {np.__version__}")
    bulk(given.leads, given.interactions, given.rows)
    one_lead()
    wide(9_000, 500)


def bulk(leads: int, interactions: int, rows: int) -> None:
    """All features, and the counts by kind and window beside numpy and pandas."""
    rng = np.random.default_rng(0)
    history = made(leads, interactions / leads, attributes=0)
    lead = np.sort(rng.integers(0, leads, rows))
    snapshot = Snapshot(history, lead, NOW - rng.integers(0, 200, rows) * DAY_US)
    vocabulary, tables = learn(snapshot)
    held, walked = len(history.interactions.time_us), _rows_walked(snapshot)
    print(f"\nbulk: {rows:,} rows of {leads:,} leads with {held:,} interactions and 5 stages each")
    matrix = build_matrix(snapshot, vocabulary, tables)
    for name, count in (("numpy", counts_numpy), ("pandas", counts_pandas)):
        if not np.array_equal(count(snapshot), _counts_of(matrix)):
            raise SystemExit(f"counts by kind and window differ from those of {name}")
    print("  counts by kind and window equal those of numpy and pandas: yes")
    wall, cpu = best(lambda: build_matrix(snapshot, vocabulary, tables), 3)
    print(
        f"  build_matrix, {len(matrix.features)} features: {wall:.2f} s (best of 3; {cpu:.2f} s of processor time)"
    )
    print(f"    {walked / wall / 1e6:.1f} M interactions/s read by rows, {rows / wall / 1e3:.0f} k rows/s")
    counts = len(KINDS) * len(WINDOWS)
    for name, how, count in (
        ("numpy", "searchsorted per kind", counts_numpy),
        ("pandas", "merge, groupby", counts_pandas),
    ):
        wall, cpu = best(lambda count=count: count(snapshot), 2)  # type: ignore[misc]
        print(f"  {counts} of these features in {name} ({how}): {wall:.2f} s ({cpu:.2f} s of processor time)")


def one_lead() -> None:
    """One lead alone after another, each equal to its row of the batch."""
    history = made(2_000, 40, attributes=20)
    snapshot = Snapshot(history, np.arange(2_000), np.full(2_000, NOW))
    vocabulary, _ = learn(snapshot)
    whole = build_matrix(snapshot, vocabulary)
    alone = [Snapshot(single(history, i), np.array([0]), np.array([NOW])) for i in range(200)]
    for i, one in enumerate(alone):
        if build_matrix(one, vocabulary).values.tobytes() != whole.values[i].tobytes():
            raise SystemExit(f"lead {i} alone differs from its row in the batch")
    columns = len(whole.features)
    print(f"\none lead with 40 interactions, 5 stages, 20 attributes ({columns} features), 200 leads in turn")
    print("  each equals its row of the batch bit by bit: yes")
    wall, cpu = best(lambda: [build_matrix(one, vocabulary) for one in alone], 30)
    n = len(alone)
    print(
        f"  build_matrix: {wall / n * 1e6:.0f} us (best of 30 rounds; {cpu / n * 1e6:.0f} us of processor time)"
    )
    frame = pd.DataFrame({"kind": ["call"] * 40, "age": np.arange(40.0)})
    wall, cpu = best(lambda: frame[frame["age"] < 7].groupby("kind").size(), 50)
    print(f"  one groupby of 40 rows in pandas: {wall * 1e6:.0f} us ({cpu * 1e6:.0f} us of processor time)")


def wide(leads: int, attributes: int) -> None:
    """Many attributes of all kinds."""
    history = made(leads, 1, attributes=attributes)
    snapshot = Snapshot(history, np.arange(leads), np.full(leads, NOW))
    learned, _ = best(lambda: learn(snapshot), 1)
    vocabulary, tables = learn(snapshot)
    built, _ = best(lambda: build_matrix(snapshot, vocabulary, tables), 2)
    columns = len(build_matrix(snapshot.take(np.arange(1)), vocabulary).features)
    print(f"\n{attributes} attributes x {leads:,} leads ({columns} features)")
    print(f"  learn {learned:.2f} s, build_matrix {built:.2f} s")


def best(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Seconds of the fastest of several runs, and the least processor time, which a busy machine disturbs less."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = perf_counter(), process_time()
        work()
        walls.append(perf_counter() - wall)
        cpus.append(process_time() - cpu)
    return min(walls), min(cpus)


def counts_numpy(snapshot: Snapshot) -> Floats:
    """Counts (rows, kinds x windows): per kind, prefix sums over one key of lead and time."""
    log = snapshot.history.interactions
    owner = np.repeat(np.arange(len(snapshot.history)), np.diff(log.offsets))
    low = int(min(log.time_us.min(), snapshot.as_of_us.min() - 91 * DAY_US))
    span = int(max(log.time_us.max(), snapshot.as_of_us.max())) - low + 1
    if span * len(snapshot.history) >= 2**63:
        raise OverflowError("lead and time do not fit one key")
    key, base = owner * span + (log.time_us - low), snapshot.lead * span - low
    out = np.empty((len(snapshot), len(KINDS) * len(WINDOWS)))
    for k in range(len(KINDS)):
        keys = key[log.kind.codes == k]
        end = np.searchsorted(keys, base + snapshot.as_of_us, side="right")
        for w, days in enumerate(WINDOWS):
            begin = np.searchsorted(keys, base + snapshot.as_of_us - days * DAY_US, side="right")
            out[:, k * len(WINDOWS) + w] = end - begin
    return out


def counts_pandas(snapshot: Snapshot) -> Floats:
    """The same by a merge of rows with their leads' interactions and one groupby a window."""
    log = snapshot.history.interactions
    owner = np.repeat(np.arange(len(snapshot.history)), np.diff(log.offsets))
    touches = pd.DataFrame({"lead": owner, "time": log.time_us, "kind": log.kind.codes})
    rows = pd.DataFrame({"row": np.arange(len(snapshot)), "lead": snapshot.lead, "as_of": snapshot.as_of_us})
    both = rows.merge(touches, on="lead")
    both["age"] = both["as_of"] - both["time"]
    out = np.zeros((len(snapshot), len(KINDS) * len(WINDOWS)))
    for w, days in enumerate(WINDOWS):
        counts = both[(both["age"] >= 0) & (both["age"] < days * DAY_US)].groupby(["row", "kind"]).size()
        row, kind = counts.index.get_level_values(0), counts.index.get_level_values(1)
        out[row, kind * len(WINDOWS) + w] = counts.to_numpy()
    return out


def _counts_of(matrix: FeatureMatrix) -> Floats:
    names = [f.name for f in matrix.features]
    return matrix.values[:, [names.index(f"kind_{kind}_{days}d") for kind in KINDS for days in WINDOWS]]


def _rows_walked(snapshot: Snapshot) -> int:
    """Interactions visible to all rows together, each counted once a row."""
    log = snapshot.history.interactions
    owner = np.repeat(np.arange(len(snapshot.history)), np.diff(log.offsets))
    span = int(max(log.time_us.max(), snapshot.as_of_us.max())) + 1 - int(log.time_us.min())
    low = int(log.time_us.min())
    key = owner * span + (log.time_us - low)
    ends = np.searchsorted(key, snapshot.lead * span + (snapshot.as_of_us - low), side="right")
    return int(np.maximum(ends - log.offsets[snapshot.lead], 0).sum())


def made(leads: int, mean: float, attributes: int) -> History:
    """Leads created over 400 days with `mean` interactions each (exactly, where few leads), five stages, attributes."""
    rng = np.random.default_rng(1)
    created = NOW - rng.integers(1, 400, leads) * DAY_US
    counts = np.full(leads, int(mean)) if leads <= 10_000 else rng.poisson(mean, leads)
    times, offsets = _times(rng, created, counts)
    n = len(times)
    touches = Interactions(
        offsets,
        times,
        times,
        Factor(rng.integers(0, len(KINDS), n).astype(np.int32), KINDS),
        Factor(rng.integers(0, 3, n).astype(np.int32), ("phone", "web", "mail")),
        rng.integers(0, 3, n).astype(np.int8),
        np.where(rng.random(n) < 0.1, rng.random(n), np.nan),
    )
    entered, entries = _times(rng, created, np.full(leads, len(STAGES)))
    stages = Stages(
        entries, entered, entered, Factor(rng.integers(0, 5, len(entered)).astype(np.int32), STAGES)
    )
    one, none = np.arange(leads + 1), np.zeros(leads + 1, dtype=np.int64)
    closed = created + rng.integers(1, 200, leads) * DAY_US
    state = rng.integers(1, 3, leads).astype(np.int8)
    outcomes = Outcomes(
        one,
        closed,
        closed,
        state,
        np.full(leads, np.nan),
        empty_factor(leads),
        np.zeros(leads, dtype=np.bool_),
    )
    changes = Changes(none, none[:0], none[:0], empty_factor(), empty_factor())
    columns = {f"attribute {j}": _attribute(rng, j, leads) for j in range(attributes)}
    ids = [f"lead {i}" for i in range(leads)]
    return History(
        FunnelConfig(stages=STAGES), NOW, ids, created, columns, touches, stages, outcomes, changes
    )


def _times(rng: np.random.Generator, created: Ints, counts: Ints) -> tuple[Ints, Ints]:
    owner = np.repeat(np.arange(len(created)), counts)
    times = created[owner] + rng.integers(0, 120 * DAY_US, len(owner))
    order = np.lexsort((times, owner))
    return times[order], np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _attribute(rng: np.random.Generator, j: int, leads: int) -> Factor:
    values = (
        [str(x) for x in range(1_000)],
        [f"category {x}" for x in range(30)],
        ["true", "false"],
        [f"2026-0{1 + x // 28 % 9}-{1 + x % 28:02d}" for x in range(250)],
    )[j % 4]
    codes: Codes = rng.integers(0, len(values), leads).astype(np.int32)
    return Factor(codes, values)


def single(history: History, i: int) -> History:
    """Lead i alone, as a request would bring it."""
    talk, path, end = history.interactions, history.stages, history.outcomes
    a, b = _rows(talk.offsets, i), _rows(path.offsets, i)
    return History(
        history.config,
        history.as_of_us,
        ["one"],
        history.created_us[i : i + 1],
        {name: _alone(column, slice(i, i + 1)) for name, column in history.attributes.items()},
        Interactions(
            _whole(a),
            talk.time_us[a],
            talk.known_us[a],
            _alone(talk.kind, a),
            _alone(talk.channel, a),
            talk.direction[a],
            talk.value[a],
        ),
        Stages(_whole(b), path.time_us[b], path.known_us[b], _alone(path.stage, b)),
        Outcomes(
            np.zeros(2, dtype=np.int64),
            end.time_us[:0],
            end.known_us[:0],
            end.state[:0],
            end.amount[:0],
            empty_factor(),
            end.implied[:0],
        ),
        Changes(
            np.zeros(2, dtype=np.int64), end.time_us[:0], end.time_us[:0], empty_factor(), empty_factor()
        ),
    )


def _rows(offsets: Ints, i: int) -> slice:
    return slice(int(offsets[i]), int(offsets[i + 1]))


def _whole(rows: slice) -> Ints:
    return np.array([0, rows.stop - rows.start], dtype=np.int64)


def _alone(column: Factor, rows: slice) -> Factor:
    return Factor(column.codes[rows], column.values).compact()


if __name__ == "__main__":
    main()
