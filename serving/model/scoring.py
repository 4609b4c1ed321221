"""Leads of a request -> history -> snapshot -> score records: the path of files and of the store, too."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numba import types

from history.base.arrays import Ints
from history.base.compiled import I64, compiled
from history.base.errors import InvalidRecord
from history.base.warnings import Warning, json_of
from history.history import History
from history.read import read_records
from history.snapshot import Snapshot
from models.bundle import Bundle
from models.scorer import score_with_evidence as score
from models.scores.presentation import lead_names
from serving.base.limits import AHEAD_US
from serving.base.problems import Problem, error, invalid

ACCOUNT_ALONE = Warning(
    "account_alone",
    "",
    "features of the account read this lead's own rows alone; a stored lead's score reads all",
)

Lead = Mapping[str, Any]
Record = dict[str, Any]


def score_leads(
    bundle: Bundle, leads: Sequence[Lead], as_of_us: int, now_us: int, reasons: int | None
) -> list[Record | Problem]:
    """A score record per lead, in order, or a Problem for an invalid one.

    as_of_us and now_us are microseconds UTC; reasons None gives all reasons. A record does not depend on other leads.
    """
    history, refusals = read_records(leads, bundle.config, as_of_us)
    results: list[Record | Problem] = [{} if refusal is None else _problem(refusal) for refusal in refusals]
    places = [
        place for place, refusal in enumerate(refusals) if refusal is None
    ]  # of each lead of the history
    rows = _rows_in_time(history, as_of_us, now_us + AHEAD_US, places, results)
    if len(rows):
        snapshot = Snapshot(history, rows, np.full(len(rows), as_of_us, dtype=np.int64))
        records = score(bundle, snapshot, reasons).records()
        for row, record, name in zip(rows.tolist(), records, lead_names(snapshot), strict=True):
            record["name"] = name
            lead = leads[places[row]]
            record["warnings"] += json_of(bundle.values.misnamed(lead.get("attributes") or (), lead))
            if changes := lead.get("attribute_changes"):
                names = {change["attribute"] for change in changes}
                record["warnings"] += json_of(bundle.values.misnamed_changes(names))
            if bundle.vocabulary.reads_accounts:
                record["warnings"].append(ACCOUNT_ALONE.to_json())
            results[places[row]] = record
    return results


def _rows_in_time(
    history: History, as_of_us: int, latest_us: int, places: Sequence[int], results: list[Record | Problem]
) -> Ints:
    """The leads (n,) of the history whose times are allowed; writes the problems of the others to `results`."""
    if _all_in_time(history, as_of_us, latest_us):
        return np.arange(len(places))
    rows = []
    for row, place in enumerate(places):
        errors = _time_errors(history, row, as_of_us, latest_us)
        if errors:
            results[place] = invalid(errors)
        else:
            rows.append(row)
    return np.array(rows, dtype=np.int64)


def _logs(history: History) -> dict[str, Any]:
    """The logs of a history under their names in requests."""
    return {
        "interactions": history.interactions,
        "stages": history.stages,
        "attribute_changes": history.changes,
        "outcome": history.outcomes,
    }


def _all_in_time(history: History, as_of_us: int, latest_us: int) -> bool:
    """True if every lead was created by as_of_us and no row lies after latest_us."""
    return _are_until(
        history.created_us, history.interactions.known_us, history.stages.known_us,
        history.changes.known_us, history.outcomes.known_us, min(as_of_us, latest_us), latest_us,
    )  # fmt: skip


@compiled(types.boolean(I64, I64, I64, I64, I64, types.int64, types.int64))
def _are_until(
    created: Ints, interactions: Ints, stages: Ints, changes: Ints, outcomes: Ints, as_of_us: int, latest_us: int
) -> bool:  # fmt: skip
    """True if no creation lies after as_of_us and no row of the four logs after latest_us."""
    for i in range(len(created)):
        if created[i] > as_of_us:
            return False
    for log in (interactions, stages, changes, outcomes):
        for i in range(len(log)):
            if log[i] > latest_us:
                return False
    return True


def _largest(times_us: Ints) -> int:
    return int(times_us.max()) if len(times_us) else 0


def _time_errors(history: History, row: int, as_of_us: int, latest_us: int) -> list[dict[str, Any]]:
    errors = []
    for name, log in _logs(history).items():
        if _largest(log.known_us[log.offsets[row] : log.offsets[row + 1]]) > latest_us:
            errors.append(error(["body", name], "a time lies more than 5 minutes ahead of now"))
    if history.created_us[row] > latest_us:
        errors.append(error(["body", "created_at"], "lies more than 5 minutes ahead of now"))
    elif history.created_us[row] > as_of_us:
        errors.append(error(["body", "created_at"], "the lead was created after as_of"))
    return errors


def _problem(refusal: InvalidRecord) -> Problem:
    return invalid([error(["body", *problem.loc], problem.msg) for problem in refusal.fields])
