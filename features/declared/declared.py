"""Features that a funnel declares in funnel.toml: counts, sums, shares and recency of chosen rows.

One kernel computes them for training, files, the store and requests. A feature of account scope reads the rows of all
leads of the lead's account in the same history; a single request knows the lead's own rows alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.declared.kernel import declared_rows
from features.feature import Block, Feature, quoted, shortened, spoken
from history.base.arrays import Codes, Floats, Ints, Mask
from history.config.declared_features import ACCOUNT_SCOPE, INTERACTIONS, MEASURES, DeclaredFeature
from history.config.schema import ACCOUNT
from history.history import DIRECTIONS, Changes, Factor, History
from history.snapshot import Snapshot
from history.text.folding import folded
from history.text.times import DAY_US

BLOCK = Block("declared")
_UNITS = {"share": "share", "days_since_last": "days", "days_since_first": "days"}


def declared_columns(features: Sequence[DeclaredFeature]) -> tuple[Feature, ...]:
    """The columns of the block in matrix order, each named by its feature."""
    return tuple(_column(feature) for feature in features)


def _column(feature: DeclaredFeature) -> Feature:
    label = quoted(spoken(feature.name))
    unit = _UNITS.get(feature.measure, "number")
    return BLOCK.number(feature.name, unit, f"{label} of {{value}}", missing=f"{label} unknown").worded(
        "declared", name=shortened(spoken(feature.name))
    )


@dataclass(frozen=True)
class _Accounts:
    """The accounts of a history: of each lead at creation and by changes, and the leads that ever had each.

    base (leads,) and code (changes,) number the accounts, -1 for none; mates of account a are
    mates[offsets[a]:offsets[a + 1]], by lead id, so that sums do not depend on the order of leads.
    """

    base: Codes
    change_offsets: Ints
    change_known: Ints
    code: Codes
    offsets: Ints
    mates: Ints


@dataclass(frozen=True)
class _Rows:
    """The rows of one log as one feature reads them: matches and value (m,), code (m,) for distinct values."""

    offsets: Ints
    time_us: Ints
    known_us: Ints
    matches: Mask
    value: Floats
    code: Codes
    n_codes: int


@dataclass(frozen=True)
class _Input:
    feature: DeclaredFeature
    rows: _Rows
    accounts: _Accounts


@dataclass(frozen=True)
class DeclaredInputs:
    """One history prepared for the declared features of one model."""

    lead_known_us: Ints
    inputs: tuple[_Input, ...]


def declared_inputs(history: History, features: Sequence[DeclaredFeature]) -> DeclaredInputs:
    """Matches the history's rows with each feature."""
    known_us = history.created_us if history.lead_known_us is None else history.lead_known_us
    alone = _no_accounts(len(history))
    reads_accounts = any(feature.scope == ACCOUNT_SCOPE for feature in features)
    accounts = _accounts(history) if reads_accounts and history.knows_accounts else alone
    inputs = [
        _Input(feature, _rows(history, feature), accounts if feature.scope == ACCOUNT_SCOPE else alone)
        for feature in features
    ]
    return DeclaredInputs(np.maximum(history.created_us, known_us), tuple(inputs))


def write_declared(out: Floats, at: int, rows: Snapshot, inputs: DeclaredInputs) -> None:
    """Writes the block of n rows at column `at`."""
    for place, prepared in enumerate(inputs.inputs):
        feature, of, accounts = prepared.feature, prepared.rows, prepared.accounts
        window_us = 0 if feature.window_days is None else round(feature.window_days * DAY_US)
        declared_rows(
            out, at + place, MEASURES.index(feature.measure), window_us, rows.lead, rows.as_of_us,
            of.offsets, of.time_us, of.known_us, of.matches, of.value, of.code, of.n_codes,
            inputs.lead_known_us, accounts.base, accounts.change_offsets, accounts.change_known, accounts.code,
            accounts.offsets, accounts.mates,
        )  # fmt: skip


