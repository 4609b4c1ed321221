"""What a reader chooses for all pages: the language."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from serving.base.problems import error, invalid
from serving.http.form_posts import Fields
from serving.http.router import Routes
from serving.pages.cookies import own_path, set_cookie
from serving.pages.words.catalogue import LANGUAGES
from serving.pages.words.language import COOKIE

YEAR_SECONDS = 365 * 86_400

routes = Routes()


@routes.form("/language", None)
async def post_language(request: Request, fields: Fields) -> Response:
    """Keeps the language in a cookie and returns to the page; raises Problem 422 for an unknown one."""
    language = fields.text("language")
    if language not in LANGUAGES:
        raise invalid([error(["body", "language"], f"expected {', '.join(LANGUAGES)}")])
    answer = RedirectResponse(own_path(fields.text("to")), 303)
    set_cookie(answer, request, COOKIE, language, YEAR_SECONDS)
    return answer
