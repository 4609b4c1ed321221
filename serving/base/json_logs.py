"""Structured logs: one JSON object per line on stderr, without any value of a request."""

import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec

LOGGER = logging.getLogger("leadcast")
MAX_FRAMES = 12


class JsonFormatter(logging.Formatter):
    """Time, level, message and the fields given as `extra={"fields": {...}}`.

    An exception is logged by type and frames: its message may repeat a value of the request.
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
    """The message; of a library's report of an exception the template only, without its arguments."""
    return str(record.msg) if record.exc_info else record.getMessage()


def described(error: BaseException | None) -> dict[str, Any]:
    """An exception as its type and its last `MAX_FRAMES` frames, innermost last, without its message."""
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    return {
        "exception": type(error).__qualname__,
        "frames": [f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
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
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # its warnings: one per malformed request
