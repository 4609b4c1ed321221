"""The record of a training run in MLflow: parameters, metrics, tags, and the fingerprint of the data."""

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from history.config.config import to_dict
from history.history import Factor, History, Interactions
from history.text.times import format_time
from training.registry.mlflow import Run
from training.train import Trained

MAX_PARAMETER_LENGTH = 500  # characters; older MLflow servers refuse longer ones
FINGERPRINTED = (
    "as_of_us",
    "lead_ids",
    "created_us",
    "attributes",
    "interactions",
    "stages",
    "outcomes",
    "changes",
)  # fields of a History that training reads; costs are not among them


def describe_run(trained: Trained, history: History, folder: Path) -> Run:
    """The run of a training with the files in `folder`; history: the one it was trained on.

    Metrics of baselines are named BASELINE/METRIC.
    """
    metrics = dict(trained.metrics)
    for baseline, values in trained.baselines.items():
        metrics |= {f"{baseline}/{name}": value for name, value in values.items()}
    params = {
        **trained.params,
        **{f"rows_{table}": report.rows for table, report in history.reports.items()},
        "as_of": format_time(history.as_of_us),
        "data_sha256": fingerprint(history),
        "n_leads": trained.n_leads,
        "n_snapshots": trained.n_snapshots,
        "horizon_days": trained.bundle.config.horizon_days,
        **sample_params(history),
    }
    return Run(
        params={name: str(value)[:MAX_PARAMETER_LENGTH] for name, value in params.items()},
        metrics=metrics,
        tags={
            "signal": trained.signal,
            "funnel": trained.bundle.config.name,
            "mlflow.source.name": "leadcast train",
        },
        folder=folder,
    )


def sample_params(history: History) -> dict[str, int]:
    """Of which leads the history is a sample, if it is one."""
    if history.sample is None:
        return {}
    return {"sampled_one_in": history.sample.one_in, "sampled_of_leads": history.sample.of_leads}


def fingerprint(history: History) -> str:
    """SHA-256 of the rows visible at T that training reads, and of their configuration (docs/decisions/0005)."""
    digest = hashlib.sha256()
    digest.update(json.dumps(to_dict(history.config), sort_keys=True, ensure_ascii=False).encode())
    for name in FINGERPRINTED:
        digest.update(_separator(name))
        value = getattr(history, name)
        # Training reads no id of an interaction, and histories read in parts have none.
        _update(digest, replace(value, ids=None) if isinstance(value, Interactions) else value)
    if history.lead_known_us is not None:
        _update(digest, history.lead_known_us)
    return digest.hexdigest()


def _update(digest: Any, value: Any) -> None:
    """Adds a value and everything inside it; arrays with dtype and shape, names between NUL bytes."""
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Factor):
        compact = value.compact()
        _update(digest, compact.codes)
        _update(digest, list(compact.values))
    elif is_dataclass(value):
        for field in fields(value):
            _update(digest, getattr(value, field.name))
    elif isinstance(value, dict):
        for name in sorted(value):
            digest.update(_separator(name))
            _update(digest, value[name])
    else:
        scalar = isinstance(value, int) or value is None
        digest.update(json.dumps(value if scalar else list(value), ensure_ascii=False).encode())


def _separator(name: str) -> bytes:
    return f"\0{name}\0".encode()
