"""The page of the current model: its metrics, calibration and most important features."""

from starlette.requests import Request
from starlette.responses import Response

from serving.http.router import Routes
from serving.pages.rendering import render

FEATURES_SHOWN = 25
METRICS = {
    "auc": "How often a won lead ranks above one that is not won; 0.5 is chance.",
    "pr_auc": "The same with weight on the leads at the top; chance is the share of wins.",
    "log_loss": "How far the probabilities are from the outcomes; lower is better.",
    "brier": "Mean squared error of the probabilities; lower is better.",
    "ece": "Gap between predicted and actual win rates; lower is better.",
    "lift_10": "Wins among the best tenth of leads, as a multiple of the average.",
    "wins_error": "Predicted against actual wins, as a share; 0 is best.",
    "revenue_error": "Predicted against actual revenue, as a share; 0 is best.",
    "gini": "How well ranking by expected revenue puts the revenue first; 1 is best.",
}

routes = Routes()


@routes.get("/model")
async def get_model_page(request: Request) -> Response:
    """The current model, and the promoted one if it was refused."""
    watch = request.app.state.runtime.watch
    bundle = watch.current
    card = {} if bundle is None else getattr(bundle, "card", {})
    return render(
        "model.html",
        request,
        model=None if bundle is None else bundle.describe(),
        card=card,
        importance=card.get("importance", [])[:FEATURES_SHOWN],
        baselines=card.get("baselines", {}),
        metric_meanings=METRICS,
        refused=watch.refused,
    )
