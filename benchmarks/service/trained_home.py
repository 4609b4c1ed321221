"""A home with a model, for benchmarks of what serves it."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Home(NamedTuple):
    """A home with a champion, and the data folder that it was trained on."""

    folder: Path
    data: Path


def trained_home(folder: Path) -> Home:
    """Simulates a CRM in a scratch folder, trains on it and promotes the model."""
    home, crm = folder / "home", folder / "crm"
    leadcast = [sys.executable, "-m", "cli", "--home", str(home)]
    subprocess.run([*leadcast, "simulate", str(crm), "--leads", "3000"], check=True, cwd=ROOT)
    subprocess.run([*leadcast, "train", str(crm), "--promote", "always"], check=True, cwd=ROOT)
    return Home(home, crm)
