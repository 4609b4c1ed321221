"""Leads of a request, with their rows, to a History by the rules of data folders."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from history.base.errors import InvalidRecord
from history.config.config import FunnelConfig
from history.config.schema import LONGEST_ID, NOT_ATTRIBUTES, OWN_ATTRIBUTES
from history.history import Factor, History, Interactions, empty_factor
from history.outcomes.closing_stages import separate_closings
from history.outcomes.gone import end_with_gone
from history.records.json_rows import joined
from history.records.logs import changes_of, interactions_of, outcomes_of, stages_of
from history.records.problems import problems_of
from history.records.rows import LeadRows, Record, TableRows, rows_of
from history.text.values import value_text

_RESERVED: Final = NOT_ATTRIBUTES.union(OWN_ATTRIBUTES)
_GIVEN: Final = Factor(np.zeros(1, dtype=np.int32), ())
_MISSING: Final = empty_factor(1)


def read_records(
    leads: Sequence[Record], config: FunnelConfig, as_of_us: int
) -> tuple[History, list[InvalidRecord | None]]:
    """The history of request records of the contract's form, in their order; strict_json checked their types before.

    Their texts have no NUL, which strict_json refuses. Rows after as_of_us stay in the arrays, where no snapshot at
    as_of_us reads them. A lead with any row that breaks a rule is left out; the list has an entry for each lead in the
    request: None, or an InvalidRecord with every problem and its path.
    """
    try:
        return _assembled(leads, config, as_of_us), [None] * len(leads)
    except (KeyError, TypeError, ValueError, OverflowError):
        problems = [problems_of(lead, config.outcome_words) for lead in leads]
    if not any(problems):
        raise RuntimeError("records were refused that break no rule")
    valid = [lead for lead, of_lead in zip(leads, problems, strict=True) if not of_lead]
    refusals = [InvalidRecord(of_lead) if of_lead else None for of_lead in problems]
    return _assembled(valid, config, as_of_us), refusals


def _assembled(leads: Sequence[Record], config: FunnelConfig, as_of_us: int) -> History:
    rows = rows_of(leads)
    decided = separate_closings(
        stages_of(rows.tables["stages"], config), outcomes_of(rows, config), rows.created_us, config
    )
    return History(
        config=config,
        as_of_us=as_of_us,
        lead_ids=_ids(leads),
        created_us=rows.created_us,
        attributes=_attributes(leads, config),
        interactions=_interactions(leads, rows),
        stages=decided.stages,
        outcomes=end_with_gone(decided.outcomes),
        changes=changes_of(rows.tables["attribute_changes"], config),
        warnings=decided.warnings,
        knows_accounts=False,
    )


def _interactions(leads: Sequence[Record], rows: LeadRows) -> Interactions:
    """The log of all leads; that of a lead may have been read straight from JSON."""
    given = [lead.get("interactions") for lead in leads]
    if not any(isinstance(of_lead, Interactions) for of_lead in given):
        return interactions_of(rows.tables["interactions"])
    return joined(
        [
            of_lead if isinstance(of_lead, Interactions) else interactions_of(_rows_alone(lead))
            for lead, of_lead in zip(leads, given, strict=True)
        ]
    )


def _rows_alone(lead: Record) -> TableRows:
    return rows_of([lead]).tables["interactions"]


def _ids(leads: Sequence[Record]) -> list[str]:
    ids = [lead["lead_id"] for lead in leads]
    for text in ids:
        if not 0 < len(text) <= LONGEST_ID or text.isspace():
            raise ValueError("a lead_id that is blank or too long")
    return ids


def _attributes(leads: Sequence[Record], config: FunnelConfig) -> dict[str, Factor]:
    """Every attribute of any lead (n,), missing for leads without it."""
    given = [_given_attributes(lead) for lead in leads]
    attributes = _of_one(given[0]) if len(given) == 1 else _of_several(given)
    for name in config.ignore:
        attributes.pop(name, None)
    return attributes


def _of_one(given: Mapping[str, Any]) -> dict[str, Factor]:
    """The attributes of a single lead."""
    attributes = {}
    for name, value in given.items():
        text = _text(value)
        attributes[name] = Factor(_GIVEN.codes, (text,)) if text and not text.isspace() else _MISSING
    return attributes


def _text(value: Any) -> str | None:
    return value if type(value) is str else value_text(value)


def _of_several(given: Sequence[Mapping[str, Any]]) -> dict[str, Factor]:
    """The attributes of several leads, all codes made at once: an array for each costs more than its texts."""
    names = dict.fromkeys(name for of_lead in given for name in of_lead)
    codes: list[int] = []
    values: list[list[str]] = []
    for name in names:
        texts = [_text(of_lead.get(name)) for of_lead in given]
        place = dict.fromkeys(texts, -1)
        distinct = sorted([text for text in place if text and not text.isspace()])
        place.update(zip(distinct, range(len(distinct)), strict=True))
        codes += map(place.__getitem__, texts)
        values.append(distinct)
    rows = np.array(codes, dtype=np.int32).reshape(len(names), len(given))
    return {name: Factor(row, of_name) for name, row, of_name in zip(names, rows, values, strict=True)}


def _given_attributes(lead: Record) -> dict[str, Any]:
    inside = lead.get("attributes") or {}
    given = {name: lead[name] for name in OWN_ATTRIBUTES if name in lead}
    if not _RESERVED.isdisjoint(inside) and any(name in inside for name in (*NOT_ATTRIBUTES, *given)):
        raise ValueError("an attribute given twice, or one that is none")
    given.update(inside)
    return given
