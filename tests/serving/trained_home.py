"""A home with a tiny trained champion, made once for a whole test run."""

import fcntl
import shutil
from dataclasses import dataclass
from pathlib import Path

from features.history import read_folder
from models.bundle import save_bundle
from models.pointer import Pointer, write_pointer
from training.fit import TrainOptions, train
from training.simulate import simulate

LEADS = 600
MONTHS = 14


@dataclass(frozen=True)
class Trained:
    """A home with champion "1" and the data folder that it was trained on."""

    home: Path
    crm: Path


def trained(shared: Path) -> Trained:
    """The home under a folder that all processes of a test run share; the first to come makes it."""
    made = shared / "trained"
    with open(shared / "trained.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            partial = shared / "trained.partial"
            shutil.rmtree(partial, ignore_errors=True)
            simulate(partial / "crm", leads=LEADS, months=MONTHS, seed=5)
            bundle = train(read_folder(partial / "crm"), TrainOptions(trials=1, seed=1)).bundle
            promote(partial / "home", "1", save_bundle(bundle, partial / "home" / "bundles" / "1"))
            partial.rename(made)
    return Trained(made / "home", made / "crm")


def promote(home: Path, version: str, manifest_sha256: str, before: tuple[str, ...] = ()) -> None:
    """Points a home at one of its exported bundles."""
    write_pointer(home, Pointer(version, home / "bundles" / version, manifest_sha256, before))
