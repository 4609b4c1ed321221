"""A vocabulary written by hand that has a column of every sort."""

from dataclasses import replace

import numpy as np

from features.attributes.attributes import Attribute
from features.attributes.category_rates import ALWAYS, CategoryTables
from features.attributes.kernel import PLACES
from features.interactions.interactions import InteractionVocabulary
from features.vocabulary import Vocabulary
from history.config.config import FunnelConfig
from tests.builders.leads.lead_histories import CONFIG, START_US

DATE_PLACES = ("days_ahead", "days_after_creation", "weekday", "week")
CHANGE_PLACES = ("changes", "days_since_change")


def words(config: FunnelConfig = CONFIG) -> Vocabulary:
    assert set(DATE_PLACES + CHANGE_PLACES) < set(PLACES)
    return Vocabulary(
        config=config,
        learned_at_us=START_US,
        n_leads=100,
        stage_medians=(2.0, None, 0.001),
        interactions=InteractionVocabulary(("call", "mail"), ("phone",), True, True, True, True, True),
        attributes=(
            Attribute("size", "number", ("value",)),
            Attribute("due", "date", DATE_PLACES),
            Attribute("agreed", "boolean", ("value",)),
            Attribute(
                "plan",
                "category",
                ("value", "share", "past_leads", "win_rate", *CHANGE_PLACES),
                levels=("x", "3"),
                shares=(0.5, 0.25),
                seen=("x", "3", "y"),
            ),
            Attribute("score", "number", ("value",), mutable=True),
            Attribute("tools", "set", ("value",), levels=("ERP", "BI"), folds=True, form=";"),
        ),
        tables=CategoryTables(
            {"plan": {"x": 0, "3": 1}},
            np.arange(3),
            np.full(2, ALWAYS),
            np.array([8, 2]),
            np.array([4, 0]),
            np.full(1, ALWAYS),
            np.array([100]),
            np.array([30]),
        ),
        whole_year=True,
    )


def in_zone(name: str) -> Vocabulary:
    return words(replace(CONFIG, timezone=name))
