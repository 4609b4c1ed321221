"""Uploads: every byte arrives however it is cut, and everything is bounded."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from serving.base.problems import Problem
from serving.http.bodies import Disconnected
from serving.http.uploads import (
    MAX_FIELD,
    MAX_FIELDS,
    MAX_FILES,
    MAX_OVERHEAD,
    Upload,
    read_upload,
    shown_name,
)

TYPE = b"multipart/form-data; boundary=frontier"


def part(name: str, content: bytes, filename: str | None = None, more: str = "") -> bytes:
    disposition = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    return f"--frontier\r\nContent-Disposition: {disposition}\r\n{more}\r\n".encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--frontier--\r\n"


def read(
    folder: Path, chunks: Iterable[bytes], limit: int = 1 << 20, kind: bytes = TYPE, length: int | None = None
) -> Upload:
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages[-1]["more_body"] = False

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    headers = [(b"content-type", kind)]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return asyncio.run(read_upload({"type": "http", "headers": headers}, receive, folder, limit))


BODY = form(
    part("system", b"hubspot"), part("files", b"a,b\r\n1,2\r\n", "a.csv"), part("files", b"\0" * 999, "b")
)


@given(st.integers(1, 400))
def test_cuts_do_not_matter(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    folder = tmp_path_factory.mktemp("upload")
    upload = read(folder, [BODY[start : start + size] for start in range(0, len(BODY), size)])
    assert upload.fields == {"system": "hubspot"}
    assert [(file.name, file.path.read_bytes(), file.size) for file in upload.files] == [
        ("a.csv", b"a,b\r\n1,2\r\n", 10),
        ("b", b"\0" * 999, 999),
    ]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..\\..\\evil.csv", "a/../../b.csv", "."]
)
def test_names_are_never_paths(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    upload = read(folder, [form(part("files", b"x", name))])
    assert [path.name for path in folder.iterdir()] == ["0000"]
    assert "/" not in upload.files[0].name
    assert "\\" not in upload.files[0].name
    assert list(tmp_path.iterdir()) == [folder]


def test_name_is_shown_without_controls() -> None:
    assert shown_name("C:\\x\\Übersicht\u202e 1\x07.csv".encode()) == "Übersicht 1.csv"
    assert len(shown_name(b"a" * 5000)) == 200


def test_empty_choice_of_a_file_is_no_file(tmp_path: Path) -> None:
    assert read(tmp_path, [form(part("files", b"", ""))]).files == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (form(part("files", b"x" * 2000, "a.csv")), 413),
        (form(*(part("files", b"", f"{n}.csv") for n in range(MAX_FILES + 1))), 413),
        (form(*(part(f"f{n}", b"") for n in range(MAX_FIELDS + 1))), 413),
        (form(part("field", b"x" * (MAX_FIELD + 1))), 413),
        (form(part("files", b"x", "a.csv", f"X-Long: {'y' * 5000}\r\n")), 422),
        (form(part("files", b"x", "a.csv", "".join(f"X-{n}: y\r\n" for n in range(20)))), 422),
        (part("files", b"x", "a.csv"), 422),
        (b"no form", 422),
        (b"", 422),
    ],
)
def test_what_is_over_a_limit_or_no_form_is_refused(tmp_path: Path, body: bytes, status: int) -> None:
    with pytest.raises(Problem) as refused:
        read(tmp_path, [body], limit=1000)
    assert refused.value.status == status


def test_announced_length_is_refused_before_a_byte_is_read(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        read(tmp_path, [b""], limit=1000, length=1001 + MAX_OVERHEAD)
    assert refused.value.status == 413
    assert "LEADCAST_UPLOAD_MB" in refused.value.detail


def test_endless_preamble_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        read(tmp_path, [b"\r\n" * (1 << 16)] * 20, limit=1000)
    assert refused.value.status in (413, 422)


def test_form_without_a_boundary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        read(tmp_path, [BODY], kind=b"application/x-www-form-urlencoded")
    assert refused.value.status == 422


def test_disconnect_ends_the_reading(tmp_path: Path) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(Disconnected):
        asyncio.run(
            read_upload({"type": "http", "headers": [(b"content-type", TYPE)]}, receive, tmp_path, 1000)
        )
