"""Settings from environment variables, read once; every invalid one is reported together."""

import hashlib
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from history.base.errors import InvalidInput
from serving.base.database_url import read_address

SCOPES = ("read", "score", "ingest", "admin")
DEFAULT_HOME = ".leadcast"
DEFAULT_CONCURRENCY = 64
MAX_CONCURRENCY = 10_000
DEFAULT_REPORT_MINUTES, MAX_REPORT_MINUTES = 10, 1_440
DEFAULT_UPLOAD_MB, MAX_UPLOAD_MB = 200, 10_000
LOGGED = ("all", "errors", "off")
LABEL_DIGITS = 8
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?")


@dataclass(frozen=True)
class ApiKey:
    """A key in memory: its SHA-256 and its scopes."""

    digest: bytes
    scopes: frozenset[str]

    @property
    def label(self) -> str:
        """Identifies the key in logs without revealing it."""
        return self.digest.hex()[:LABEL_DIGITS]


@dataclass(frozen=True)
class Settings:
    """rate_limit is in requests a second and key (None: unlimited), concurrency in requests at once per worker.

    report_minutes: the least time between two funnels or forecasts of a large store.
    frame_ancestors are the origins whose pages may show a lead's panel in a frame.
    """

    home: Path
    api_keys: tuple[ApiKey, ...] = ()
    rate_limit: float | None = None
    concurrency: int = DEFAULT_CONCURRENCY
    logged: str = "all"
    run_folder: Path | None = None
    frame_ancestors: tuple[str, ...] = ()
    upload_mb: int = DEFAULT_UPLOAD_MB  # files of one upload
    report_minutes: int = DEFAULT_REPORT_MINUTES
    database_url: str | None = field(default=None, repr=False)  # may contain a password


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings; raises InvalidInput with every problem. Messages repeat no value: it may be a secret."""
    problems: list[str] = []
    run_folder = environment.get("LEADCAST_RUN_FOLDER")
    settings = Settings(
        home=Path(environment.get("LEADCAST_HOME") or DEFAULT_HOME),
        api_keys=_keys(environment.get("LEADCAST_API_KEYS", ""), problems),
        rate_limit=_rate(environment.get("LEADCAST_RATE_LIMIT", ""), problems),
        concurrency=_concurrency(environment.get("LEADCAST_CONCURRENCY", ""), problems),
        logged=_logged(environment.get("LEADCAST_LOG", ""), problems),
        run_folder=Path(run_folder) if run_folder else None,
        frame_ancestors=_origins(environment.get("LEADCAST_FRAME_ANCESTORS", ""), problems),
        upload_mb=_upload(environment.get("LEADCAST_UPLOAD_MB", ""), problems),
        report_minutes=_minutes(environment.get("LEADCAST_REPORT_MINUTES", ""), problems),
        database_url=_database(environment.get("LEADCAST_DATABASE_URL", ""), problems),
    )
    if problems:
        raise InvalidInput(problems)
    return settings


def _keys(text: str, problems: list[str]) -> tuple[ApiKey, ...]:
    if not text.strip():
        return ()
    keys: dict[bytes, ApiKey] = {}
    for number, entry in enumerate(text.split(","), start=1):
        name = f"LEADCAST_API_KEYS: key {number}"
        key, colon, scope_text = entry.strip().partition(":")
        scopes = frozenset(scope_text.split("+")) if colon else frozenset(SCOPES)
        digest = hashlib.sha256(key.encode()).digest()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            problems.append(
                f"{name} must be printable ASCII without spaces; write KEY or KEY:scope+scope, split by commas"
            )
        elif not scopes <= set(SCOPES):
            problems.append(f"{name} has an unknown scope; scopes are {', '.join(SCOPES)}, joined by +")
        elif digest in keys:
            problems.append(f"{name} is given twice; give its scopes in one place")
        keys[digest] = ApiKey(digest, scopes)
    return tuple(keys.values())


def _rate(text: str, problems: list[str]) -> float | None:
    if not text.strip():
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        problems.append(
            "LEADCAST_RATE_LIMIT must be a number of requests a second above 0; leave it out for no limit"
        )
    return rate


def _concurrency(text: str, problems: list[str]) -> int:
    if not text.strip():
        return DEFAULT_CONCURRENCY
    if text.strip().isdecimal() and 1 <= int(text) <= MAX_CONCURRENCY:
        return int(text)
    problems.append(
        f"LEADCAST_CONCURRENCY must be a whole number from 1 to {MAX_CONCURRENCY}: requests at once in a worker"
    )
    return DEFAULT_CONCURRENCY


def _upload(text: str, problems: list[str]) -> int:
    if not text.strip():
        return DEFAULT_UPLOAD_MB
    if text.strip().isdecimal() and 1 <= int(text) <= MAX_UPLOAD_MB:
        return int(text)
    problems.append(
        f"LEADCAST_UPLOAD_MB must be a whole number from 1 to {MAX_UPLOAD_MB}: megabytes of files in one upload"
    )
    return DEFAULT_UPLOAD_MB


def _minutes(text: str, problems: list[str]) -> int:
    if not text.strip():
        return DEFAULT_REPORT_MINUTES
    if text.strip().isdecimal() and 1 <= int(text) <= MAX_REPORT_MINUTES:
        return int(text)
    problems.append(
        f"LEADCAST_REPORT_MINUTES must be a whole number from 1 to {MAX_REPORT_MINUTES}: "
        "minutes between two funnels or forecasts of a large store"
    )
    return DEFAULT_REPORT_MINUTES


def _database(text: str, problems: list[str]) -> str | None:
    try:
        read_address(text or None)
    except InvalidInput as refusal:
        problems.extend(refusal.problems)
    return text or None


def _origins(text: str, problems: list[str]) -> tuple[str, ...]:
    origins = tuple(text.replace(",", " ").split())
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        problems.append(
            "LEADCAST_FRAME_ANCESTORS must be origins such as https://crm.example.com or https://*.example.com, "
            "split by blanks; no path"
        )
    return origins


def _logged(text: str, problems: list[str]) -> str:
    if text and text not in LOGGED:
        problems.append(f"LEADCAST_LOG must be one of {', '.join(LOGGED)}: which requests get a log line")
    return text or LOGGED[0]
