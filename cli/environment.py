"""What a command takes from around it: the home and the clock."""

import os
import time
from pathlib import Path

from features.errors import InvalidInput


def home() -> Path:
    """The folder of the state: --home, else LEADCAST_HOME, else .leadcast; InvalidInput where it cannot be one."""
    path = Path(os.environ.get("LEADCAST_HOME") or ".leadcast").absolute()
    for above in (path, *path.parents):
        if above.is_file():
            raise InvalidInput(f"{path} cannot be the home: {above} is a file; name a folder with --home")
    return path


def now_us() -> int:
    """The clock, in microseconds UTC; read here and passed down."""
    return time.time_ns() // 1000
