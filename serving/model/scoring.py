"""A request's leads -> History -> Snapshot -> score records, by the same door and scorer as everything else."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from history.arrays import Ints
from history.errors import InvalidInput
from history.history import History
from history.read import read_records
from history.snapshot import Snapshot
from models.bundle import Bundle
from models.scorer import score
from serving.base.limits import AHEAD_US
from serving.base.problems import Problem, error, invalid

_PATH = re.compile(r"^([a-z_]+(?:\[\d+\])?(?:\.[a-z_]+(?:\[\d+\])?)*):? +")
_STEP = re.compile(r"[a-z_]+|\d+")

Lead = Mapping[str, Any]
Record = dict[str, Any]


def score_leads(
    bundle: Bundle, leads: Sequence[Lead], as_of_us: int, now_us: int, reasons: int | None
) -> list[Record | Problem]:
    """One score record a lead in order, a Problem in the place of each that breaks a rule; times in us UTC."""
    history, refused = read_records(leads, bundle.config, as_of_us)
    answers: list[Record | Problem] = [_refusal(r) if r is not None else {} for r in refused]
    kept = [i for i, r in enumerate(refused) if r is None]
    usable = np.arange(len(kept))
    if not _all_in_time(history, as_of_us, now_us + AHEAD_US):
        for row, place in enumerate(kept):
            errors = _out_of_time(history, row, as_of_us, now_us + AHEAD_US)
            if errors:
                answers[place] = invalid(errors)
        usable = np.array(
            [r for r in usable.tolist() if not isinstance(answers[kept[r]], Problem)], dtype=np.int64
        )
    if len(usable):
        snapshot = Snapshot(history, usable, np.full(len(usable), as_of_us, dtype=np.int64))
        for row, record in zip(usable.tolist(), score(bundle, snapshot, reasons).records(), strict=True):
            answers[kept[row]] = record
    return answers


def _logs(history: History) -> dict[str, Any]:
    return {
        "interactions": history.interactions,
        "stages": history.stages,
        "attribute_changes": history.changes,
        "outcome": history.outcomes,
    }


def _all_in_time(history: History, as_of_us: int, latest_us: int) -> bool:
    """Whether no lead is younger than as_of and no row lies after latest_us."""
    return _largest(history.created_us) <= min(as_of_us, latest_us) and all(
        _largest(log.known_us) <= latest_us for log in _logs(history).values()
    )


def _largest(times: Ints) -> int:
    return int(times.max()) if len(times) else 0


def _out_of_time(history: History, row: int, as_of_us: int, latest_us: int) -> list[dict[str, Any]]:
    found = []
    for name, log in _logs(history).items():
        if _largest(log.known_us[log.offsets[row] : log.offsets[row + 1]]) > latest_us:
            found.append(error(["body", name], "a time lies more than 5 minutes ahead of now"))
    if history.created_us[row] > latest_us:
        found.append(error(["body", "created_at"], "lies more than 5 minutes ahead of now"))
    elif history.created_us[row] > as_of_us:
        found.append(error(["body", "created_at"], "the lead was created after as_of"))
    return found


def _refusal(refused: InvalidInput) -> Problem:
    return invalid([_located(text) for text in refused.problems])


def _located(text: str) -> dict[str, Any]:
    """A problem of the door, "interactions[3].occurred_at: ...", as {loc, msg}."""
    path = _PATH.match(text)
    if path is None:
        return error(["body"], text)
    steps = [int(s) if s.isdigit() else s for s in _STEP.findall(path[1])]
    return error(["body", *steps], text[path.end() :])
