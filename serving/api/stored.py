"""The store behind a request."""

from starlette.requests import Request

from serving.store.async_store import AsyncStore


def store_of(request: Request) -> AsyncStore:
    """The store of the application that a request reached."""
    store: AsyncStore = request.app.state.runtime.stored
    return store
