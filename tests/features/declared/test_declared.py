"""Declared features against plain Python: filters, windows, measures, accounts that change, late rows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.declared.declared import declared_columns, declared_inputs, write_declared
from features.matrix import build_matrix
from features.vocabulary import learn
from history.base.arrays import Floats
from history.config.config import FunnelConfig
from history.config.declared_features import ACCOUNT_SCOPE, LEAD, MEASURES, OF_VALUES, STAGES, DeclaredFeature
from history.history import DIRECTIONS, History
from history.snapshot import Snapshot, open_leads
from history.text.times import DAY_US
from tests.builders.leads import lead_histories as made
from tests.builders.leads.lead_histories import CALM, Change, Lead, history_of
from tests.builders.leads.made_leads import LAST_US, made_leads

ACCOUNTS = ("acme", "beta", None)


@st.composite
def features(draw: st.DrawFn) -> DeclaredFeature:
    of = draw(st.sampled_from(("interactions", "stages")))
    measures = [measure for measure in MEASURES if of != STAGES or measure not in OF_VALUES]
    is_touch = of == "interactions"
    return DeclaredFeature(
        "mine",
        of=of,
        kind=draw(st.sampled_from(((), ("CALL ",), ("call", "demo")))) if is_touch else (),
        channel=draw(st.sampled_from(((), ("phone",)))) if is_touch else (),
        direction=draw(st.sampled_from(((), ("inbound",)))) if is_touch else (),
        stage=() if is_touch else draw(st.sampled_from(((), ("demo",)))),
        window_days=draw(st.sampled_from((None, 7.0, 90.0))),
        measure=draw(st.sampled_from(measures)),
        scope=draw(st.sampled_from((LEAD, ACCOUNT_SCOPE))),
    )


def with_accounts(leads: Sequence[Lead], accounts: Sequence[str | None]) -> list[Lead]:
    return [
        replace(lead, attributes={**lead.attributes, **({"account_id": account} if account else {})})
        for lead, account in zip(leads, accounts, strict=False)
    ]


def account_at(history: History, lead: int, as_of: int) -> str | None:
    changes = history.changes
    for row in range(int(changes.offsets[lead + 1]) - 1, int(changes.offsets[lead]) - 1, -1):
        if changes.attribute.text(row) == "account_id" and changes.known_us[row] <= as_of:
            return changes.value.text(row)
    at_creation = history.attributes.get("account_id")
    return None if at_creation is None else at_creation.text(lead)


def group_of(history: History, feature: DeclaredFeature, lead: int, as_of: int) -> list[int]:
    account = account_at(history, lead, as_of)
    if feature.scope == LEAD or account is None:
        return [lead]
    return [
        other
        for other in range(len(history))
        if other == lead
        or (history.created_us[other] <= as_of and account_at(history, other, as_of) == account)
    ]


def visible_rows(
    history: History, feature: DeclaredFeature, lead: int, as_of: int
) -> Iterator[tuple[int, bool, str | None, float]]:
    """Time, match, text and value of each visible row in the window."""
    since = -math.inf if feature.window_days is None else as_of - feature.window_days * DAY_US
    log = history.stages if feature.of == STAGES else history.interactions
    for row in range(int(log.offsets[lead]), int(log.offsets[lead + 1])):
        if log.known_us[row] > as_of or log.time_us[row] <= since:
            continue
        time = int(log.time_us[row])
        if feature.of == STAGES:
            stage = history.stages.stage.text(row)
            yield time, not feature.stage or stage in feature.stage, stage, math.nan
            continue
        touches = history.interactions
        kind, channel = touches.kind.text(row), touches.channel.text(row)
        wanted = [word.strip().casefold() for word in feature.kind]
        matches = not wanted or (kind or "").casefold() in wanted
        matches &= not feature.channel or channel in feature.channel
        matches &= not feature.direction or touches.direction[row] in [
            DIRECTIONS[d] for d in feature.direction
        ]
        yield time, bool(matches), kind, float(touches.value[row])


def reference(history: History, feature: DeclaredFeature, lead: int, as_of: int) -> float:
    group = group_of(history, feature, lead, as_of)
    rows = [row for one in group for row in visible_rows(history, feature, one, as_of)]
    hits = [row for row in rows if row[1]]
    values = [value for *_, value in hits if not math.isnan(value)]
    times = [time for time, *_ in hits]
    nan = math.nan
    return {
        "count": len(hits),
        "sum": sum(values),
        "mean": sum(values) / len(values) if values else nan,
        "max": max(values, default=nan),
        "distinct": len({text for _, _, text, _ in hits}),
        "share": len(hits) / len(rows) if rows else nan,
        "days_since_last": (as_of - max(times)) / DAY_US if times else nan,
        "days_since_first": (as_of - min(times)) / DAY_US if times else nan,
    }[feature.measure]


def computed(history: History, feature: DeclaredFeature, snapshot: Snapshot) -> Floats:
    out = np.empty((len(snapshot), 1))
    write_declared(out, 0, snapshot, declared_inputs(history, [feature]))
    return out[:, 0]


@settings(CALM, max_examples=150)
@given(
    made.histories,
    features(),
    st.lists(st.sampled_from(ACCOUNTS), min_size=20, max_size=20),
    st.lists(made.instants, min_size=1, max_size=3),
    st.booleans(),
)
def test_each_measure_equals_plain_python(
    leads: list[Lead], feature: DeclaredFeature, accounts: list[str | None], as_of: list[int], moves: bool
) -> None:
    leads = with_accounts(leads, accounts)
    if moves:
        change = Change(as_of[0], as_of[0], "account_id", "beta")
        leads[0] = replace(leads[0], changes=[change, *leads[0].changes])
    history = history_of(leads, max(as_of))
    lead = np.repeat(np.arange(len(history)), len(as_of))
    snapshot = Snapshot(history, lead, np.tile(np.array(as_of, dtype=np.int64), len(history)))
    values = computed(history, feature, snapshot)
    for i, (one, at) in enumerate(zip(lead.tolist(), snapshot.as_of_us.tolist(), strict=True)):
        expected = reference(history, feature, one, at)
        assert values[i] == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


def test_a_column_is_named_as_in_the_configuration() -> None:
    feature = DeclaredFeature("demo_hours_90d", kind=("demo",), measure="sum", window_days=90)
    (column,) = declared_columns([feature])
    assert (column.name, column.phrase, column.block) == (
        "demo_hours_90d",
        "demo hours 90d of {value}",
        "declared",
    )


def test_model_carries_its_declared_features() -> None:
    declared = DeclaredFeature("calls_30d", kind=("call",), window_days=30.0)
    config = FunnelConfig(features={"calls_30d": declared.settings()})
    history = history_of(made_leads(300, seed=3), LAST_US, config)
    snapshot = open_leads(history, LAST_US)
    vocabulary, _ = learn(snapshot)
    assert vocabulary.declared == (declared,)
    matrix = build_matrix(snapshot, vocabulary)
    assert matrix.features[-1].name == "calls_30d"
    assert matrix.values[:, -1].tolist() == computed(history, declared, snapshot).tolist()


def test_a_lead_alone_and_among_others_has_the_same_bits() -> None:
    feature = DeclaredFeature("mean_value", measure="mean")
    history = history_of(made_leads(60, seed=5), LAST_US)
    snapshot = open_leads(history, LAST_US)
    together = computed(history, feature, snapshot)
    for i in range(len(snapshot)):
        alone = computed(history, feature, snapshot.take(np.array([i])))
        assert alone.tobytes() == together[i : i + 1].tobytes()
