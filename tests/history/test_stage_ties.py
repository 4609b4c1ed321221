"""Stage entries of one instant: the configured order, equal from every door, and file order without one."""

from pathlib import Path

import numpy as np
import pytest

from history.config.config import FunnelConfig
from history.folder.read import with_columns_of
from history.history import Stages, factor_of
from history.read import read_folder, read_records
from history.stage_ties import in_configured_order, infer_stages
from history.text.times import DAY_US, parse_time
from serving.store.store import Store
from tests.builders.csv_folder import read
from tests.builders.service.store_folder import load

pytest_plugins = ["tests.builders.service.store_fixtures"]

ORDER = ("new", "demo", "offer")
CONFIG = FunnelConfig(stages=ORDER)


def log(*rows: tuple[int, int, int, str], leads: int = 2) -> Stages:
    """Rows of (lead, day, day known, stage), by lead and day."""
    lead = np.array([row[0] for row in rows], dtype=np.int64)
    days, known = (np.array([row[i] for row in rows], dtype=np.int64) * DAY_US for i in (1, 2))
    offsets = np.searchsorted(lead, np.arange(leads + 1)).astype(np.int64)
    return Stages(offsets, days, known, factor_of([row[3] for row in rows]))


def words(stages: Stages) -> list[str | None]:
    return [stages.stage.text(row) for row in range(len(stages.time_us))]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 1, 1, "offer"), (0, 1, 1, "demo"), (0, 1, 1, "new")], ["new", "demo", "offer"]),
        ([(0, 1, 1, "offer"), (0, 2, 2, "new")], ["offer", "new"]),
        ([(0, 1, 1, "odd"), (0, 1, 1, "Demo"), (0, 1, 1, "new")], ["new", "Demo", "odd"]),
        ([(0, 1, 2, "offer"), (0, 1, 3, "new")], ["offer", "new"]),
        ([(0, 1, 3, "offer"), (0, 1, 2, "new")], ["new", "offer"]),
        ([(0, 1, 1, "offer"), (1, 1, 1, "new")], ["offer", "new"]),
        ([(1, 1, 1, "offer"), (1, 1, 1, "new")], ["new", "offer"]),
        ([], []),
    ],
)
def test_entries_of_one_instant(rows: list[tuple[int, int, int, str]], expected: list[str]) -> None:
    stages = in_configured_order(log(*rows), CONFIG)
    assert words(stages) == expected
    assert stages.offsets.tolist() == log(*rows).offsets.tolist()
    assert (stages.known_us >= stages.time_us).all()


def test_inferred_stages_of_a_model_give_the_order() -> None:
    stages = log((0, 1, 1, "offer"), (0, 1, 1, "new"))
    model = FunnelConfig(stages=ORDER, inferred=("stages",))
    for config in (model, with_columns_of(FunnelConfig(), model)):
        assert words(in_configured_order(stages, config)) == ["new", "offer"]
    assert words(in_configured_order(stages, FunnelConfig())) == ["offer", "new"]


def test_stages_are_inferred_from_entries_of_several_instants() -> None:
    """Rows of one day, newest first, turned the order of the funnel round, and their leads moved back."""
    newest_first = [(lead, 5, 5, stage) for lead in range(3) for stage in ("offer", "demo", "new")]
    dated = [(3, day, day, stage) for day, stage in enumerate(ORDER)]
    stages, config = infer_stages(log(*newest_first, *dated, leads=4), FunnelConfig())
    assert config.stages == ORDER
    assert words(stages) == list(ORDER) * 4


TOML = '[funnel]\nstages = ["new", "demo", "offer"]'
NEWEST_FIRST = [("offer", "2024-01-05"), ("demo", "2024-01-05"), ("new", "2024-01-05"), ("new", "2024-01-02")]


def test_every_door_gives_the_same_order(tmp_path: Path, store: Store) -> None:
    rows = "".join(f"a,{day},{stage}\n" for stage, day in NEWEST_FIRST)
    by_file = read(tmp_path, {"funnel.toml": TOML, "stages.csv": "lead_id,entered_at,stage\n" + rows})
    assert words(by_file.stages) == ["new", "new", "demo", "offer"]

    record = {
        "lead_id": "a",
        "created_at": "2024-01-01T00:00:00Z",
        "attributes": {},
        "stages": [{"stage": stage, "entered_at": f"{day}T00:00:00Z"} for stage, day in NEWEST_FIRST],
    }
    by_request, _ = read_records([record], by_file.config, parse_time("2024-02-01", CONFIG.zone))
    assert words(by_request.stages) == words(by_file.stages)

    load(store, tmp_path)
    stored = store.read_all(parse_time("2024-02-01", CONFIG.zone))
    assert words(stored.stages) == words(read_folder(tmp_path).stages)
