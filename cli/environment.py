"""What a command takes from around it: the home and the clock."""

import os
import time
from pathlib import Path


def home() -> Path:
    """The folder of the state: --home, else LEADCAST_HOME, else .leadcast."""
    return Path(os.environ.get("LEADCAST_HOME") or ".leadcast").absolute()


def now_us() -> int:
    """The clock, in microseconds UTC; read here and passed down."""
    return time.time_ns() // 1000
