"""The language of a page: the reader's choice in a cookie, else the best of Accept-Language, else English."""

from starlette.requests import Request

from serving.pages.words.catalogue import LANGUAGES

COOKIE = "leadcast_language"
DEFAULT = "en"
MAX_RANGES = 20


def language_of(request: Request) -> str:
    """A key of LANGUAGES."""
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else accepted(request.headers.get("accept-language", ""))


def accepted(header: str) -> str:
    """The language with the highest quality (RFC 9110, section 12.5.4); what cannot be read counts for nothing."""
    best, best_quality = DEFAULT, 0.0
    for part in header.split(",")[:MAX_RANGES]:
        tag, _, parameter = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value) if name == "q" else 0.0
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