def _rows(history: History, feature: DeclaredFeature) -> _Rows:
    if feature.of == INTERACTIONS:
        log = history.interactions
        matches = _matching(log.kind, feature.kind) & _matching(log.channel, feature.channel)
        if feature.direction:
            matches &= np.isin(log.direction, [DIRECTIONS[name] for name in feature.direction])
        return _Rows(
            log.offsets, log.time_us, log.known_us, matches, log.value, log.kind.codes, len(log.kind.values)
        )
    stages = history.stages
    matches = _matching(stages.stage, feature.stage)
    value = np.full(len(stages.time_us), np.nan)
    codes, n_codes = stages.stage.codes, len(stages.stage.values)
    return _Rows(stages.offsets, stages.time_us, stages.known_us, matches, value, codes, n_codes)


def _matching(factor: Factor, words: Sequence[str]) -> Mask:
    """The rows (m,) whose text is one of the words, without regard to case and blanks; all rows without words."""
    if not words:
        return np.ones(len(factor.codes), dtype=np.bool_)
    keys = {folded(word) for word in words}
    of_code = np.array([*(folded(text) in keys for text in factor.values), False], dtype=np.bool_)
    return of_code[factor.codes]


def _no_accounts(n_leads: int) -> _Accounts:
    none, codes = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
    return _Accounts(
        codes, np.zeros(n_leads + 1, dtype=np.int64), none, codes, np.zeros(1, dtype=np.int64), none
    )


def _accounts(history: History) -> _Accounts:
    at_creation = history.attributes.get(ACCOUNT)
    is_read = at_creation is not None and ACCOUNT not in history.config.mutable
    created = (
        [at_creation.text(i) for i in range(len(history))] if is_read and at_creation is not None else []
    )
    base_texts = created or [None] * len(history)
    changes = history.changes
    names = changes.attribute.values
    rows = np.flatnonzero(
        np.isin(changes.attribute.codes, [i for i, name in enumerate(names) if name == ACCOUNT])
    )
    texts = [changes.value.text(row) for row in rows.tolist()]

    numbers = {text: i for i, text in enumerate(sorted({text for text in (*base_texts, *texts) if text}))}
    base = np.array([numbers.get(text or "", -1) for text in base_texts], dtype=np.int32)
    code = np.array([numbers.get(text or "", -1) for text in texts], dtype=np.int32)
    offsets = _change_offsets(changes, rows)
    lead_of_row = changes.lead[rows]
    mates = _mates(history, base, code, lead_of_row, len(numbers))
    return _Accounts(base, offsets, changes.known_us[rows], code, mates[0], mates[1])


def _change_offsets(changes: Changes, rows: Ints) -> Ints:
    """Offsets (leads + 1,) of the chosen rows of a log."""
    return np.searchsorted(rows, changes.offsets).astype(np.int64)


def _mates(
    history: History, base: Codes, code: Codes, lead_of_row: Ints, n_accounts: int
) -> tuple[Ints, Ints]:
    """Offsets (accounts + 1,) and the leads that ever had each account, by lead id."""
    lead = np.concatenate((np.arange(len(history)), lead_of_row))
    account = np.concatenate((base, code)).astype(np.int64)
    pairs = np.unique(np.stack((account, lead), axis=1)[account >= 0], axis=0).reshape(-1, 2)
    position = np.empty(len(history), dtype=np.int64)
    position[sorted(range(len(history)), key=history.lead_ids.__getitem__)] = np.arange(len(history))
    order = np.lexsort((position[pairs[:, 1]], pairs[:, 0]))
    offsets = np.zeros(n_accounts + 1, dtype=np.int64)
    np.cumsum(np.bincount(pairs[:, 0], minlength=n_accounts), out=offsets[1:])
    return offsets, np.ascontiguousarray(pairs[order, 1])
