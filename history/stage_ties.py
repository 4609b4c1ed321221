"""Stage entries of one instant, as exports with dates alone have them: they take the configured order of stages."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numba import types

from history.base.arrays import Ints
from history.base.compiled import I64, compiled
from history.base.whole import WHOLE, Question, Whole
from history.config.config import FunnelConfig
from history.history import FirstEntries, Stages, by_mean_rank, first_entries
from history.text.folding import fold

# In FunnelConfig.inferred of a model's configuration for a folder: its stages were inferred when it was trained.
INFERRED_STAGES: Final = "inferred_stages"


class Inferred(NamedTuple):
    """A log whose ties have the order of the stages that were inferred from it, and the configuration with these."""

    stages: Stages
    config: FunnelConfig


def infer_stages(stages: Stages, config: FunnelConfig, whole: Whole = WHOLE) -> Inferred:
    """The stages by the entries that are not of one instant; they order the others."""
    order = whole.decide(Question("order of stages", _joined, by_mean_rank), first_entries(stages))
    config = replace(config, stages=order)
    return Inferred(in_configured_order(stages, config), config)


def _joined(one: Mapping[str, FirstEntries], other: Mapping[str, FirstEntries]) -> dict[str, FirstEntries]:
    both = dict(one)
    for name, (leads, ranks) in other.items():
        own = both.get(name, FirstEntries(0, 0.0))
        both[name] = FirstEntries(own.leads + leads, own.ranks + ranks)
    return both


@compiled(types.boolean(I64))
def _has_neighbours(time_us: Ints) -> bool:
    """True if two rows (m,) that follow each other have one time."""
    for i in range(1, len(time_us)):  # noqa: SIM110 - numba compiles no generator
        if time_us[i] == time_us[i - 1]:
            return True
    return False


def in_configured_order(stages: Stages, config: FunnelConfig) -> Stages:
    """The log with entries of one lead and instant in the order in which they became known, then of the stages.

    These are those of funnel.toml, or inferred ones, as a model carries them; other stages come last. A log without
    either stays in file order.
    """
    if not config.stages or not _has_neighbours(stages.time_us):
        return stages
    is_tied = stages.time_us[1:] == stages.time_us[:-1]
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
