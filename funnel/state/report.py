"""The funnel's state with the figures that need a model: chances of open leads, and each owner's expected wins."""

from collections.abc import Mapping, Sequence

from funnel.state.owners import chances_of, owners
from funnel.state.period import Record
from funnel.state.state import EVERYTHING, FunnelAsked, funnel_state
from history.history import History
from models.bundle import Bundle


def funnel_report(
    history: History,
    asked: FunnelAsked = EVERYTHING,
    bundle: Bundle | None = None,
    warnings: Sequence[Mapping[str, str]] = (),
) -> Record:
    """The JSON of `leadcast funnel`: funnel_state with `owners`, and these warnings added.

    Without a model the chances are null and `owners` is empty.
    """
    chances = None if bundle is None else chances_of(bundle, history)
    state = funnel_state(history, asked, chances)
    state["warnings"] += warnings
    state["owners"] = [] if bundle is None else owners(bundle, history, asked.from_us, asked.to_us)
    return state
