"""Stage entries of one instant, as exports with dates alone have them: they take the configured order of stages."""

from typing import Final

import numpy as np

from history.config import FunnelConfig
from history.history import Stages
from history.spelling import fold

# In FunnelConfig.inferred of a model's configuration for a folder: its stages were inferred when it was trained.
INFERRED_STAGES: Final = "inferred_stages"


def has_configured_order(config: FunnelConfig) -> bool:
    """True if funnel.toml names the stages, here or where the model was trained."""
    return bool(config.stages) and {"stages", INFERRED_STAGES}.isdisjoint(config.inferred)


def in_configured_order(stages: Stages, config: FunnelConfig) -> Stages:
    """The log with entries of one lead and instant in the order in which they became known, then of funnel.toml.

    Other stages come last. Without configured stages the log stays in file order, in training and scoring alike: an
    order that is inferred from the file says no more than the file.
    """
    is_tied = stages.time_us[1:] == stages.time_us[:-1]
    if not is_tied.any() or not has_configured_order(config):
        return stages
    starts = stages.offsets[1:-1]
    is_tied[starts[(starts > 0) & (starts <= len(is_tied))] - 1] = False
    if not is_tied.any():
        return stages
    place: dict[str, int] = {}
    for stage in config.stages:
        place.setdefault(fold(stage), len(place))
    places = np.array([*(place.get(fold(text), len(place)) for text in stages.stage.values), len(place)])
    order = np.lexsort((places[stages.stage.codes], stages.known_us, stages.time_us, stages.lead))
    return Stages(stages.offsets, stages.time_us[order], stages.known_us[order], stages.stage.take(order))
