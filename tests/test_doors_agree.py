"""The same leads through files, through requests together and through requests one by one give the same bits."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.matrix import build_matrix
from features.vocabulary import learn
from history.config.config import FunnelConfig
from history.history import INBOUND, WON
from history.read import read_folder
from history.records.read import read_records
from history.snapshot import Snapshot, all_leads
from history.text.times import DAY_US, format_time
from tests.builders.leads.lead_histories import STAGES, Lead, Touch
from tests.builders.leads.made_leads import LAST_US, made_leads

AS_OF = LAST_US - 30 * DAY_US
CONFIG = FunnelConfig(stages=STAGES, horizon_days=10, timezone="Europe/Berlin", sensitive=("age",))
WELL_KNOWN = ("owner", "source", "account_id")


def _times(own: str, row: Any) -> dict[str, str]:
    return {own: format_time(row.time), "recorded_at": format_time(row.known)}


def _touch(row: Touch) -> dict[str, Any]:
    given: dict[str, Any] = {**_times("occurred_at", row), "kind": row.kind, "channel": row.channel}
    given["direction"] = "inbound" if row.direction == INBOUND else "outbound"
    return given | ({} if np.isnan(row.value) else {"value": row.value})


def _record(lead_id: str, lead: Lead) -> dict[str, Any]:
    """The lead as a request would bring it: numbers as numbers, booleans as booleans."""
    own = {name: value for name, value in lead.attributes.items() if value is not None}
    attributes: dict[str, Any] = {name: value for name, value in own.items() if name not in WELL_KNOWN}
    attributes["size"] = float(attributes["size"])
    attributes["agreed"] = attributes["agreed"] == "true"
    return {
        "lead_id": lead_id,
        "created_at": format_time(lead.created),
        **{name: own[name] for name in WELL_KNOWN if name in own},
        "attributes": attributes,
        "interactions": [_touch(row) for row in lead.touches],
        "stages": [{**_times("entered_at", row), "stage": row.stage} for row in lead.entries],
        "attribute_changes": [
            {**_times("changed_at", row), "attribute": row.attribute, "value": row.value}
            for row in lead.changes
        ],
    }


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _write_folder(folder: Path, leads: Mapping[str, Lead]) -> None:
    """The same as tables: the text of a number is that of the data, such as 3.0 for 3."""
    records = {lead_id: _record(lead_id, lead) for lead_id, lead in leads.items()}
    tables: dict[str, list[dict[str, Any]]] = {"leads": [], "outcomes": []}
    for lead_id, lead in leads.items():
        tables["leads"].append(
            {"lead_id": lead_id, "created_at": format_time(lead.created), **lead.attributes}
        )
        for name in ("interactions", "stages", "attribute_changes"):
            rows = tables.setdefault(name, [])
            rows += [{"lead_id": lead_id, **row} for row in records[lead_id][name]]
        for row in lead.decisions:
            decided = {"lead_id": lead_id, "outcome": "won" if row.state == WON else "lost"}
            times = _times("closed_at", row)
            tables["outcomes"].append(decided | times)
    for name, rows in tables.items():
        _write(folder / f"{name}.csv", rows)


def test_files_and_requests_give_the_same_features(tmp_path: Path) -> None:
    leads = {f"L{i}": lead for i, lead in enumerate(made_leads(200, seed=11))}
    _write_folder(tmp_path, leads)
    history = read_folder(tmp_path, config=CONFIG, as_of_us=AS_OF)
    snapshot = all_leads(history, AS_OF)
    vocabulary, _ = learn(snapshot)
    matrix = build_matrix(snapshot, vocabulary)
    records = [_record(history.lead_ids[i], leads[history.lead_ids[i]]) for i in snapshot.lead.tolist()]
    together, problems = read_records(records, history.config, AS_OF)
    assert not any(problems)
    rows = Snapshot(together, np.arange(len(records)), np.full(len(records), AS_OF))
    assert build_matrix(rows, vocabulary).values.tobytes() == matrix.values.tobytes()
    for i, record in enumerate(records[:40]):
        alone, _ = read_records([record], history.config, AS_OF)
        row = build_matrix(Snapshot(alone, np.array([0]), np.array([AS_OF])), vocabulary)
        assert row.values.tobytes() == matrix.values[i].tobytes()


def _respelled(leads: Mapping[str, Lead], seed: int) -> dict[str, Lead]:
    """The leads with categories, owners, sources, kinds, channels and stages in several spellings."""
    rng = np.random.default_rng(seed)

    def spelled(text: str | None) -> str | None:
        spellings = (text, text, text.upper(), f" {text}", f"{text.title()}\u00a0") if text else (text,)
        return spellings[int(rng.integers(len(spellings)))]

    def respelled(lead: Lead) -> Lead:
        names = ("owner", "source", "city", "plan")
        return replace(
            lead,
            attributes={k: spelled(v) if k in names else v for k, v in lead.attributes.items()},
            touches=[
                row._replace(kind=spelled(row.kind), channel=spelled(row.channel)) for row in lead.touches
            ],
            entries=[row._replace(stage=spelled(row.stage) or "") for row in lead.entries],
            changes=[row._replace(value=spelled(row.value)) for row in lead.changes],
        )

    return {lead_id: respelled(lead) for lead_id, lead in leads.items()}


@pytest.mark.parametrize("seed", range(3))
def test_spellings_do_not_change_features(tmp_path: Path, seed: int) -> None:
    clean = {f"L{i}": lead for i, lead in enumerate(made_leads(200, seed=seed))}
    messy = _respelled(clean, seed)
    matrices = []
    for name, leads in (("clean", clean), ("messy", messy)):
        (tmp_path / name).mkdir()
        _write_folder(tmp_path / name, leads)
        snapshot = all_leads(read_folder(tmp_path / name, config=CONFIG, as_of_us=AS_OF), AS_OF)
        vocabulary, tables = learn(snapshot)
        matrices.append(build_matrix(snapshot, vocabulary, tables))
    assert matrices[0].features == matrices[1].features
    assert matrices[0].values.tobytes() == matrices[1].values.tobytes()

    matrix = build_matrix(snapshot, vocabulary)
    again = _respelled(clean, seed + 100)
    ids = [snapshot.history.lead_ids[i] for i in snapshot.lead.tolist()]
    for i, lead_id in enumerate(ids[:40]):
        alone, _ = read_records([_record(lead_id, again[lead_id])], snapshot.history.config, AS_OF)
        row = build_matrix(Snapshot(alone, np.array([0]), np.array([AS_OF])), vocabulary)
        assert row.values.tobytes() == matrix.values[i].tobytes()
