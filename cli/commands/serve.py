"""`leadcast serve`: the scoring service and its pages."""

import sys
import tempfile
from pathlib import Path

import click


@click.command(
    epilog="""\b
Examples:
  leadcast serve                                     http://127.0.0.1:3000, on this machine only
  leadcast serve --workers 2 --port 8080
  LEADCAST_API_KEYS=secret leadcast serve --host 0.0.0.0

Without LEADCAST_API_KEYS the service listens on loopback addresses only. SIGTERM, Ctrl-C and SIGHUP stop it
after the running requests.
"""
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=3000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port; 0 for any free port.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Number of worker processes.",
)
def serve(host: str, port: int, workers: int) -> None:
    """Serves scores over HTTP, and web pages for people."""
    from serving.base.json_logs import configure
    from serving.base.settings import read_settings
    from serving.process.supervisor import Supervisor, listen

    settings = read_settings()
    _refuse_unwritable(settings.home)
    bound = listen(host, port, settings)
    configure()
    address, port = bound.getsockname()[:2]
    url_host = f"[{address}]" if ":" in address else address
    click.echo(f"Leadcast listens on http://{url_host}:{port} (Ctrl-C stops it)", err=True)
    sys.exit(Supervisor(bound, workers, settings.home).run())


def _refuse_unwritable(home: Path) -> None:
    """Raises OSError unless the home can be created and written: workers would fail and restart for ever."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(home)) from None
