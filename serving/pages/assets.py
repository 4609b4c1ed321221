"""Style sheets and scripts of the pages."""

import asyncio
import gzip
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from serving.base.problems import Problem
from serving.http.router import Routes

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PLOTLY = "plotly.min.js"  # comes with the plotly package
SMALLEST_COMPRESSED = 100_000  # bytes: plotly's 4.8 MB, but none of our own files
CACHE_CONTROL = "max-age=3600"

routes = Routes()


class _Asset(NamedTuple):
    content: bytes
    media_type: str


@routes.get("/static/{name}")
async def get_asset(request: Request) -> Response:
    """A style sheet, script or picture; large ones compressed if the browser takes gzip."""
    name = request.path_params["name"]
    asset = _asset(name)
    if asset is None:
        raise Problem(404, "not-found", "Nothing is at this path.")
    content, headers = asset.content, {"cache-control": CACHE_CONTROL}
    if len(content) > SMALLEST_COMPRESSED and "gzip" in request.headers.get("accept-encoding", ""):
        content = await asyncio.to_thread(_compressed, name)
        headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(content, headers=headers, media_type=asset.media_type)


@lru_cache(maxsize=1)
def _compressed(name: str) -> bytes:
    asset = _asset(name)
    return b"" if asset is None else gzip.compress(asset.content, 6, mtime=0)


@lru_cache(maxsize=64)
def _asset(name: str) -> _Asset | None:
    """The asset of this name, None for any other: the name of a request never becomes a path."""
    if name == PLOTLY:
        from funnel.figures import plotly_script  # imports plotly, which only these pages need

        return _Asset(plotly_script(), MEDIA_TYPES[".js"])
    for path in FOLDER.iterdir():
        if path.name == name and path.suffix in MEDIA_TYPES:
            return _Asset(path.read_bytes(), MEDIA_TYPES[path.suffix])
    return None
