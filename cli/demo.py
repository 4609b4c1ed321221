"""`make demo`: simulates a CRM, trains and promotes a model, loads the store and starts the service."""

import hashlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from cli.folder.demo_data import complete_settings, month_start, plant_leaks, write_folder_as_of
from models.home.home import DEFAULT, DEMO

ROOT = Path(__file__).parents[1]
STATE = Path(DEFAULT) / DEMO.parent
CRM, HOME, LEAD, READY = STATE / "crm", Path(DEFAULT) / DEMO, STATE / "lead.json", STATE / "ready"
ROOMS = ("history", "features", "models", "funnel", "simulation", "training", "serving", "cli")
MONTHS = 18
LEADS = 3000
FORECASTS = (2, 1)  # the first days of these months, before this one; the first model is of the earliest
QUICK = ("--trials", "0", "--promote", "always")  # the simulator's leads suit the default parameters
SCORED = (timedelta(days=8), timedelta(days=5), timedelta(days=3), timedelta(days=1))  # ago


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
def demo(port: int) -> None:
    """Builds the state of the demo, unless today's exists, prints where to look, and serves until Ctrl-C."""
    _refuse_taken(port)
    key = f"{datetime.now(UTC).date()} {_code()}"
    if not READY.exists() or READY.read_text() != key:
        build(datetime.now(UTC))
        READY.write_text(key)
    else:
        click.echo(f"reusing today's state in {STATE} (remove that folder to start over)", err=True)
    LEAD.write_text(json.dumps(example_lead(datetime.now(UTC)), indent=1))
    click.echo(_welcome(port))
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "cli", "serve", "--port", str(port)], _environment())


def build(now: datetime) -> None:
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True, mode=0o700)
    end, starts = _text(now), [_text(month_start(now, months)) for months in FORECASTS]
    _step("1/6", "a CRM of the last 18 months")
    _run("simulate", str(CRM), "--leads", str(LEADS), "--months", str(MONTHS), "--end", end)
    plant_leaks(CRM, now)
    complete_settings(CRM, now)
    _run("check", str(CRM))
    _step("2/6", "a first model, as two months ago, and its forecasts of then")
    _run("train", str(CRM), "--as-of", starts[0], *QUICK)
    for start in starts:
        _run("forecast", str(CRM), "--as-of", start, "--output", str(STATE / "forecast.csv"))
    _step("3/6", "today's model")
    _run("train", str(CRM), *QUICK)
    _step("4/6", "the store as it was last week, day by day, so that scores have moved")
    for ago in SCORED:
        write_folder_as_of(CRM, STATE / "crm-then", now - ago)
        _run("load", str(STATE / "crm-then"))
        _run("rescore", "--as-of", _text(now - ago))
    _step("5/6", "the store of today")
    _run("load", str(CRM))
    _run("rescore")
    _step("6/6", "today's forecast")
    _run("forecast", str(CRM), "--output", str(STATE / "forecast.csv"))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _step(number: str, title: str) -> None:
    click.echo(f"\n[{number}] {title}", err=True)


def _run(*command: str) -> None:
    click.echo(f"\n$ leadcast {' '.join(command)}", err=True)
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
Leadcast is starting. Try these three:
  1. {at}/          whom to call first, and why
  2. {at}/forecast  what this month will bring, against its target and earlier forecasts
  3. a score for a lead of your own (edit {LEAD}):
     curl -s -H 'Content-Type: application/json' --data @{LEAD} {at}/v1/score

The demo's models and store have a home of their own. For commands in another terminal:
  export LEADCAST_HOME={shlex.quote(str(HOME.resolve()))}
  .venv/bin/leadcast models

The API is described at {at}/docs. Ctrl-C stops the demo; its state is in {STATE}."""


if __name__ == "__main__":
    demo(prog_name="make demo")
