"""`make demo`: simulates a CRM, trains and promotes a model, loads the store and starts the service."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from models.home import DEFAULT, DEMO

ROOT = Path(__file__).parents[1]
STATE = Path(DEFAULT) / DEMO.parent
CRM, HOME, LEAD, READY = STATE / "crm", Path(DEFAULT) / DEMO, STATE / "lead.json", STATE / "ready"
ROOMS = ("history", "features", "models", "funnel", "simulation", "training", "serving", "cli")
MONTHS = 18
LEADS = 4000


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
def demo(port: int) -> None:
    """Builds the state of the demo, unless today's exists, prints where to look, and serves until Ctrl-C."""
    _refuse_taken(port)
    key = f"{datetime.now(UTC).date()} {_code()}"
    if not READY.exists() or READY.read_text() != key:
        _build(datetime.now(UTC))
        READY.write_text(key)
    else:
        click.echo(f"reusing today's state in {STATE} (remove that folder to start over)", err=True)
    LEAD.write_text(json.dumps(example_lead(datetime.now(UTC)), indent=1))
    click.echo(_welcome(port))
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "cli", "serve", "--port", str(port)], _environment())


def _build(now: datetime) -> None:
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True, mode=0o700)
    end = now.isoformat(timespec="seconds")
    _run("1/5", "simulate", str(CRM), "--leads", str(LEADS), "--months", str(MONTHS), "--end", end)
    _run("2/5", "check", str(CRM))
    _run("3/5", "train", str(CRM), "--promote", "always")
    _run("4/5", "load", str(CRM))
    _run("5/5", "rescore")


def _run(step: str, *command: str) -> None:
    click.echo(f"\n[{step}] leadcast {' '.join(command)}", err=True)
    done = subprocess.run([sys.executable, "-m", "cli", *command], env=_environment(), check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def _environment() -> dict[str, str]:
    """The caller's environment without variables that name a real store, server or key."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LEADCAST_") and name != "MLFLOW_TRACKING_URI"
    }
    return {**environment, "LEADCAST_HOME": str(HOME), "OMP_WAIT_POLICY": "PASSIVE"}


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise click.ClickException(
                f"port {port}: {error.strerror}; choose another: make demo PORT=3001"
            ) from None


def _code() -> str:
    """A digest of the code that built the state: another version starts over."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def example_lead(now: datetime) -> dict[str, Any]:
    """An invented lead with its history, as POST /v1/score takes it: 12 days old, with a demo yesterday."""

    def at(days: float) -> str:
        return (now - timedelta(days=days)).isoformat(timespec="seconds").replace("+00:00", "Z")

    def touch(days: float, kind: str, channel: str, direction: str) -> dict[str, str]:
        return {"kind": kind, "occurred_at": at(days), "channel": channel, "direction": direction}

    return {
        "lead_id": "my-first-lead",
        "created_at": at(12),
        "source": "referral",
        "attributes": {
            "company": "Example Bakeries",
            "industry": "retail",
            "employees": 140,
            "country": "DE",
            "product": "team",
            "seats": 25,
            "annual_budget": 9000,
            "work_email": True,
        },
        "interactions": [
            touch(12, "form_submit", "web", "inbound"),
            touch(11.5, "call", "phone", "outbound"),
            touch(6, "email_sent", "email", "outbound"),
            touch(5.5, "email_reply", "email", "inbound"),
            touch(1, "demo", "video", "inbound"),
        ],
        "stages": [{"stage": "new", "entered_at": at(12)}, {"stage": "qualified", "entered_at": at(5)}],
    }


def _welcome(port: int) -> str:
    at = f"http://127.0.0.1:{port}"
    return f"""
Leadcast is starting. Open
  {at}/        the ranked leads
  {at}/docs    the API

Score a lead of your own (edit {LEAD}):
  curl -s -H 'Content-Type: application/json' --data @{LEAD} {at}/v1/score

Its versions and its store have a home of their own; commands need its name:
  leadcast models --home {HOME}

Ctrl-C stops it. Its state is in {STATE}."""


if __name__ == "__main__":
    demo(prog_name="make demo")
