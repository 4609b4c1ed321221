"""kill -9 of writing processes: acknowledged events are stored, once, and the file is intact."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from serving.store.leads.leads import PutLead, put_leads
from serving.store.store import Store
from tests.builders.service.store_fakes import NOW_US

CYCLES = 10
MOST_COMMITS = 40  # of a writer before it is killed
WRITER = """
import sys
from pathlib import Path
from serving.store.events import store_events
from serving.store.store import Store
from tests.builders.service.store_fakes import read_events
store, name, number = Store(Path(sys.argv[1])), sys.argv[2], 0
while True:
    events = [{"event_id": f"{name}-{number}-{k}", "lead_id": "a", "type": "stage",
               "occurred_at": "2026-01-05T08:00:00Z", "data": {"stage": f"{name}-{number}-{k}"}} for k in range(3)]
    result = store.writer.write(store_events, read_events({"events": events}))
    assert result.accepted == 3
    print(number, flush=True)
    number += 1
"""


@pytest.mark.long
def test_no_acknowledged_event_is_lost_or_doubled(tmp_path: Path) -> None:
    """Two processes write at once; one is killed after a random number of commits, then the other."""
    store = Store(tmp_path)
    store.writer.write(put_leads, PutLead("a", NOW_US - 10**13, {}))
    store.close()
    root = str(Path(__file__).parents[3])
    draw = random.Random(1)
    acknowledged: set[str] = set()
    for cycle in range(CYCLES):
        names = [f"{cycle}x", f"{cycle}y"]
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(tmp_path), name],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": root},
            )
            for name in names
        ]
        first_lines = [writer.stdout.readline() for writer in writers if writer.stdout is not None]
        for name, writer, line in zip(names, writers, first_lines, strict=True):
            assert writer.stdout is not None
            more_lines = [writer.stdout.readline() for _ in range(draw.randrange(MOST_COMMITS))]
            writer.send_signal(signal.SIGKILL)
            rest, _ = writer.communicate()
            output = "".join([line, *more_lines, rest])
            numbers = [number for number in output.split("\n")[:-1] if number]
            acknowledged |= {f"{name}-{number}-{k}" for number in numbers for k in range(3)}
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        stored = Counter(stage for (stage,) in connection.execute("SELECT stage FROM stages"))
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(acknowledged) >= 6 * CYCLES
    assert acknowledged <= set(stored)
    assert set(stored.values()) == {1}
    groups = Counter(stage.rpartition("-")[0] for stage in stored)
    assert set(groups.values()) == {3}  # a request is stored wholly or not at all
