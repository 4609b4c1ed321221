"""Scores of n leads in the contract's words: as arrays, as the score file's columns, as one flat record a lead."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from history.base.arrays import Floats, Ints
from history.base.table_file import COUNT, DATE, JSON, NUMBER, TEXT, TIME
from history.base.warnings import Warning, json_of
from history.text.times import format_time
from models.reasons.reason_texts import ReasonTexts, texts_of

SCORED, ABSTAINED, WON_LEAD, LOST_LEAD, GONE_LEAD = 0, 1, 2, 3, 4
STATUS = ("scored", "insufficient_data", "won", "lost", "gone")

COLUMN_KINDS: Final[Mapping[str, str]] = {
    "lead_id": TEXT,
    "status": TEXT,
    "stage": TEXT,
    "as_of": TIME,
    "probability": NUMBER,
    "probability_low": NUMBER,
    "probability_high": NUMBER,
    "horizon_days": COUNT,
    "score": NUMBER,
    "grade": TEXT,
    "expected_amount": NUMBER,
    "expected_amount_low": NUMBER,
    "expected_amount_high": NUMBER,
    "expected_revenue": NUMBER,
    "currency": TEXT,
    "expected_close_date": DATE,
    "baseline_probability": NUMBER,
    "reasons": JSON,
    "model_version": TEXT,
    "name": TEXT,
    "rank": COUNT,
}
COLUMNS = tuple(COLUMN_KINDS)


@dataclass(frozen=True)
class Scores:
    """n scores in the order of their snapshots.

    status (n,) indexes STATUS; probabilities and rates lie in 0..1, score in 0..100, amounts in `currency` with NaN for
    unknown; expected_close_day (n,) is a date in the funnel's zone, NaT for none; reasons and warnings: a list a lead.
    name and rank, which starts at 1, are for people.
    """

    lead_ids: Sequence[str]
    status: npt.NDArray[np.int8]
    stage: Sequence[str | None]
    as_of_us: npt.NDArray[np.int64]
    probability: Floats
    probability_low: Floats
    probability_high: Floats
    horizon_days: int
    score: Floats
    grade: Sequence[str]
    expected_amount: Floats
    expected_amount_low: Floats
    expected_amount_high: Floats
    currency: str | None
    expected_close_day: npt.NDArray[np.datetime64]
    baseline_probability: Floats
    reasons: Sequence[Sequence[dict[str, Any]]]
    warnings: Sequence[Sequence[Warning]]
    model_version: str
    name: Sequence[str | None] = ()  # empty, as rank, unless models/scores/presentation.py has set them
    rank: Sequence[int | None] = ()

    def __len__(self) -> int:
        return len(self.lead_ids)

    @property
    def expected_revenue(self) -> Floats:
        return self.probability * self.expected_amount

    def take(self, order: Ints) -> "Scores":
        """The scores at these positions, in their order."""
        positions = order.tolist()
        values: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                values[field.name] = value[order]
            elif isinstance(value, ReasonTexts):
                values[field.name] = ReasonTexts([value.texts[i] for i in positions])
            elif not isinstance(value, str | int | None) and len(value):
                values[field.name] = [value[i] for i in positions]
        return replace(self, **values)

    def and_then(self, others: Sequence["Scores"]) -> "Scores":
        """These scores and, after them, those of others by the same model; reasons become texts."""
        every = (self, *others)
        values: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                values[field.name] = np.concatenate([getattr(scores, field.name) for scores in every])
            elif field.name == "reasons":
                values[field.name] = ReasonTexts(
                    [text for scores in every for text in texts_of(scores.reasons)]
                )
            elif not isinstance(value, str | int | None):
                values[field.name] = [item for scores in every for item in getattr(scores, field.name)]
        return replace(self, **values)

    def records(self) -> list[dict[str, Any]]:
        """One JSON-ready dict a lead: the columns of the score file, reasons as a list, and warnings."""
        columns = self._plain()
        names = tuple(columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def columns(self, *, reasons_as_text: bool = True) -> dict[str, list[Any]]:
        """The score file's columns in its order, of the kinds in COLUMN_KINDS; reasons as JSON text or as lists."""
        columns = self._plain()
        columns["reasons"] = list(texts_of(self.reasons) if reasons_as_text else self.reasons)
        return {name: columns[name] for name in COLUMNS}

    def _plain(self) -> dict[str, Any]:
        """Every column as a sequence of JSON-ready values (n,), with the warnings."""
        n = len(self)
        return {
            "lead_id": list(self.lead_ids),
            "status": [STATUS[s] for s in self.status.tolist()],
            "stage": list(self.stage),
            "as_of": _time_texts(self.as_of_us),
            "probability": self.probability.tolist(),
            "probability_low": self.probability_low.tolist(),
            "probability_high": self.probability_high.tolist(),
            "horizon_days": [self.horizon_days] * n,
            "score": self.score.tolist(),
            "grade": list(self.grade),
            "expected_amount": _nullable(self.expected_amount),
            "expected_amount_low": _nullable(self.expected_amount_low),
            "expected_amount_high": _nullable(self.expected_amount_high),
            "expected_revenue": _nullable(self.expected_revenue),
            "currency": [self.currency] * n,
            "expected_close_date": _day_texts(self.expected_close_day),
            "baseline_probability": self.baseline_probability.tolist(),
            "reasons": self.reasons,
            "model_version": [self.model_version] * n,
            "name": list(self.name) or [None] * n,
            "rank": list(self.rank) or [None] * n,
            "warnings": [json_of(warnings) for warnings in self.warnings],
        }


def counted_warnings(of_leads: Iterable[Iterable[Warning]]) -> list[Warning]:
    """Warnings of many leads as one for each code and subject: its number of leads and its first detail."""
    counts = WarningCounts()
    for warnings in of_leads:
        counts.add(warnings)
    return counts.warnings()


class WarningCounts:
    """Warnings of leads by code and subject, as leads are added."""

    def __init__(self) -> None:
        self._details: dict[tuple[str, str], str] = {}
        self._leads: Counter[tuple[str, str]] = Counter()

    def add(self, warnings: Iterable[Warning]) -> None:
        """Counts the warnings of one lead."""
        for warning in warnings:
            key = warning.code, warning.subject
            self._details.setdefault(key, warning.detail)
            self._leads[key] += 1

    def warnings(self) -> list[Warning]:
        """One for each code and subject, in the order in which they came: its number of leads and its first detail."""
        return [
            Warning(code, subject, self._details[code, subject], leads=count)
            for (code, subject), count in self._leads.items()
        ]


def _time_texts(instants_us: Ints) -> list[str]:
    """Each instant (n,) as text; leads of one run share theirs, so each distinct one is formatted once."""
    instants = instants_us.tolist()
    texts = {us: format_time(us) for us in dict.fromkeys(instants)}
    return [texts[us] for us in instants]


def _day_texts(days: npt.NDArray[np.datetime64]) -> list[str | None]:
    """Each date (n,) as YYYY-MM-DD, None for NaT."""
    texts = days.astype("U10").tolist()
    return [None if text == "NaT" else text for text in texts]


def _nullable(values: Floats) -> list[float | None]:
    return [None if v != v else v for v in values.tolist()]
