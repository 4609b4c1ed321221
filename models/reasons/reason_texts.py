"""Reasons as JSON texts: how they travel between processes, and how the score file holds them."""

import json
from collections.abc import Sequence
from typing import Any, overload

Reasons = Sequence[dict[str, Any]]


class ReasonTexts(Sequence[Reasons]):
    """The reasons of n leads as JSON `texts`, each read when it is wanted.

    A text travels in a fraction of the time that its objects take, and a score file needs no object at all.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, index: int) -> Reasons: ...

    @overload
    def __getitem__(self, index: slice) -> "ReasonTexts": ...

    def __getitem__(self, index: int | slice) -> "Reasons | ReasonTexts":
        if isinstance(index, slice):
            return ReasonTexts(self.texts[index])
        reasons: Reasons = json.loads(self.texts[index])
        return reasons


def texts_of(reasons: Sequence[Reasons]) -> Sequence[str]:
    """The reasons of each lead as one JSON text."""
    if isinstance(reasons, ReasonTexts):
        return reasons.texts
    return [json.dumps(of_lead, ensure_ascii=False) for of_lead in reasons]
