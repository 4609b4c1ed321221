"""What the environment says, read once: typed, and every problem of it listed together."""

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from history.errors import InvalidInput
from serving.base.database_url import read_address

SCOPES = ("read", "score", "ingest", "admin")
DEFAULT_HOME = ".leadcast"
DEFAULT_CONCURRENCY = 64
LOGGED = ("all", "errors", "off")


@dataclass(frozen=True)
class ApiKey:
    """A key as it stays in memory: the SHA-256 of it and what it may do."""

    digest: bytes
    scopes: frozenset[str]

    @property
    def label(self) -> str:
        """What logs and metrics may say of it."""
        return self.digest.hex()[:8]


@dataclass(frozen=True)
class Settings:
    """rate_limit is requests a second and key, None for none; concurrency counts requests at once in a worker."""

    home: Path
    api_keys: tuple[ApiKey, ...] = ()
    rate_limit: float | None = None
    concurrency: int = DEFAULT_CONCURRENCY
    logged: str = "all"
    run_folder: Path | None = None
    database_url: str | None = field(default=None, repr=False)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings; raises InvalidInput with every problem at once. Values are never repeated: they may be secrets."""
    problems: list[str] = []
    settings = Settings(
        home=Path(environment.get("LEADCAST_HOME") or DEFAULT_HOME),
        api_keys=_keys(environment.get("LEADCAST_API_KEYS", ""), problems),
        rate_limit=_rate(environment.get("LEADCAST_RATE_LIMIT", ""), problems),
        concurrency=_concurrency(environment.get("LEADCAST_CONCURRENCY", ""), problems),
        logged=_logged(environment.get("LEADCAST_LOG", ""), problems),
        run_folder=Path(run) if (run := environment.get("LEADCAST_RUN_FOLDER")) else None,
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
        where = f"LEADCAST_API_KEYS: key {number}"
        key, colon, named = entry.strip().partition(":")
        scopes = frozenset(named.split("+")) if colon else frozenset(SCOPES)
        digest = hashlib.sha256(key.encode()).digest()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            problems.append(
                f"{where} must be printable ASCII without spaces; write KEY or KEY:scope+scope, split by commas"
            )
        elif not scopes <= set(SCOPES):
            problems.append(f"{where} has an unknown scope; scopes are {', '.join(SCOPES)}, joined by +")
        elif digest in keys:
            problems.append(f"{where} is given twice; give its scopes in one place")
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
    if not text.strip().isdecimal() or not 1 <= int(text) <= 10_000:
        problems.append(
            "LEADCAST_CONCURRENCY must be a whole number from 1 to 10000: requests at once in a worker"
        )
        return DEFAULT_CONCURRENCY
    return int(text)


def _database(text: str, problems: list[str]) -> str | None:
    try:
        read_address(text or None)
    except InvalidInput as refused:
        problems.extend(refused.problems)
    return text or None


def _logged(text: str, problems: list[str]) -> str:
    if text and text not in LOGGED:
        problems.append(f"LEADCAST_LOG must be one of {', '.join(LOGGED)}: which requests get a log line")
    return text or LOGGED[0]
