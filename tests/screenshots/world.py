"""The services whose pages are pictured: the demo's data at a fixed instant, in the states that a reader can meet.

Every process runs with a stopped clock, so that two runs give the same pictures.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from cli import demo

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 17, 8, 10, tzinfo=UTC)
# Python runs a module of this name in every process that finds it on its path.
STOPPED_CLOCK = f"""import time
time.time = lambda: {NOW.timestamp()}
time.time_ns = lambda: {int(NOW.timestamp()) * 10**9}
"""
BUILD = f"""from datetime import datetime
from cli.demo import build
build(datetime.fromisoformat({NOW.isoformat()!r}))
"""
PATIENCE_S, POLL_S = 300.0, 0.1
KEY = "a-key-for-the-pictures"


@dataclass(frozen=True)
class World:
    """The folder of the demo's state, kept between runs, and the homes in other states, made for each."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / demo.HOME

    @property
    def export(self) -> Path:
        """The data folder as one archive, for the page that takes an export."""
        return self.folder / "crm.zip"

    def build(self) -> None:
        """Builds the demo's state as `make demo` would at NOW, unless it exists; raises CalledProcessError."""
        done = self.folder / "done"
        if not done.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            (self.folder / "clock").mkdir(parents=True)
            (self.folder / "clock" / "sitecustomize.py").write_text(STOPPED_CLOCK)
            environment = self._environment(self.home)
            subprocess.run([sys.executable, "-c", BUILD], cwd=self.folder, env=environment, check=True)
            done.touch()
        with zipfile.ZipFile(self.export, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((self.folder / demo.CRM).glob("*.csv")):
                archive.write(path, path.name)

    def new_home(self, name: str, *kept: str) -> Path:
        """A home with only these files and folders of the demo's."""
        home = self.folder / name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(mode=0o700)
        for part in kept:
            copy = shutil.copytree if (self.home / part).is_dir() else shutil.copy2
            copy(self.home / part, home / part)
        return home

    @contextmanager
    def service(self, home: Path, **environment: str) -> Iterator[str]:
        """The address of a `leadcast serve` over a home; ended afterwards."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        command = [sys.executable, "-m", "cli", "serve", "--port", port]
        env = {**self._environment(home), "LEADCAST_LOG": "errors", **environment}
        with open(self.folder / "serve.log", "ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            state = "readyz" if (home / "champion.json").exists() else "livez"
            _wait_for(f"http://127.0.0.1:{port}/{state}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()

    def _environment(self, home: Path) -> dict[str, str]:
        path = os.pathsep.join((str(self.folder / "clock"), str(ROOT)))
        return {**os.environ, "PYTHONPATH": path, "LEADCAST_HOME": str(home), "OMP_WAIT_POLICY": "PASSIVE"}


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        try:
            urlopen(url, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(POLL_S)
    raise RuntimeError(f"the service at {url} did not start")
