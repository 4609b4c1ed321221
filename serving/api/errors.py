"""Exceptions of the store, the model and request times -> problems (RFC 9457)."""

from serving.base.instant import InvalidInstant
from serving.base.problems import Problem, error, invalid, unavailable
from serving.model.errors import NoModel
from serving.store.errors import (
    DiskFull,
    ReportPreparing,
    ReportRefused,
    ReportsBusy,
    ReportSlow,
    StoreSlow,
    StoreUnavailable,
)

PREPARING_SECONDS = 5  # between two looks
LOADING_SECONDS = 2


def expected_problem(raised: Exception) -> Problem | None:
    """The problem of an exception that a correct service can raise; None for an unexpected one."""
    if isinstance(raised, StoreUnavailable):
        return _store_problem(raised)
    if isinstance(raised, NoModel):
        return _model_problem(raised)
    if isinstance(raised, InvalidInstant):
        return invalid([error(["query", raised.key], str(raised))])
    if isinstance(raised, ReportRefused):
        return invalid([error(["query"], message) for message in raised.messages])
    if isinstance(raised, ReportsBusy):
        return unavailable("outlook-busy", "Too many funnels and forecasts at once; try again.", 2)
    if isinstance(raised, ReportSlow):
        return unavailable("outlook-slow", "It takes longer than expected; ask again.", 10)
    if isinstance(raised, ReportPreparing):
        detail = "It is being prepared for the first time from all stored leads; ask again in some seconds."
        return unavailable("outlook-preparing", detail, PREPARING_SECONDS)
    return None


def _store_problem(outage: StoreUnavailable) -> Problem:
    """503 with the seconds to wait; the outage's own text is for operators and stays in the log."""
    if isinstance(outage, StoreSlow):
        return unavailable(
            "store-slow", "The store did not answer in time; send it again.", outage.retry_after
        )
    detail = "The store cannot be written or read now; nothing was stored. Send it again."
    if isinstance(outage, DiskFull):
        return unavailable("disk-full", detail, outage.retry_after)
    return unavailable("store-unavailable", detail, outage.retry_after)


def _model_problem(missing: NoModel) -> Problem:
    if missing.is_loading:
        return unavailable(
            "no-model", "The model is being loaded; ask again in some seconds.", LOADING_SECONDS
        )
    refusal = "" if missing.refusal is None else f" The promoted one was refused: {missing.refusal}."
    detail = f"No model is in use.{refusal} Train and promote one: leadcast train DATA --promote always."
    return unavailable("no-model", detail, 5)
