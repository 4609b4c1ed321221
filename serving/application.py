"""The ASGI application: all routes, their OpenAPI document, and the guard around them."""

import asyncio
import gc
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from starlette.applications import Starlette

from serving.api import events, reports, scores, status, worklist
from serving.api.errors import expected_problem
from serving.api.leads import adjustments, beside, bulk_leads, corrections, leads, what_if
from serving.api.leads.recent_documents import RecentDocuments
from serving.api.openapi import describe
from serving.base.json_logs import LOGGER
from serving.base.settings import Settings
from serving.http.guard import Guard
from serving.http.router import Dispatcher
from serving.pages import assets, docs, model, preferences, signin
from serving.pages import jobs as job_pages
from serving.pages import welcome as welcome_page
from serving.pages.errors import problem_pages
from serving.pages.lead import forms as lead_forms
from serving.pages.lead import page as lead_page
from serving.pages.rendering import preparations
from serving.pages.reports import forecast, funnel
from serving.pages.worklist import line_forms, saved_views
from serving.pages.worklist import page as worklist_page
from serving.rehearsal import rehearse
from serving.runtime import Runtime

# Frequent routes first: the router tries them in order.
# Parts of a lead come before the lead, whose id may be any text.
API = (
    *(scores, events, worklist, corrections, bulk_leads, what_if, beside),
    *(leads, reports, adjustments, status),
)
PAGES = (
    *(worklist_page, line_forms, lead_forms, lead_page, model, funnel, forecast, docs),
    *(signin, preferences, saved_views, assets),
    *(job_pages, welcome_page),
)
PAUSE_SECONDS = 0.1  # between two steps that prepare pages, for requests of the first seconds
ROUTES = [route for part in (*API, *PAGES) for route in part.routes.all]


def build_app(runtime: Runtime) -> Starlette:
    """The application with all routes, without the guard; its lifespan is the runtime's."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with runtime.running():
            await _rehearse(app, runtime)
            preparing = asyncio.create_task(_prepare_pages())
            yield
            preparing.cancel()

    app = Starlette(routes=ROUTES, lifespan=lifespan)
    app.state.runtime = runtime
    app.state.score_batch = scores.new_score_batch()
    app.state.recent_documents = RecentDocuments()
    app.state.openapi = describe(ROUTES, [part.SCHEMAS for part in API], _version())
    return app


async def _rehearse(app: Starlette, runtime: Runtime) -> None:
    """Runs what a score runs, behind a guard that asks for no key and logs nothing.

    A worker that cannot rehearse serves as well: its first answers only take longer.
    """
    if runtime.watch.current is None:
        return
    silent = replace(runtime.settings, api_keys=(), rate_limit=None, logged="off")
    try:
        await rehearse(guarded(app, silent), runtime.watch.current)
    except Exception:
        LOGGER.warning("the worker could not rehearse; its first answers take longer", exc_info=True)


async def _prepare_pages() -> None:
    """Does in pauses what the first page of a worker would otherwise wait for."""
    for step in preparations():
        await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.to_thread(step)
    gc.freeze()  # templates and modules stay as long as the worker


def guarded(app: Starlette, settings: Settings) -> Guard:
    """The application as clients reach it."""
    return Guard(Dispatcher(app), settings, expected_problem, problem_pages(app))


def _version() -> str:
    """The installed version; in a bento, which installs no package, that of pyproject.toml beside the code."""
    try:
        return version("leadcast")
    except PackageNotFoundError:
        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
        return str(project["project"]["version"])
