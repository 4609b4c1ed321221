"""The funnel's state with the figures that need a model: win probabilities of open leads, and owners."""

from collections.abc import Sequence

from features.attributes.identity import is_account
from funnel.records import Record
from funnel.state.leads.assignments import OWNER
from funnel.state.leads.probabilities import lead_probabilities
from funnel.state.owners import owners
from funnel.state.state import EVERYTHING, FunnelOptions, funnel_state
from history.base.warnings import Warning, json_of
from history.history import History
from models.bundle import Bundle


def funnel_report(
    history: History,
    options: FunnelOptions = EVERYTHING,
    bundle: Bundle | None = None,
    warnings: Sequence[Warning] = (),
    *,
    may_compare_owners: bool = True,
) -> Record:
    """The JSON of `leadcast funnel`: funnel_state with `owners`, and these warnings added.

    Without a model the probabilities are null. `owners` is empty without a model, without `compare_owners` under
    [display], and for people who may not compare: comparing employees is regulated in many places.
    """
    probabilities = None if bundle is None else lead_probabilities(bundle, history)
    columns, pace = (None, None) if bundle is None else (learned_columns(bundle), bundle.pace)
    state = funnel_state(history, options, probabilities, columns, pace)
    state["warnings"] += json_of(warnings)
    state["owners"] = []
    if bundle is not None and may_compare_owners and history.config.display.get("compare_owners", False):
        state["owners"] = owners(bundle, history, options.from_us, options.to_us)
    return state


def learned_columns(bundle: Bundle) -> list[str]:
    """The attributes that the model learned from: those that know the outcome were found at training and left out."""
    sensitive = bundle.config.sensitive
    names = (attribute.name for attribute in bundle.vocabulary.attributes)
    return [name for name in names if name != OWNER and name not in sensitive and not is_account(name)]
