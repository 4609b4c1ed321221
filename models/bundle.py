"""The bundle of one training: its models and what reading, explaining and forecasting need of it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from features.catalogue import catalogue
from features.feature import Feature
from features.vocabulary import Vocabulary
from history.config.config import FunnelConfig
from history.config.schema import OWN_ATTRIBUTES
from history.text.times import format_time
from models.baseline import StageTable
from models.doubts.lead_values import ValueCheck, value_check
from models.doubts.novelty import NoveltyCheck, TrainingRanges, novelty_check
from models.figures.additive import AdditiveModel
from models.figures.amount import AmountModel
from models.figures.calibration import Calibration, line
from models.figures.close_time import CloseTime
from models.figures.figures import FigureModels, ScoreModels, figure_models
from models.figures.intervals import LogOddsError, RateBounds, open_rate_interval
from models.figures.linear import constant_model
from models.forecast_basis import ForecastBasis
from models.reasons.evidence import Evidence
from models.reasons.explain import Wording
from models.reasons.pace import Pace
from models.reasons.past_leads import PastLeads
from models.reasons.usual_touches import UsualTouch


@dataclass(frozen=True, repr=False)
class Bundle:
    """Everything that a score needs.

    base_rate: the share won within the horizon, of base_leads leads. conversion: None if the replay showed no usable
    signal; then every open lead gets the base rate. reference (r,): sorted probabilities of the leads open at
    trained_through_us; base_margin: the model's mean margin over them. evidence, past_leads and usual_touches explain a
    score to people, pace says when an open lead needs attention; bundles of older versions have none. is_weak: True if
    log-odds are shrunk for thin evidence. card: the model card (metrics, baselines, calibration table, importance,
    warnings, dates).
    """

    vocabulary: Vocabulary
    trained_through_us: int
    base_rate: float
    base_leads: float
    conversion: AdditiveModel | None
    calibration: Calibration
    base_margin: float
    log_odds_error: LogOddsError
    training_ranges: TrainingRanges
    stage_table: StageTable
    amount: AmountModel | None
    close_time: CloseTime
    reference: npt.NDArray[np.float64]
    forecast: ForecastBasis | None = None
    evidence: Evidence = field(default_factory=Evidence)
    past_leads: PastLeads | None = None
    is_weak: bool = False
    usual_touches: tuple[UsualTouch, ...] = ()
    pace: Pace | None = None
    card: dict[str, Any] = field(default_factory=dict)
    version: str = ""
    trees_sha256: str = ""

    @property
    def config(self) -> FunnelConfig:
        return self.vocabulary.config

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """The columns (k,) that the models read."""
        return catalogue(self.vocabulary)

    @cached_property
    def figures(self) -> FigureModels:
        """The models, ready to give all figures of scores together; the chance is 0.5 without a conversion model."""
        columns, conversion = len(self.features), self.conversion
        calibration, error = self.calibration, self.log_odds_error
        if conversion is None:
            conversion = AdditiveModel(constant_model(0.0, columns), 1.0, None)
            calibration, error = line(1.0, 0.0), LogOddsError(np.zeros(1), np.zeros(1))
        return figure_models(
            ScoreModels(conversion, calibration, error, self.amount, self.close_time, self.reference, columns)
        )

    @cached_property
    def wording(self) -> Wording:
        """What reasons say in files."""
        return Wording(self.vocabulary)

    @cached_property
    def wording_with_evidence(self) -> Wording:
        """What reasons say over HTTP."""
        return Wording(self.vocabulary, self.evidence)

    @cached_property
    def wording_with_numbers(self) -> Wording:
        """What reasons say over HTTP, with the numbers behind their words."""
        return Wording(self.vocabulary, self.evidence, has_numbers=True)

    @cached_property
    def novelty(self) -> NoveltyCheck:
        """The check for leads unlike those of training."""
        return novelty_check(self.training_ranges, self.features, self.vocabulary)

    @cached_property
    def values(self) -> ValueCheck:
        """The check for values that the model cannot read, and for misspelt attributes."""
        vocabulary, config = self.vocabulary, self.config
        unlearned = {
            *vocabulary.dropped,
            *vocabulary.identity,
            *config.ignore,
            *config.identity,
            *config.sensitive,
        }
        return value_check(vocabulary.attributes, self.features, unlearned | {*OWN_ATTRIBUTES})

    @cached_property
    def abstained_interval(self) -> RateBounds:
        """80 % interval of a lead that gets the base rate: that of the rate, and of the scored leads' probabilities."""
        low, high = open_rate_interval(self.base_rate, self.base_leads)
        if self.conversion is None or not len(self.reference):
            return RateBounds(low, high)
        scored_low, scored_high = np.quantile(self.reference, [0.1, 0.9]).tolist()
        return RateBounds(min(low, scored_low), max(high, scored_high))

    @property
    def signal(self) -> str:
        """ "usable" if the model surely distinguishes leads, "weak" if it hardly does, "none" if it does not."""
        if self.conversion is None:
            return "none"
        return "weak" if self.is_weak else "usable"

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the replay, by name."""
        return dict(self.card.get("metrics", {}))

    def __repr__(self) -> str:
        through = format_time(self.trained_through_us)
        return f"<Bundle version {self.version!r}, signal {self.signal}, trained through {through}>"

    def describe(self) -> dict[str, Any]:
        """The body of GET /v1/model without `refused`."""
        return {
            "model_version": self.version,
            "signal": self.signal,
            "horizon_days": self.config.horizon_days,
            "trained_through": format_time(self.trained_through_us),
            "base_rate": self.base_rate,
            "base_probability": base_probability(self),
            "currency": self.config.currency,
            "metrics": self.metrics,
            "calibration": self.card.get("calibration", []),
            "features": [{"name": f.name, "unit": f.unit, "kind": f.kind} for f in self.features],
            "trees_sha256": self.trees_sha256,
        }


def base_probability(bundle: Bundle) -> float:
    """The calibrated probability at the model's mean margin, from which reasons start."""
    if bundle.conversion is None:
        return bundle.base_rate
    return float(bundle.calibration.probability(np.array([bundle.base_margin]))[0])
