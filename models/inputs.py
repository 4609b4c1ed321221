"""Inputs of a model that the data to score lack: columns and tables that are gone, renamed or unreadable."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from features.attributes.attributes import Attribute
from features.attributes.parsing import BOOLEAN, CATEGORY, DATE, NUMBER, boolean, instants, number
from features.catalogue import attributes_behind
from history.base.arrays import Ints
from history.base.counts import commonest
from history.base.warnings import Warning
from history.history import NO_DIRECTION, Factor, History
from history.snapshot import open_leads
from history.text.folding import folded
from models.bundle import Bundle
from models.doubts.names import nearest_name

BY_CHANCE: Final = 1e-3  # an empty column is reported if its leads would all lack a value more rarely
LEAST_ROWS: Final = 20  # of interactions, for a field of theirs to be missed
LEAST_READABLE: Final = 0.9  # of a column's values; in training 99 % were
LEAST_SHARED: Final = 0.6  # of a column's values that are categories of the missing one
SAMPLED_TEXTS: Final = 1_000
MOST_KINDS: Final = 0.5  # of the learned kinds absent, and of the rows of other kinds: the kinds are renamed
MOST_LOST: Final = 0.5  # of the contributions to the log-odds


def input_warnings(bundle: Bundle, history: History) -> list[Warning]:
    """Warnings about the leads that are open at the history's T; if most of the model's inputs are gone, that first."""
    check = InputCheck(bundle, has_header=True)
    check.add(history, open_leads(history, history.as_of_us).lead)
    return check.warnings()


class InputCheck:
    """Counts what the leads to score have of a model's inputs, over one history or the pages of a store.

    has_header: a history names each column of its table, also empty ones, so that an absent one is missing however few
    the leads are.
    """

    def __init__(self, bundle: Bundle, *, has_header: bool = False) -> None:
        self._bundle, self._has_header = bundle, has_header
        self._missing_rates = _missing_rates(bundle)
        self._leads = 0
        self._columns: set[str] = set()
        self._filled: Counter[str] = Counter()  # leads with a value, by attribute
        self._unread: dict[str, Counter[str]] = {}  # texts that are of another kind, by attribute
        self._texts: dict[str, Sequence[str]] = {}  # of columns that the model does not know
        self._rows: Counter[str] = (
            Counter()
        )  # by table, and of interactions with a channel, direction or value
        self._kinds: Counter[str] = Counter()

    def add(self, history: History, leads: Ints) -> None:
        """Counts the leads (n,) to score, and all rows of the history's tables."""
        self._leads += len(leads)
        changes = history.changes
        attribute_of_change = changes.attribute.codes
        for attribute in self._bundle.vocabulary.attributes:
            base = None if attribute.mutable else history.attributes.get(attribute.name)
            has_value = np.zeros(len(history), dtype=np.bool_)
            if base is not None:
                has_value |= base.codes >= 0
                self._count_unread(attribute, base.take(leads))
            if attribute.name in changes.attribute.values:
                of_attribute = attribute_of_change == list(changes.attribute.values).index(attribute.name)
                has_value[changes.lead[of_attribute]] = True
            self._filled[attribute.name] += int(np.count_nonzero(has_value[leads]))
        self._columns |= history.attributes.keys()
        for name, factor in history.attributes.items():
            if len(factor.values):
                self._texts.setdefault(name, factor.values[:SAMPLED_TEXTS])
        self._count_rows(history)

    def and_then(self, others: Iterable["InputCheck"]) -> "InputCheck":
        """What this check and others of the same model counted, over histories of different leads."""
        joined = InputCheck(self._bundle, has_header=self._has_header)
        for check in (self, *others):
            joined._add_counts(check)
        return joined

    def _add_counts(self, check: "InputCheck") -> None:
        self._leads += check._leads
        self._columns |= check._columns
        for own, theirs in (
            (self._filled, check._filled),
            (self._rows, check._rows),
            (self._kinds, check._kinds),
        ):
            own.update(theirs)
        for name, unread in check._unread.items():
            self._unread.setdefault(name, Counter()).update(unread)
        for name, texts in check._texts.items():
            self._texts[name] = sorted({*self._texts.get(name, ()), *texts})[:SAMPLED_TEXTS]

    def warnings(self) -> list[Warning]:
        """The warnings; none without a lead to score."""
        if not self._leads:
            return []
        warnings = [*self._of_tables(), *self._of_fields(), *self._of_kinds(), *self._of_attributes()]
        lost = self._lost_share({warning.subject for warning in warnings})
        if lost < MOST_LOST:
            return warnings
        subjects = ", ".join(warning.subject for warning in warnings)
        detail = (
            f"{lost:.0%} of what moves this model's probabilities is missing in the data ({subjects}): the figures are "
            "near those of a lead of which nothing is known; add the columns and tables, or train on data like these"
        )
        return [Warning("most_inputs_missing", "", detail), *warnings]

    # ---- counting

    def _count_unread(self, attribute: Attribute, factor: Factor) -> None:
        codes, counts = np.unique(factor.codes[factor.codes >= 0], return_counts=True)
        texts = [factor.values[code] for code in codes.tolist()]
        unread = self._unread.setdefault(attribute.name, Counter())
        for text, count, reads in zip(
            texts, counts.tolist(), _reads(attribute, texts, self._bundle.config.zone), strict=True
        ):
            if not reads:
                unread[text] += count

    def _count_rows(self, history: History) -> None:
        touches = history.interactions
        self._rows += Counter(
            {
                "interactions": len(touches.time_us),
                "stages": len(history.stages.time_us),
                "attribute_changes": len(history.changes.time_us),
                "channel": int(np.count_nonzero(touches.channel.codes >= 0)),
                "direction": int(np.count_nonzero(touches.direction != NO_DIRECTION)),
                "value": int(np.count_nonzero(~np.isnan(touches.value))),
            }
        )
        counts = np.bincount(touches.kind.codes, minlength=len(touches.kind.values)).tolist()
        self._kinds += Counter(dict(zip(touches.kind.values, counts, strict=True)))

    # ---- findings

    def _of_tables(self) -> list[Warning]:
        vocabulary = self._bundle.vocabulary
        has_changes = any("changes" in attribute.columns for attribute in vocabulary.attributes)
        used = {
            "interactions": vocabulary.interactions.any,
            "stages": bool(vocabulary.stages),
            "attribute_changes": has_changes,
        }
        return [
            Warning(
                "missing_input",
                table,
                f"the model was trained on the table {table}; the data have no row of it",
            )
            for table, is_used in used.items()
            if is_used and not self._rows[table]
        ]

    def _of_fields(self) -> list[Warning]:
        """Fields of interactions."""
        words = self._bundle.vocabulary.interactions
        used = {
            "channel": bool(words.channels) or words.pools_channels,
            "direction": words.directions,
            "value": words.values,
        }
        if self._rows["interactions"] < LEAST_ROWS:
            return []
        return [
            Warning(
                "missing_input",
                field,
                f"the model was trained on interactions with a {field}; no interaction in the data has one",
            )
            for field, is_used in used.items()
            if is_used and not self._rows[field]
        ]

    def _of_kinds(self) -> list[Warning]:
        """Kinds under other names; a kind that was rare in training is no learned one either."""
        learned = self._bundle.vocabulary.interactions.kinds
        present = {folded(kind) for kind in self._kinds}
        absent = [kind for kind in learned if folded(kind) not in present]
        known = {folded(kind) for kind in learned}
        others = Counter({kind: rows for kind, rows in self._kinds.items() if folded(kind) not in known})
        rows, total = others.total(), self._kinds.total()
        if rows <= MOST_KINDS * total or len(absent) <= MOST_KINDS * len(learned):
            return []
        kind = commonest(others)
        near = nearest_name(kind, absent)
        detail = (
            f"{rows:,} of {total:,} interactions are of kinds that the model did not learn, and {len(absent)} of its "
            f"{len(learned)} kinds have none; they count with all other kinds"
        )
        return [Warning("unknown_kind", kind, detail + (f"; did you mean {near!r}?" if near else ""))]

    def _of_attributes(self) -> list[Warning]:
        warnings = []
        for attribute in self._bundle.vocabulary.attributes:
            if self._is_missing(attribute):
                warnings.append(Warning("missing_input", attribute.name, self._missing_detail(attribute)))
                continue
            unread = self._unread.get(attribute.name, Counter())
            if unread.total() > (1 - LEAST_READABLE) * self._filled[attribute.name]:
                text = commonest(unread)
                detail = (
                    f"{unread.total():,} of {self._filled[attribute.name]:,} values are no {attribute.kind}, such as "
                    f"{text[:60]!r}, and count as missing; write them as in the training data"
                )
                warnings.append(Warning("unreadable_input", attribute.name, detail))
        return warnings

    def _is_missing(self, attribute: Attribute) -> bool:
        if self._filled[attribute.name]:
            return False
        if self._has_header and not attribute.mutable and attribute.name not in self._columns:
            return True
        return bool(self._missing_rates.get(attribute.name, 0.0) ** self._leads < BY_CHANCE)

    def _missing_detail(self, attribute: Attribute) -> str:
        what = "the changes of" if attribute.mutable else "the column"
        detail = f"the model was trained on {what} {attribute.name!r}; no lead to score has a value of it"
        near = self._near(attribute)
        if near is None:
            return detail
        line = f'{_key(attribute.name)} = "{near}"'
        return f"{detail}; if {near!r} is this column, write {line} under [columns.leads] in funnel.toml"

    def _near(self, attribute: Attribute) -> str | None:
        """The unknown column that is likeliest the missing one: by its name, or by its values."""
        vocabulary, config = self._bundle.vocabulary, self._bundle.config
        known = {
            *(known.name for known in vocabulary.attributes),
            *vocabulary.dropped,
            *vocabulary.identity,
            *config.ignore,
            *config.identity,
            *config.sensitive,
        }
        unknown = [name for name in self._texts if name not in known]
        return nearest_name(attribute.name, unknown) or self._of_like_values(attribute, unknown)

    def _of_like_values(self, attribute: Attribute, unknown: Iterable[str]) -> str | None:
        seen = set(attribute.seen)
        if attribute.kind != CATEGORY or not seen:
            return None
        shared = {}
        for name in unknown:
            texts = [attribute.key_of(text) for text in self._texts[name]]
            shared[name] = sum(text in seen for text in texts) / len(texts)
        likest = max(shared, key=lambda name: shared[name], default=None)
        return likest if likest is not None and shared[likest] >= LEAST_SHARED else None

    def _lost_share(self, subjects: Collection[str]) -> float:
        """Share of the mean absolute contributions to the log-odds that come from the missing subjects and tables."""
        blocks = {"stages": "stages", "interactions": "engagement"}
        lost_blocks = {blocks[subject] for subject in subjects if subject in blocks}
        size = {
            str(record["feature"]): float(record["mean_abs_log_odds"])
            for record in self._bundle.card.get("importance", [])
        }
        total = sum(size.values())
        if not total:
            return 0.0
        behind = attributes_behind(self._bundle.vocabulary, self._bundle.features)
        lost = sum(
            size.get(feature.name, 0.0)
            for feature, attributes in zip(self._bundle.features, behind, strict=True)
            if feature.block in lost_blocks or any(name in subjects for name in attributes)
        )
        return lost / total


def _key(name: str) -> str:
    """A name as a key of TOML."""
    return name if name.isascii() and name.replace("_", "a").replace("-", "a").isalnum() else f'"{name}"'


def _reads(attribute: Attribute, texts: list[str], zone: ZoneInfo) -> list[bool]:
    """Whether each text reads as the attribute's kind; as a category or set every text does."""
    if attribute.kind == DATE:
        return [moment is not None for moment in instants(texts, zone, attribute.form)]
    if attribute.kind == NUMBER:
        return [not np.isnan(number(text, attribute.form)) for text in texts]
    if attribute.kind == BOOLEAN:
        return [not np.isnan(boolean(text)) for text in texts]
    return [True] * len(texts)


def _missing_rates(bundle: Bundle) -> dict[str, float]:
    """Share of training leads without a value, by attribute; the reference keeps it as the last bin of a feature."""
    learned = (bundle.card.get("reference") or {}).get("features", {})
    rates: dict[str, float] = {}
    for feature in bundle.features:
        if feature.block == "attributes" and feature.subject and feature.name in learned:
            rate = float(learned[feature.name]["shares"][-1])
            rates[feature.subject] = min(rate, rates.get(feature.subject, 1.0))
    return rates
