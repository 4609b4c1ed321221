"""The leakage audit: attributes that give the outcome away, with the evidence, and what to do about each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from history.base.engine import Engine, map_on
from history.base.errors import InvalidInput
from history.base.warnings import Warning
from history.config.config import FunnelConfig
from history.history import History
from training.audit.checks.absence import only_closed, only_lost, only_open
from training.audit.checks.changes import back_filled, holds_last_value
from training.audit.checks.closing import date_of_closing, never_ahead, written_at_closing
from training.audit.checks.current_values import CurrentFacts, current_facts, value_of_today
from training.audit.checks.deciding_values import deciding_values
from training.audit.checks.growth import grows_while_open, grows_with_age
from training.audit.checks.names import suspicious_words
from training.audit.checks.same_fact import same_fact
from training.audit.checks.survival import Spells, Windows, windows_of
from training.audit.column_part import ColumnPart, column_part
from training.audit.columns import Column, column_of
from training.audit.evidence import MIN_DECIDED, STRONG, WEAK, Evidence
from training.audit.leads import LeadStates, lead_states
from training.audit.table.table import table_evidence

SUSPECTED, POSSIBLE, MUTABLE = "leakage_suspected", "leakage_possible", "mutable_attribute"
GRAVEST_FIRST = (SUSPECTED, POSSIBLE, MUTABLE)
MAX_CLAUSES = 2  # of a warning; the audit's JSON has the numbers of all
LEFT_OUT = (
    "the model leaves it out; if it is known at creation, keep it with --keep {name}; if it changes later, give its "
    'history in attribute_changes and set mutable = ["{name}"] under [attributes] of funnel.toml'
)
READ_BY_CHANGES = (
    'the model reads its changes alone; set mutable = ["{name}"] under [attributes] of funnel.toml, or put the value '
    "at creation into the column, or use both with --keep {name}"
)
STAYS_IN = (
    "it stays in the model; if it is filled in after creation, drop it: "
    'ignore = ["{name}"] under [attributes] of funnel.toml'
)


@dataclass(frozen=True)
class Context:
    """What the tests compare a column with.

    windows: of closing times, None without them. tests: values tested over all columns.
    """

    leads: LeadStates
    config: FunnelConfig
    facts: CurrentFacts
    windows: Windows | None
    tests: int


@dataclass(frozen=True)
class ColumnTest:
    """A test of one column; needs_values: it reads values and outcomes, of which there must be enough."""

    name: str
    needs_values: bool
    run: Callable[[Column, Context], Evidence | None]


def _test_written_at_closing(column: Column, context: Context) -> Evidence | None:
    return written_at_closing(column, context.windows, context.tests) if context.windows else None


def _test_deciding_values(column: Column, context: Context) -> Evidence | None:
    return deciding_values(column, context.leads, suspicious_words(column.name) is not None)


def _test_name(column: Column, context: Context) -> Evidence | None:
    words = suspicious_words(column.name)
    if words is None:
        return None
    return Evidence(WEAK, f"its name contains '{words}', a kind of field that CRMs fill in along the way")


def _test_same_fact(column: Column, context: Context) -> Evidence | None:
    return same_fact(column, context.leads, context.config)


COLUMN_TESTS = (
    ColumnTest("same fact", False, _test_same_fact),
    ColumnTest(
        "value of today", False, lambda column, context: value_of_today(column, context.leads, context.facts)
    ),
    ColumnTest("grows while open", True, lambda column, context: grows_while_open(column, context.leads)),
    ColumnTest("written at the closing", True, _test_written_at_closing),
    ColumnTest("date of the closing", True, lambda column, context: date_of_closing(column, context.leads)),
    ColumnTest("dates never ahead", True, lambda column, context: never_ahead(column, context.leads)),
    ColumnTest("grows with age", True, lambda column, context: grows_with_age(column, context.leads)),
    ColumnTest("only on open leads", True, lambda column, context: only_open(column, context.leads)),
    ColumnTest("only on lost leads", True, lambda column, context: only_lost(column, context.leads)),
    ColumnTest("only on closed leads", True, lambda column, context: only_closed(column, context.leads)),
    ColumnTest("deciding values", True, _test_deciding_values),
    ColumnTest("suspicious name", False, _test_name),
)


def audit(history: History, engine: Engine | None = None) -> list[Warning]:
    """Findings on a history cut at its T, with evidence: at most one a column, gravest first.

    engine: who tests the columns one by one, None for this process; the findings do not depend on it.

    Ignored, identity and sensitive columns are not tested, since no model learns them; mutable ones
    by their changes alone.
    """
    leads, config = lead_states(history), history.config
    untested = {*config.ignore, *config.identity, *config.sensitive}
    names = sorted({*history.attributes, *history.changes.attribute.values} - untested)
    parts = [ColumnPart(name, history) if engine is None else column_part(history, name) for name in names]
    claims = map_on(engine, _claim, None, [part for part in parts if part.name not in config.mutable])
    of_today, columns = {}, {}
    for name, of_today[name], column in claims:
        if column is not None:
            columns[name] = column
    tests = sum(len(part.names) for column in columns.values() for part in (column, *column.picks))
    context = Context(leads, config, current_facts(history), _closing_windows(leads), tests)

    tested = [(part, columns.get(part.name)) for part in parts]
    evidence = dict(zip(names, map_on(engine, _evidence_on, context, tested), strict=True))
    leaks = [name for name, items in evidence.items() if any(item.grade == STRONG for item in items)]
    for name, item in table_evidence(columns, leads, leaks).items():
        evidence[name].append(item)
    findings = [finding for name, items in evidence.items() if (finding := _finding(name, items)) is not None]
    suspected = {finding.subject for finding in findings if finding.code == SUSPECTED}
    findings += [
        _of_today_finding(name, evidence)
        for name, evidence in of_today.items()
        if evidence is not None and name not in suspected
    ]
    findings += [_mutable_finding(name, history) for name in config.mutable if name in history.attributes]
    return sorted(findings, key=lambda finding: (GRAVEST_FIRST.index(finding.code), finding.subject))


def suspects(
    findings: Sequence[Warning], keep: Sequence[str], columns: Iterable[str] | None = None
) -> tuple[str, ...]:
    """The columns to leave out of a model: those suspected of leaking that are not in `keep`.

    columns: the names that `keep` may contain, by default those with a finding. Raises InvalidInput for other names.
    """
    known = sorted({finding.subject for finding in findings} if columns is None else set(columns))
    unknown = [name for name in keep if name not in known]
    if unknown:
        available = ", ".join(known) or "(none)"
        raise InvalidInput(f"--keep {name}: unknown column; the columns are: {available}" for name in unknown)
    suspected = [finding.subject for finding in findings if finding.code == SUSPECTED]
    return tuple(name for name in suspected if name not in keep)


def mutable_by_evidence(findings: Sequence[Warning], keep: Sequence[str]) -> tuple[str, ...]:
    """The columns with the value of today of which a model reads the changes alone, without those in `keep`."""
    return tuple(
        finding.subject
        for finding in findings
        if finding.code == MUTABLE
        and "already_changed" in (finding.evidence or {})
        and finding.subject not in keep
    )


def _closing_windows(leads: LeadStates) -> Windows | None:
    if not leads.has_closing_times:
        return None
    spells = Spells(leads.created_us, leads.closed_us, leads.decided)
    return windows_of(spells, leads.as_of_us, ~leads.implied)


def _claim(_shared: None, part: ColumnPart) -> tuple[str, Evidence | None, Column | None]:
    """A column's name, and that it holds the value of today, or else what it claims for the leads' creation."""
    of_today = holds_last_value(part.history, part.name)
    return part.name, of_today, None if of_today else column_of(part.history, part.name)


def _evidence_on(context: Context, tested: tuple[ColumnPart, Column | None]) -> list[Evidence]:
    part, column = tested
    found = [back_filled(part.history, part.name, context.leads)]
    if column is not None:
        found += _test_column(column, context)
    return [evidence for evidence in found if evidence is not None]


def _test_column(column: Column, context: Context) -> list[Evidence | None]:
    if not column.filled.any():
        return []
    enough = context.leads.decided.sum() >= MIN_DECIDED
    evidence = [test.run(column, context) for test in COLUMN_TESTS if enough or not test.needs_values]
    for pick in column.picks:
        evidence += [test.run(pick, context) for test in COLUMN_TESTS if enough and test.needs_values]
    return evidence


def _finding(name: str, evidence: Sequence[Evidence]) -> Warning | None:
    if not evidence:
        return None
    strongest_first = sorted(evidence, key=lambda item: -item.grade)
    grade = strongest_first[0].grade
    of_grade = dict.fromkeys(item.clause for item in strongest_first if item.grade == grade)
    clauses = list(of_grade)[:MAX_CLAUSES]
    remedy = (LEFT_OUT if grade == STRONG else STAYS_IN).format(name=name)
    numbers = {key: value for item in strongest_first for key, value in item.numbers.items()}
    return Warning(
        SUSPECTED if grade == STRONG else POSSIBLE,
        name,
        f"{'; '.join(clauses)}; {remedy}",
        evidence=_rounded(numbers),
    )


def _of_today_finding(name: str, evidence: Evidence) -> Warning:
    remedy = READ_BY_CHANGES.format(name=name)
    return Warning(MUTABLE, name, f"{evidence.clause}; {remedy}", evidence=_rounded(evidence.numbers))


def _rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in numbers.items()}


def _mutable_finding(name: str, history: History) -> Warning:
    changes = history.changes.attribute
    count = 0
    if name in changes.values:
        count = int((changes.codes == list(changes.values).index(name)).sum())
    if count:
        use = f"the model reads its {count} changes in attribute_changes, not the column"
    else:
        use = "the model does not use it, because attribute_changes has no row for it; add its history there"
    return Warning(MUTABLE, name, f"declared mutable: {use}", evidence={"changes": count})
