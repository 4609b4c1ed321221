"""The page of the model in use: what it is worth in one sentence, then its calibration, ranking, features, versions."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from history.base.extras import missing_packages
from models.bundle import Bundle
from serving.api.model_record import model_record, versions_record
from serving.http.router import Routes
from serving.jobs.kinds import are_listed
from serving.pages.lead.reasons import ReasonWords
from serving.pages.rendering import formats_of, refreshed, render
from serving.pages.words.catalogue import Translator

FEATURES_SHOWN = 20
# Metrics in the order of the table; their words are texts/model.toml's.
METRICS = (
    "lift_10",
    "auc",
    "pr_auc",
    "log_loss",
    "brier",
    "ece",
    "wins_error",
    "revenue_error",
    "gini",
)
SHARES = ("wins_error", "revenue_error")  # shown in percent
NEAR = 0.02  # promises off by less are "about right"
SIDE = 100.0  # of the calibration chart, in its own units

routes = Routes()


@routes.get("/model")
async def get_model_page(request: Request) -> Response:
    """The current model, and the promoted one if it was refused."""
    runtime = request.app.state.runtime
    record: dict[str, Any] | None = None
    bundle: Bundle | None = runtime.watch.current
    if bundle is not None:
        record = await asyncio.to_thread(model_record, runtime.watch, runtime.settings.home)
        words = ReasonWords.of(bundle, Translator(formats_of(request)))
        record["importance"] = [
            {**row, "label": words.label(row["feature"], row["label"])} for row in record["importance"]
        ]
    return render(
        "model.html",
        request,
        model=record,
        claim=claim_of(record["metrics"]) if record else None,
        metrics=[name for name in METRICS if record and name in record["metrics"]],
        shares=SHARES,
        best=_best_baseline(record) if record else None,
        calibration=calibration_points(record["calibration"]) if record else None,
        features_shown=FEATURES_SHOWN,
        refused=runtime.watch.refused,
        versions=record["versions"]
        if record
        else await asyncio.to_thread(versions_record, runtime.settings.home),
        job=runtime.jobs.state(),
        are_listed=are_listed(runtime.settings.home),
        missing=missing_packages("train"),
        tracking=tracking_link(),
    )


@routes.get("/model/loading")
async def get_model_loading(request: Request) -> Response:
    """A page that waits for the model asks this (htmx): it is told to read itself anew once nothing is being loaded."""
    return Response(status_code=204) if request.app.state.runtime.watch.is_loading else refreshed()


def tracking_link(environment: Mapping[str, str] = os.environ) -> str | None:
    """The tracking server's page of the model, without user and password; None unless it is reached by HTTP."""
    parts = urlsplit(environment.get("MLFLOW_TRACKING_URI", ""))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}/#/models/leadcast"


def claim_of(metrics: Mapping[str, float | None]) -> dict[str, Any] | None:
    """What the sentence on top says: the lift, and whether promises were high, low or right; None without figures."""
    lift, error = metrics.get("lift_10"), metrics.get("wins_error")
    if lift is None:
        return None
    kind = "lift"
    if error is not None:
        kind = "right" if abs(error) < NEAR else ("high" if error > 0 else "low")
    return {"kind": kind, "lift": lift, "share": abs(error or 0.0)}


def _best_baseline(record: Mapping[str, Any]) -> tuple[str, float] | None:
    """The baseline that ranks best besides the model, and its AUC."""
    known = {name: metrics.get("auc") for name, metrics in record["baselines"].items()}
    ranked = [(auc, name) for name, auc in known.items() if auc is not None]
    if not ranked:
        return None
    auc, name = max(ranked)
    return name, auc


def calibration_points(table: Sequence[Mapping[str, float]]) -> dict[str, Any] | None:
    """The points of the calibration chart in a square of SIDE, and the largest share on its axes; None without rows."""
    if not table:
        return None
    largest = max(max(row["probability"], row["won"]) for row in table) or 1.0
    top = min(1.0, largest * 1.1)
    points = [(SIDE * row["probability"] / top, SIDE - SIDE * row["won"] / top) for row in table]
    return {"top": top, "points": points}
