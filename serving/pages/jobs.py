"""Jobs on pages: their progress, and the forms of the model's page that start them."""

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from serving.base.problems import Problem, error, invalid
from serving.http.form_posts import Fields
from serving.http.router import Routes
from serving.jobs import kinds
from serving.jobs.jobs import Job, JobRunning, Jobs
from serving.pages.cookies import own_path
from serving.pages.rendering import reader_of, render

VERSION = re.compile(r"\d{1,9}")

routes = Routes()


@routes.get("/job")
async def get_job(request: Request) -> Response:
    """The part of a page that shows the running job; htmx asks for it, and loads the page anew at the job's end."""
    jobs: Jobs = request.app.state.runtime.jobs
    state = jobs.state()
    answer = render("job.html", request, job=state)
    if state is None or not state.is_running:
        answer.headers["hx-refresh"] = "true"
    return answer


@routes.form("/model/train", "admin")
async def post_train(request: Request, fields: Fields) -> Response:
    """Trains on what the store knows now."""
    return await started(request, kinds.training())


@routes.form("/model/promote", "admin")
async def post_promote(request: Request, fields: Fields) -> Response:
    """Promotes a version; raises Problem 422 unless it is a number."""
    version = fields.text("version")
    if not VERSION.fullmatch(version):
        raise invalid([error(["body", "version"], "expected the number of a version")])
    return await started(request, kinds.promotion(version))


@routes.form("/model/rollback", "admin")
async def post_rollback(request: Request, fields: Fields) -> Response:
    """Goes back to the version that was promoted before."""
    return await started(request, kinds.rollback())


@routes.form("/model/versions", "admin")
async def post_versions(request: Request, fields: Fields) -> Response:
    """Lists the registry's versions anew."""
    return await started(request, kinds.listing())


@routes.form("/job/cancel", "admin")
async def post_cancel(request: Request, fields: Fields) -> Response:
    """Ends the running job; returns to the page that shows it. One that has ended meanwhile is no fault."""
    jobs: Jobs = request.app.state.runtime.jobs
    try:
        jobs.cancel()
    except OSError as fault:
        raise unwritable(fault) from None
    return RedirectResponse(own_path(fields.text("to")), 303)


async def started(request: Request, job: Job, page: str = "/model") -> Response:
    """Starts a job and shows the page with its progress; raises Problem 409 while another one runs, or 503."""
    jobs: Jobs = request.app.state.runtime.jobs
    try:
        await jobs.start(job, reader_of(request))
    except JobRunning:
        raise busy() from None
    except OSError as fault:
        raise unwritable(fault) from None
    return RedirectResponse(page, 303)


def busy() -> Problem:
    """409: one job at a time."""
    detail = "Another training, import or promotion runs. Wait for its end, then try again."
    return Problem(409, "job-running", detail)


def unwritable(fault: OSError) -> Problem:
    """503: the home takes no files."""
    reason = fault.strerror or type(fault).__name__
    return Problem(
        503, "home-unwritable", f"The home cannot be written: {reason}.", headers={"Retry-After": "60"}
    )
