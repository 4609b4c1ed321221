"""The page of a first start: drop an export, see what was recognised, train, and land on the worklist."""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from history.base.extras import missing_packages
from serving.base.limits import MAX_TEXT
from serving.base.problems import Problem, error, invalid
from serving.http.form_posts import Fields
from serving.http.router import Routes
from serving.http.uploads import Upload, read_upload
from serving.jobs.jobs import Claim, JobRunning, Jobs
from serving.jobs.start import FIRST, Choice, first_training, forget, found_of, importing, write_listing
from serving.jobs.unpack import UPLOAD
from serving.pages.jobs import busy, started, unwritable
from serving.pages.rendering import reader_of, render

PAGE = "/welcome"
CURRENCY = re.compile(r"[A-Z]{3}")
SYSTEM_NAMES = {"ga4": "Google Analytics 4", "hubspot": "HubSpot", "pardot": "Account Engagement (Pardot)"}

routes = Routes()


def _systems() -> list[str]:
    from connectors.run import SYSTEMS  # a quarter of a second, with pandas, which no start waits for

    return sorted(SYSTEMS)


@routes.get(PAGE)
async def get_welcome_page(request: Request) -> Response:
    """The form for an export, its findings, or the progress; the worklist once the first model is in use."""
    runtime = request.app.state.runtime
    jobs: Jobs = runtime.jobs
    job = jobs.state()
    is_done = job is not None and job.kind == FIRST and job.status == "done"
    if is_done and runtime.watch.current is not None:
        return RedirectResponse("/", 303)
    return render(
        "welcome.html",
        request,
        job=job,
        is_trained=is_done,
        found=await asyncio.to_thread(found_of, runtime.settings.home),
        systems={name: SYSTEM_NAMES.get(name, name.capitalize()) for name in _systems()},
        missing=missing_packages("train"),
        upload_mb=runtime.settings.upload_mb,
        refused=runtime.watch.refused,
    )


@routes.form("/welcome/upload", "admin")
async def post_upload(request: Request, fields: Fields) -> Response:
    """Takes files into a private folder and starts their import; raises Problem 409, 413, 408, 422 or 503."""
    runtime = request.app.state.runtime
    jobs: Jobs = runtime.jobs
    try:
        claim = await jobs.claim()
    except JobRunning:
        raise busy() from None
    except OSError as fault:
        raise unwritable(fault) from None
    try:
        limit = runtime.settings.upload_mb << 20
        choice = _choice(await _receive(request, claim, limit))
        jobs.run(claim, importing(choice, limit), reader_of(request))
    except BaseException as fault:
        claim.release()
        if isinstance(fault, OSError) and not isinstance(fault, TimeoutError):
            raise unwritable(fault) from None
        raise
    return RedirectResponse(PAGE, 303)


async def _receive(request: Request, claim: Claim, limit: int) -> Upload:
    folder = claim.scratch / UPLOAD
    folder.mkdir()
    upload = await read_upload(request.scope, request.receive, folder, limit)
    if not upload.files:
        raise invalid([error(["body", "files"], "choose a file")])
    write_listing(claim.scratch, [(file.path.name, file.name) for file in upload.files])
    return upload


def _choice(upload: Upload) -> Choice:
    system = upload.fields.get("system", "")
    if system and system not in _systems():
        raise invalid([error(["body", "system"], f"expected {', '.join(_systems())}, or nothing")])
    currency = upload.fields.get("currency", "").upper()
    if currency and not CURRENCY.fullmatch(currency):
        raise invalid([error(["body", "currency"], "expected a code of three letters, such as EUR")])
    pipeline = upload.fields.get("pipeline", "")
    if not pipeline.isprintable() or len(pipeline) > MAX_TEXT:
        raise invalid([error(["body", "pipeline"], "expected the name of a pipeline")])
    return Choice(system or None, upload.fields.get("accept_rejected") == "yes", currency, pipeline)


@routes.form("/welcome/train", "admin")
async def post_train(request: Request, fields: Fields) -> Response:
    """Trains on the imported data and loads it; raises Problem 409 without any."""
    home = request.app.state.runtime.settings.home
    if found_of(home) is None:
        raise Problem(409, "nothing-imported", "There is no imported data to train on. Send an export first.")
    return await started(request, first_training(home), PAGE)


@routes.form("/welcome/discard", "admin")
async def post_discard(request: Request, fields: Fields) -> Response:
    """Removes the imported data, to start over."""
    runtime = request.app.state.runtime
    try:
        claim = await runtime.jobs.claim()
    except JobRunning:
        raise busy() from None
    try:
        await asyncio.to_thread(forget, runtime.settings.home)
    finally:
        claim.release()
    return RedirectResponse(PAGE, 303)
