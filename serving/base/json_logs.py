"""Structured logs: one JSON object a line on stderr, and never a word of a request in it."""

import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec

LOGGER = logging.getLogger("leadcast")


class JsonFormatter(logging.Formatter):
    """Time, level, message and the fields given as `extra={"fields": {...}}`.

    Of an exception only its type and where it was raised: its message may repeat what a request carried.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            "pid": record.process,
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line |= described(record.exc_info[1])
        return msgspec.json.encode(line).decode()


def _message(record: logging.LogRecord) -> str:
    """Our own messages in full; of a library that reports an exception only the constant part."""
    return str(record.msg) if record.exc_info else record.getMessage()


def described(error: BaseException | None) -> dict[str, Any]:
    """An exception as its type and its frames, innermost last, without its message."""
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return {
        "exception": type(error).__qualname__,
        "frames": [f"{os.path.basename(f.filename)}:{f.lineno} {f.name}" for f in frames],
    }


def configure() -> None:
    """Sends every log line of this process through `JsonFormatter` to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    LOGGER.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "bentoml"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # each malformed request is a warning there
