"""Work on parts that kills its worker."""

import os
import signal
from pathlib import Path


def killed_once(marker: Path, part: int) -> int:
    """The part; the first process that gets part 3 kills itself."""
    if part == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return part


def always_killed(_shared: None, _part: int) -> None:
    """Ends every worker that gets a part."""
    os.kill(os.getpid(), signal.SIGKILL)
