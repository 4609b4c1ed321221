"""Which attributes give the outcome away: what speaks for it, what to do, and which of them a model leaves out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from history.errors import InvalidInput
from history.history import History
from training.audit.changes import back_filled
from training.audit.columns import Column, Leads, column_of, leads_of, telling
from training.audit.evidence import (
    LEAST_DECIDED,
    STRONG,
    WEAK,
    Evidence,
    Risk,
    agreement,
    closing,
    happened,
    only_closed,
    risk_of,
)
from training.audit.rules import rules

SUSPECTED, POSSIBLE, MUTABLE = "leakage_suspected", "leakage_possible", "mutable_attribute"
REMEDY = (
    "it is left out; give its history in attribute_changes and declare it mutable, "
    "or use it all the same with --keep {name}"
)
ADVICE = "it stays in; if it is filled in after creation, add it to attributes.mutable or attributes.ignore"


def audit(history: History) -> list[dict[str, Any]]:
    """Findings on a history cut at its T, the gravest first: {code, subject, detail, evidence}, one a column.

    Columns that no model reads (ignored, sensitive) are not looked at; of mutable ones only the changes are.
    """
    leads = leads_of(history)
    config = history.config
    names = sorted(
        {*history.attributes, *history.changes.attribute.values} - {*config.ignore, *config.sensitive}
    )
    columns = {name: column_of(history, name) for name in names if name not in config.mutable}
    risk = None
    if leads.timed:
        risk = risk_of(leads.created_us, leads.closed_us, leads.decided, leads.as_of_us, ~leads.implied)
    tests = sum(len(column.names) for column in columns.values())
    found = []
    for name in names:
        changed = back_filled(history, name, leads)
        values = _evidence(columns[name], leads, risk, tests) if name in columns else []
        finding = _finding(name, [*([changed] if changed else []), *values])
        found += [finding] if finding else []
    found += [_mutable(name, history) for name in config.mutable if name in history.attributes]
    order = [SUSPECTED, POSSIBLE, MUTABLE]
    return sorted(found, key=lambda f: (order.index(f["code"]), f["subject"]))


def suspects(
    findings: Sequence[Mapping[str, Any]], keep: Sequence[str], columns: Iterable[str] | None = None
) -> tuple[str, ...]:
    """The columns to leave out of a model: those suspected of leaking that `keep` does not name.

    Raises InvalidInput for names in `keep` that are no column; without `columns`, for names with no finding.
    """
    known = sorted({str(f["subject"]) for f in findings} if columns is None else set(columns))
    unknown = [name for name in keep if name not in known]
    if unknown:
        listed = ", ".join(known) or "none"
        raise InvalidInput(
            [f"--keep {name}: there is no such column to keep; those there are: {listed}" for name in unknown]
        )
    found = [str(f["subject"]) for f in findings if f["code"] == SUSPECTED]
    return tuple(name for name in found if name not in keep)


def _evidence(column: Column, leads: Leads, risk: Risk | None, tests: int) -> list[Evidence]:
    word = telling(column.name)
    found: list[Evidence | None] = []
    if leads.decided.sum() >= LEAST_DECIDED and column.filled.any():
        found += [
            closing(column, risk, tests) if risk else None,
            agreement(column, leads),
            happened(column, leads),
            only_closed(column, leads),
            rules(column, leads, word is not None),
        ]
    if word and column.filled.any():
        found.append(Evidence(WEAK, f"its name speaks of '{word}', which CRMs fill in along the way"))
    return [e for e in found if e is not None]


def _finding(name: str, evidence: Sequence[Evidence]) -> dict[str, Any] | None:
    if not evidence:
        return None
    ordered = sorted(evidence, key=lambda e: -e.grade)
    strong = ordered[0].grade == STRONG
    clauses = [e.clause for e in ordered if e.grade == ordered[0].grade][:2]
    remedy = REMEDY.format(name=name) if strong else ADVICE
    return {
        "code": SUSPECTED if strong else POSSIBLE,
        "subject": name,
        "detail": f"{'; '.join(clauses)}; {remedy}",
        "evidence": {key: round(value, 4) for e in ordered for key, value in e.numbers.items()},
    }


def _mutable(name: str, history: History) -> dict[str, Any]:
    changes = history.changes.attribute
    count = 0
    if name in changes.values:
        count = int((changes.codes == list(changes.values).index(name)).sum())
    use = (
        f"used only as its {count} changes tell it"
        if count
        else "without changes in attribute_changes it is not used"
    )
    return {
        "code": MUTABLE,
        "subject": name,
        "detail": f"declared mutable: {use}",
        "evidence": {"changes": count},
    }
