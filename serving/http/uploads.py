"""Uploads of pages (multipart/form-data, RFC 7578): streamed into a folder under names of ours, everything bounded."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.types import Receive, Scope

from serving.base.problems import Problem, error, invalid, too_large
from serving.http.bodies import Disconnected, header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_FILES = 200
MAX_FIELDS = 20
MAX_FIELD = 1_000  # bytes
MAX_HEADERS, MAX_HEADER = 8, 4_096  # of a part, and bytes of each
MAX_OVERHEAD = 1 << 20  # bytes of boundaries, headers and fields
MAX_NAME = 200  # characters of a file's name as it is shown
IDLE_SECONDS = 30.0
TOTAL_SECONDS = 1_800.0


@dataclass
class UploadedFile:
    """A file as it was received: `path` is of our making, `name` is the sender's, for people alone."""

    name: str
    path: Path
    size: int = 0


@dataclass
class Upload:
    """The fields and files of a form."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[UploadedFile] = field(default_factory=list)


class _Refused(Exception):
    """Raised inside of the parser's callbacks."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


async def read_upload(scope: Scope, receive: Receive, folder: Path, limit: int) -> Upload:
    """Writes the files of a request into `folder`, at most `limit` bytes of them.

    Raises Problem: 413 over a limit, 408 for a sender that stops, 422 for what is no form; Disconnected.
    """
    length = header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length) > limit + MAX_OVERHEAD:
        raise _over(limit)
    parts = _Parts(folder, limit)
    try:
        parser = MultipartParser(
            _boundary(scope), parts.callbacks(), max_header_count=MAX_HEADERS, max_header_size=MAX_HEADER
        )
        async with asyncio.timeout(TOTAL_SECONDS):
            await _feed(parser, receive, limit)
        parser.finalize()
    except FormParserError:
        raise invalid([error(["body"], "not a form with files")]) from None
    except _Refused as refusal:
        raise refusal.problem from None
    except TimeoutError:
        raise Problem(408, "slow-body", "The upload stopped before its end; send it again.") from None
    finally:
        parts.close()
    if not parts.is_complete:
        raise invalid([error(["body"], "the form ends too early")])
    return parts.upload


async def _feed(parser: MultipartParser, receive: Receive, limit: int) -> None:
    size, more = 0, True
    while more:
        async with asyncio.timeout(IDLE_SECONDS):
            message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > limit + MAX_OVERHEAD:
            raise _over(limit)
        await asyncio.to_thread(parser.write, chunk)  # writes to disk


def _boundary(scope: Scope) -> bytes:
    _, parameters = parse_options_header(header(scope, b"content-type") or b"")
    boundary = parameters.get(b"boundary", b"")
    if not boundary:
        raise invalid([error(["header", "content-type"], "has no boundary")])
    return boundary


def shown_name(sent: bytes) -> str:
    """A sent file name as people see it: its last part, printable, not too long. Never a path."""
    text = sent.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in text if letter.isprintable())[-MAX_NAME:].strip()


class _Parts:
    """Collects the parts of a form as the parser finds them."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self.upload = Upload()
        self.is_complete = False
        self._name, self._header, self._value = "", b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._file: BinaryIO | None = None
        self._field: bytearray | None = None
        self._size = 0

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls as it finds the pieces of a part."""
        return {
            "on_part_begin": self._on_part_begin,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_end": self._on_end,
        }

    def close(self) -> None:
        """Closes a file whose part was cut off."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _on_part_begin(self) -> None:
        self._headers, self._header, self._value = {}, b"", b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header, self._value = b"", b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            self._begin_field()
        elif options[b"filename"]:
            self._begin_file(shown_name(options[b"filename"]))

    def _begin_field(self) -> None:
        if len(self.upload.fields) >= MAX_FIELDS:
            raise _Refused(too_large(f"The form has more than {MAX_FIELDS} fields."))
        self._field = bytearray()

    def _begin_file(self, name: str) -> None:
        if len(self.upload.files) >= MAX_FILES:
            raise _Refused(too_large(f"More than {MAX_FILES} files: send them as one zip archive."))
        path = self.folder / f"{len(self.upload.files):04d}"
        self.upload.files.append(UploadedFile(name, path))
        self._file = path.open("xb")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._size += end - start
            if self._size > self.limit:
                raise _Refused(_over(self.limit))
            self._file.write(data[start:end])
            self.upload.files[-1].size += end - start
        elif self._field is not None:
            self._field += data[start:end]
            if len(self._field) > MAX_FIELD:
                raise _Refused(too_large(f"A field of the form is longer than {MAX_FIELD} bytes."))

    def _on_part_end(self) -> None:
        if self._field is not None:
            self.upload.fields[self._name] = self._field.decode("utf-8", "replace").strip()
            self._field = None
        self.close()

    def _on_end(self) -> None:
        self.is_complete = True


def _over(limit: int) -> Problem:
    return too_large(f"The files are over the limit of {limit >> 20} MB (LEADCAST_UPLOAD_MB).")
