"""Style sheet, scripts and icon of the pages.

`asset_path` names a file with a digest of its content: a browser keeps it for a year, and a new release has a new name.
"""

import asyncio
import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from funnel.theme import FOLDER as SHARED
from funnel.theme import plotly_script
from serving.base.problems import Problem
from serving.http.router import Routes

FOLDERS = (SHARED, Path(__file__).parent / "static")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PLOTLY = "plotly.min.js"  # comes with the plotly package
SHEET = "leadcast.css"
# The parts of the style sheet, in the order of the cascade.
PARTS = (
    "tokens",
    "base",
    "frame",
    "controls",
    "boxes",
    "figures",
    "tables",
    "lead",
    "reports",
    "model",
    "worklist",
    "print",
)
SMALLEST_COMPRESSED = 1_000  # bytes
DIGEST_DIGITS = 12
CACHE_CONTROL = "max-age=3600"
KEPT_FOR_GOOD = "max-age=31536000, immutable"

_HASHED = re.compile(rf"(.+)\.([0-9a-f]{{{DIGEST_DIGITS}}})(\.[a-z]+)")

routes = Routes()


class Asset(NamedTuple):
    """The content of a file, with the first digits of its SHA-256."""

    content: bytes
    media_type: str
    digest: str


@routes.get("/static/{name}")
async def get_asset(request: Request) -> Response:
    """A style sheet, script or picture; compressed if the browser takes gzip and it is worth it."""
    name, digest = _split(request.path_params["name"])
    asset = await asyncio.to_thread(asset_of, name)
    if asset is None:
        raise Problem(404, "not-found", "Nothing is at this path.")
    # The digest of another release: right now this content is the best answer, but not under that name.
    headers = {"cache-control": KEPT_FOR_GOOD if digest == asset.digest else CACHE_CONTROL}
    content = asset.content
    if len(content) > SMALLEST_COMPRESSED:
        headers["vary"] = "accept-encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            content = await asyncio.to_thread(_compressed, name)
            headers["content-encoding"] = "gzip"
    return Response(content, headers=headers, media_type=asset.media_type)


def asset_path(name: str) -> str:
    """The path of an asset with its digest: /static/leadcast.0123456789ab.css."""
    asset = asset_of(name)
    if asset is None:
        raise KeyError(name)
    stem, _, suffix = name.rpartition(".")
    return f"/static/{stem}.{asset.digest}.{suffix}"


@lru_cache(maxsize=64)
def asset_of(name: str) -> Asset | None:
    """The asset of this name, None for any other: the name of a request never becomes a path."""
    suffix = Path(name).suffix
    content = _content(name)
    if content is None or suffix not in MEDIA_TYPES:
        return None
    return Asset(content, MEDIA_TYPES[suffix], hashlib.sha256(content).hexdigest()[:DIGEST_DIGITS])


@lru_cache(maxsize=16)
def _compressed(name: str) -> bytes:
    asset = asset_of(name)
    return b"" if asset is None else gzip.compress(asset.content, 6, mtime=0)


def _content(name: str) -> bytes | None:
    if name == PLOTLY:
        return plotly_script()
    if name == SHEET:
        return b"".join(_read(f"{part}.css") or b"" for part in PARTS)
    return _read(name)


def _read(name: str) -> bytes | None:
    files = (path for folder in FOLDERS for path in folder.iterdir())
    return next((path.read_bytes() for path in files if path.name == name), None)


def _split(name: str) -> tuple[str, str | None]:
    """The name without the digest in it, and the digest."""
    match = _HASHED.fullmatch(name)
    return (match[1] + match[3], match[2]) if match else (name, None)
