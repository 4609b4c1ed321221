"""`leadcast serve`: the scoring service and its pages."""

import sys
import tempfile
from pathlib import Path

import click


@click.command(
    epilog="""\b
Examples:
  leadcast serve                                     http://127.0.0.1:3000, for this machine alone
  leadcast serve --workers 2 --port 8080
  LEADCAST_API_KEYS=secret leadcast serve --host 0.0.0.0

Without LEADCAST_API_KEYS only loopback addresses are listened on. SIGTERM ends it after the requests it has begun.
"""
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=3000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 for any free one."
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Worker processes on the one socket.",
)
def serve(host: str, port: int, workers: int) -> None:
    """Serves scores over HTTP, and pages for people."""
    from serving.base.json_logs import configure
    from serving.base.settings import read_settings
    from serving.process.supervisor import Supervisor, listen

    settings = read_settings()
    _refuse_unwritable(settings.home)
    bound = listen(host, port, settings)
    configure()
    name = bound.getsockname()
    shown = f"[{name[0]}]" if ":" in name[0] else name[0]
    click.echo(f"Leadcast listens on http://{shown}:{name[1]} (Ctrl-C ends it)", err=True)
    sys.exit(Supervisor(bound, workers).run())


def _refuse_unwritable(home: Path) -> None:
    """OSError for a home that cannot be made or written: workers would die of it again and again."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=home):
        pass
