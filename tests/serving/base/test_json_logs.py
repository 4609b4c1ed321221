"""Log lines: one JSON object, never the message of an exception, which may repeat a value of a request."""

import json
import logging
import sys
from typing import Any

from serving.base.json_logs import LOGGER, MAX_FRAMES, JsonFormatter, described

SECRET = "ann@example.com"


def fail(depth: int) -> None:
    if depth:
        fail(depth - 1)
    raise ValueError(SECRET)


def line_of(message: str, *arguments: object, error: bool = False, **extra: Any) -> dict[str, Any]:
    caught = None
    if error:
        try:
            fail(20)
        except ValueError:
            caught = sys.exc_info()
    record = LOGGER.makeRecord(
        "leadcast", logging.WARNING, __file__, 1, message, arguments, caught, extra=extra
    )
    text = JsonFormatter().format(record)
    assert "\n" not in text
    return dict(json.loads(text))


def test_line_has_level_message_and_fields() -> None:
    line = line_of("%d rows\nwritten", 3, fields={"seconds": 0.5, "unit": "größe"})
    assert (line["level"], line["message"]) == ("warning", "3 rows\nwritten")
    assert (line["seconds"], line["unit"]) == (0.5, "größe")


def test_exception_is_its_type_and_frames_alone() -> None:
    line = line_of("failed for %s", SECRET, error=True)
    assert line["exception"] == "ValueError"
    assert len(line["frames"]) == MAX_FRAMES
    assert line["frames"][-1].endswith(" fail")
    assert SECRET not in json.dumps(line)
    assert line["message"] == "failed for %s"


def test_no_exception_has_no_description() -> None:
    assert described(None) == {}
