"""The home: the folder of all state, with the bundles, the champion, MLflow's runs and the service's store."""

import os
from pathlib import Path
from typing import Final

from history.base.errors import InvalidInput

VARIABLE: Final = "LEADCAST_HOME"
DEFAULT: Final = ".leadcast"
DEMO: Final = Path("demo") / "home"  # in the default home: the home of `make demo`


def home_folder(folder: str | Path | None = None) -> Path:
    """The absolute path of `folder`, else of LEADCAST_HOME, else of .leadcast; it need not exist.

    Raises InvalidInput if the path, or one above it, is a file.
    """
    home = Path(folder or os.environ.get(VARIABLE) or DEFAULT).absolute()
    for path in (home, *home.parents):
        if path.is_file():
            raise InvalidInput(
                f"{home} cannot be the home: {path} is a file; name a folder with --home or {VARIABLE}"
            )
    return home


def other_home(home: Path) -> str:
    """The end of a message that a home is empty: where else versions may be."""
    if (home / DEMO).is_dir():
        return f"; those of the demo are in another home: --home {home / DEMO}"
    return ", or name another home with --home"
