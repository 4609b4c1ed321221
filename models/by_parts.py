"""Scores made by an engine: the model's files go to each worker, which scores the leads of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from features.by_parts import needs_of
from history.base.arrays import Ints
from history.base.engine import Engine, map_on
from history.partitions import Part, split
from history.snapshot import Snapshot
from models.bundle import Bundle
from models.home.saved import bundle_files, bundle_of
from models.reasons.reason_texts import ReasonTexts, texts_of
from models.scorer import score
from models.scores.scores import Scores

LEADS_AT_ONCE: Final = 100_000  # without an engine


def score_on(engine: Engine | None, bundle: Bundle, snapshot: Snapshot, reasons: int | None = 5) -> Scores:
    """`score` of the snapshot on an engine, equal to the last bit; see there.

    Without an engine this process scores a large snapshot by parts too: features and reasons as objects are those of
    one part at a time.
    """
    n_parts = -(-len(snapshot) // LEADS_AT_ONCE) if engine is None else engine.n_parts
    if not len(snapshot) or (engine is None and n_parts == 1):
        return score(bundle, snapshot, reasons)
    sent = _SentModel(bundle_files(bundle), bundle.version, reasons)
    parts = split(snapshot, n_parts, needs_of(bundle.vocabulary))
    rows: list[Ints] = []
    scores: list[Scores] = []
    for places, of_part in map_on(engine, _scores_of, sent, parts):
        rows.append(places)
        scores.append(of_part)
    return scores[0].and_then(scores[1:]).take(np.argsort(np.concatenate(rows)))


@dataclass(frozen=True, eq=False)
class _SentModel:
    """A bundle as its files, which any worker reads without a disk in common, and the number of reasons."""

    files: Mapping[str, bytes]
    version: str
    reasons: int | None

    @cached_property
    def bundle(self) -> Bundle:
        """Read once a worker."""
        return bundle_of(dict(self.files), self.version, Path("the model sent to a worker"))


def _scores_of(sent: _SentModel, part: Part) -> tuple[Ints, Scores]:
    """Positions of the part's rows in the whole, and their scores."""
    scores = score(sent.bundle, part.snapshot, sent.reasons)
    return part.rows, replace(scores, reasons=ReasonTexts(texts_of(scores.reasons)))
