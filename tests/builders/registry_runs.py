"""Runs with a tiny bundle for tests of the registry."""

import hashlib
import json
from pathlib import Path

from models.home.pointer import read_pointer
from models.home.saved import FORMAT
from training.registry.mlflow import Run
from training.registry.registry import Registry


def make_run(folder: Path, text: str = "{}") -> Run:
    """A run in a new folder whose bundle is one file with this text under a true manifest."""
    bundle = folder / "bundle"
    bundle.mkdir(parents=True)
    (bundle / "model.json").write_text(text)
    digests = {"model.json": hashlib.sha256(text.encode()).hexdigest()}
    manifest = {"format": FORMAT, "feature_set_id": "", "trees_sha256": "", "files": digests}
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    (folder / "audit.json").write_text("[]")
    return Run({"trials": "3"}, {"auc": 0.75, "gini": float("nan")}, {"signal": "usable"}, folder)


def add(registry: Registry, tmp_path: Path, count: int = 1) -> list[str]:
    """Registers `count` runs and returns their versions."""
    start = len(list(tmp_path.glob("run-*")))
    runs = [make_run(tmp_path / f"run-{start + i}", json.dumps(start + i)) for i in range(count)]
    return [registry.register(run).model_version for run in runs]


def champion(registry: Registry) -> str | None:
    """The version that a service would read."""
    pointer = read_pointer(registry.home)
    return pointer.model_version if pointer else None


class Killed(BaseException):
    """Raised in place of a kill: a BaseException, so that no handler runs on."""
