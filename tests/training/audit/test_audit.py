"""The audit names what only the outcome can have written, and leaves alone what merely predicts it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.arrays import Floats, Ints, Mask
from history.config import FunnelConfig
from history.errors import InvalidInput
from history.history import (
    DAY_US,
    LOST,
    WON,
    Changes,
    Factor,
    History,
    Outcomes,
    empty_factor,
    no_changes,
    no_interactions,
    no_stages,
)
from history.read import read_folder
from history.snapshot import cut
from simulation.simulate import simulate
from training.audit.audit import audit, suspects
from training.audit.columns import column_of
from training.audit.deciding_values import two_fold_auc
from training.audit.names import suspicious_words

START_US = 1_600_000_000_000_000
SPAN_DAYS = 500
PLANTED = {"close_reason_code", "probability_percent", "contract_signed_on", "account_tier"}


@dataclass(frozen=True)
class World:
    """n leads with what will become of each, and the history of them that is known at T, without attributes."""

    history: History
    will_win: Mask
    will_close_us: Ints
    closed: Mask
    rng: np.random.Generator

    @property
    def created_us(self) -> Ints:
        return self.history.created_us

    @property
    def won(self) -> Mask:
        return self.closed & self.will_win

    def chance(self, p: float | Floats = 0.5) -> Mask:
        return np.asarray(self.rng.random(len(self.will_win)) < p)

    def audit(self, **columns: Sequence[str | None]) -> dict[str, str]:
        """Codes by column."""
        attributes = {name: factor(texts) for name, texts in columns.items()}
        return codes(audit(replace(self.history, attributes=attributes)))


def codes(findings: list[dict[str, Any]]) -> dict[str, str]:
    return {f["subject"]: f["code"] for f in findings}


def factor(texts: Sequence[str | None]) -> Factor:
    values = sorted({t for t in texts if t is not None})
    place = {t: i for i, t in enumerate(values)}
    return Factor(np.array([-1 if t is None else place[t] for t in texts], dtype=np.int32), values)


def day(us: int) -> str:
    return str(np.datetime64(int(us), "us").astype("M8[D]"))


def world(n: int, seed: int, *, flat: bool = False) -> World:
    """Flat: no closing times, every lead older than the horizon of 30 days decided, except a tenth that stays open."""
    rng = np.random.default_rng(seed)
    created = START_US + np.sort(rng.integers(0, SPAN_DAYS * 24, n)) * (DAY_US // 24)
    now = START_US + SPAN_DAYS * DAY_US
    closing = created + (1 + rng.exponential(40.0, n) * DAY_US).astype(np.int64)
    if flat:
        closing = np.where(rng.random(n) < 0.1, now + 1, created + 30 * DAY_US)
    win = rng.random(n) < 0.3
    closed = closing <= now
    rows = np.flatnonzero(closed)
    offsets = np.concatenate(([0], np.cumsum(closed))).astype(np.int64)
    outcomes = Outcomes(
        offsets,
        closing[rows],
        closing[rows],
        np.where(win[rows], WON, LOST).astype(np.int8),
        np.full(len(rows), np.nan),
        empty_factor(len(rows)),
        np.full(len(rows), flat),
    )
    ids = [f"L{i}" for i in range(n)]
    history = History(
        FunnelConfig(horizon_days=30), now, ids, created, {}, no_interactions(n), no_stages(n), outcomes, no_changes(n)
    )  # fmt: skip
    return World(history, win, closing, closed, rng)


def either(mask: Mask, yes: str | None, no: str | None) -> list[str | None]:
    return [yes if m else no for m in mask.tolist()]


@pytest.mark.parametrize(("leads", "seed"), [(1000, 0), (1000, 1), (2500, 2)])
def test_planted_leaks_are_all_found_and_nothing_else(leads: int, seed: int, tmp_path: Path) -> None:
    simulate(tmp_path / "crm", leads=leads, seed=seed, leak=True)
    findings = audit(read_folder(tmp_path / "crm"))
    assert codes(findings) == dict.fromkeys(PLANTED, "leakage_suspected")
    for found in findings:
        assert f"--keep {found['subject']}" in found["detail"]
        assert found["evidence"]


def test_honest_columns_of_a_simulated_funnel_are_kept_at_every_date(tmp_path: Path) -> None:
    simulate(tmp_path / "crm", leads=2500, seed=3)
    history = read_folder(tmp_path / "crm")
    for days in (0, 40, 120, 300):
        assert audit(cut(history, history.as_of_us - days * DAY_US)) == []


@pytest.mark.parametrize("seed", range(3))
def test_strong_predictors_known_all_along_are_kept(seed: int) -> None:
    """They tell what will be of open leads too, so closing is not what wrote them, however strong they are."""
    w = world(2000, seed)
    soon = w.will_close_us - w.created_us < 15 * DAY_US
    planned = np.where(w.will_win, w.will_close_us, w.created_us + 60 * DAY_US)
    found = w.audit(
        intent=either(w.will_win ^ w.chance(0.03), "hot", "cold"),
        budget=either(w.will_win & w.chance(0.8) | w.chance(0.05), "known", None),
        fit=[f"{x:.3f}" for x in 2.5 * w.will_win + w.rng.normal(size=2000)],
        speed=either(soon ^ w.chance(0.02), "fast", "slow"),
        planned_close=[
            day(p + d * DAY_US) for p, d in zip(planned, w.rng.integers(-2, 3, 2000), strict=True)
        ],
        eligible=either(w.will_win | w.chance(0.5), "yes", "no"),
    )
    assert "leakage_suspected" not in found.values()


@pytest.mark.parametrize("seed", range(3))
def test_columns_that_come_and_go_are_kept(seed: int) -> None:
    """A field that was introduced, or given up, has few closed or few open leads for a reason that is no leak."""
    w = world(2000, seed)
    age = (w.created_us - START_US) / (SPAN_DAYS * DAY_US)
    found = w.audit(
        introduced=either((age > 0.6) & w.chance(0.8), "a", None),
        given_up=either((age < 0.85) & w.chance(0.8), "a", None),
        campaign=[f"c{int(a * 20)}" for a in age],
        person=[f"p{i}" for i in range(2000)],
    )
    assert found == {}


@pytest.mark.parametrize("seed", range(3))
def test_values_written_at_the_closing_are_suspected(seed: int) -> None:
    w = world(2000, seed)
    n = 2000
    lost = w.closed & ~w.will_win
    states = np.where(w.won, "Customer", np.where(lost, "Gone", np.where(w.chance(), "Working", "New")))
    found = w.audit(
        phase=states.tolist(),
        open_flag=either(w.closed, "false", "true"),
        length=[
            str(int((c - b) / DAY_US)) if x else None
            for c, b, x in zip(w.will_close_us, w.created_us, w.closed, strict=True)
        ],
        ConvertedDate=[day(c) if x else None for c, x in zip(w.will_close_us, w.won, strict=True)],
        competitor=[
            str(c) if x else None for c, x in zip(w.rng.integers(0, 3, n), lost & w.chance(), strict=True)
        ],
        deal=[f"{a:.2f}" if x else None for a, x in zip(w.rng.lognormal(8, 1, n), w.won, strict=True)],
        touched=[
            day(c if x else max(b, w.history.as_of_us - d * DAY_US))
            for b, c, x, d in zip(
                w.created_us, w.will_close_us, w.closed, w.rng.integers(0, 20, n), strict=True
            )
        ],
    )
    expected = ("phase", "open_flag", "length", "ConvertedDate", "competitor", "deal", "touched")
    assert found == dict.fromkeys(expected, "leakage_suspected")


def closing_at(w: World, closing_us: Ints, **columns: Sequence[str | None]) -> dict[str, str]:
    """Codes by column of the same leads with other closing times."""
    closed = closing_us <= w.history.as_of_us
    rows = np.flatnonzero(closed)
    outcomes = Outcomes(
        np.concatenate(([0], np.cumsum(closed))).astype(np.int64),
        closing_us[rows],
        closing_us[rows],
        np.where(w.will_win[rows], WON, LOST).astype(np.int8),
        np.full(len(rows), np.nan),
        empty_factor(len(rows)),
        np.zeros(len(rows), dtype=bool),
    )
    return replace(w, history=replace(w.history, outcomes=outcomes)).audit(**columns)


def test_a_purge_is_no_evidence_against_a_column() -> None:
    """Leads of one value closed on one day, or all within two weeks, were closed by someone, not by a value."""
    w = world(3000, 5)
    now, closing = w.history.as_of_us, w.will_close_us
    old_list = w.chance(0.2)
    columns: dict[str, list[str | None]] = {
        "list": either(old_list, "old", "new"),
        "city": [f"c{c}" for c in w.rng.integers(0, 4, 3000)],
        "note": either(w.chance(0.9), "x", None),
    }
    one_day = np.where(old_list, np.where(w.created_us < now - 5 * DAY_US, now - 5 * DAY_US, now), now + 1)
    assert "leakage_suspected" not in closing_at(w, np.minimum(closing, one_day), **columns).values()
    days = (w.rng.random(3000) * 14 * DAY_US).astype(np.int64)
    purged = np.maximum(np.minimum(closing, now - days), w.created_us + 1)
    assert "leakage_suspected" not in closing_at(w, purged, **columns).values()


@pytest.mark.parametrize("seed", range(3))
def test_a_value_of_leads_that_close_fast_is_kept(seed: int) -> None:
    """None of them is open for long at any time, so that few are open now says nothing."""
    w = world(6000, seed)
    fast = w.will_close_us - w.created_us < 20 * DAY_US
    assert w.audit(route=either(fast, "express", "usual")).get("route") != "leakage_suspected"


@pytest.mark.parametrize("seed", range(3))
def test_a_flat_table_is_judged_by_its_rules(seed: int) -> None:
    """Without times, values that settle the outcome on much of the leads are all there is to see."""
    n = 4000
    w = world(n, seed, flat=True)
    rng, win = w.rng, w.will_win
    notes = np.where(win, rng.choice(["will come", "paid by card", "busy"], n, p=[0.6, 0.3, 0.1]),
                     rng.choice(["no answer", "wrong number", "busy"], n, p=[0.6, 0.3, 0.1]))  # fmt: skip
    grade = np.where(
        win, rng.choice(["top", "fair"], n, p=[0.3, 0.7]), rng.choice(["worst", "fair"], n, p=[0.5, 0.5])
    )
    channel = np.where(win & w.chance(0.25), "referral", np.where(~win & w.chance(0.01), "referral", "web"))
    found = w.audit(
        remarks=either(w.chance(0.8), "x", None),
        sales_notes=[None if m else str(t) for t, m in zip(notes, w.chance(0.2), strict=True)],
        lead_quality=grade.tolist(),
        channel=channel.tolist(),
        occupation=either(win & w.chance(0.9) | w.chance(0.5), "given", None),
        seconds=[str(int(s)) for s in rng.exponential(300 + 400 * win)],
        finished=either(w.closed, "true", "false"),
    )
    suspected = {name for name, code in found.items() if code == "leakage_suspected"}
    assert suspected == {"sales_notes", "lead_quality", "finished"}
    assert set(found) == suspected


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("n", [0, 1, 30, 150, 2000])
def test_noise_is_never_suspected_whatever_the_size(n: int, flat: bool) -> None:
    """The thresholds hold over many columns: two hundred of pure noise raise nothing."""
    w = world(n, 11, flat=flat)
    columns: dict[str, list[str | None]] = {}
    for j in range(50):
        columns[f"kind {j}"] = [f"v{c}" for c in w.rng.integers(0, 2 + j % 9, n)]
        columns[f"sparse {j}"] = either(w.chance(0.05), "x", None)
        columns[f"size {j}"] = [f"{x:.3f}" for x in w.rng.normal(size=n)]
        columns[f"on {j}"] = [day(START_US + d * DAY_US) for d in w.rng.integers(-400, 900, n)]
    assert w.audit(**columns) == {}


def test_a_date_before_1970_is_a_date() -> None:
    w = world(200, 4)
    born = [day((d - 4000) * DAY_US) for d in w.rng.integers(0, 8000, 200)]
    born[0] = ""
    history = replace(w.history, attributes={"born": factor([text or None for text in born])})
    column = column_of(history, "born")
    assert column.kind == "date"
    assert column.filled.tolist() == [False] + [True] * 199


def test_ranges_of_numbers_are_told_by_their_ends() -> None:
    w = world(1200, 3, flat=True)
    sure = np.where(w.will_win, 100.0, 0.0) + w.rng.random(len(w.will_win)) * 90
    findings = audit(replace(w.history, attributes={"amount_paid": factor([f"{v:.3f}" for v in sure])}))
    detail = findings[0]["detail"]
    assert "or more' (100% of" in detail
    between = re.findall(r"'(\S+) to below (\S+)' \(0% of", detail)
    assert between
    assert all(float(low) < float(high) <= 100 for low, high in between)


def _changes(lead: Ints, time_us: Ints, known_us: Ints, n: int) -> Changes:
    order = np.lexsort((time_us, lead))
    lead = lead[order]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(lead, minlength=n)))).astype(np.int64)
    zeros = np.zeros(len(lead), dtype=np.int32)
    return Changes(offsets, time_us[order], known_us[order], Factor(zeros, ["tier"]), Factor(zeros, ["gold"]))


@pytest.mark.parametrize(("of_open", "expected"), [(0.02, {"tier": "leakage_suspected"}), (0.9, {})])
def test_a_bulk_back_fill_is_suspected_unless_open_leads_got_it_too(
    of_open: float, expected: dict[str, str]
) -> None:
    """A migration fills all leads in one night; a leak fills those that won."""
    w = world(2000, 7)
    night = w.history.as_of_us - 60 * DAY_US
    there = w.created_us < night
    won = w.won & (w.will_close_us < night)
    lead = np.flatnonzero(there & w.chance(np.where(won, 0.9, of_open)))
    changes = _changes(lead, w.created_us[lead], np.full(len(lead), night), 2000)
    assert codes(audit(replace(w.history, changes=changes))) == expected


def test_columns_that_no_model_reads_are_not_judged_and_mutable_ones_are_told() -> None:
    w = world(1000, 1)
    leak = factor(either(w.closed, "x", None))
    config = replace(w.history.config, ignore=("a",), sensitive=("b",), mutable=("c",))
    history = replace(w.history, config=config, attributes={"a": leak, "b": leak, "c": leak, "d": leak})
    assert codes(audit(history)) == {"d": "leakage_suspected", "c": "mutable_attribute"}


def test_suspects_are_dropped_unless_kept_and_unknown_columns_refused() -> None:
    findings = [
        {"code": "leakage_suspected", "subject": "tags"},
        {"code": "leakage_suspected", "subject": "grade"},
        {"code": "leakage_possible", "subject": "score"},
    ]
    assert suspects(findings, ()) == ("tags", "grade")
    assert suspects(findings, ("tags", "score")) == ("grade",)
    assert suspects(findings, ("city",), columns=["city", "tags", "grade"]) == ("tags", "grade")
    with pytest.raises(InvalidInput, match=r"--keep nope.*grade, score, tags"):
        suspects(findings, ("nope",))
    with pytest.raises(InvalidInput, match="--keep score"):
        suspects(findings, ("score",), columns=["city", "tags"])


TELL = ("last_activity", "LastModifiedDate", "lead_status", "Lead Score", "IsClosed", "days_to_close")
SILENT = (
    "planned_close_on",
    "expected close",
    "marital_status",
    "credit_score",
    "source",
    "last_name",
    "stagecoach",
    "",
    "é",
)


@pytest.mark.parametrize(("name", "tells"), [*((n, True) for n in TELL), *((n, False) for n in SILENT)])
def test_names_tell_by_whole_words(name: str, tells: bool) -> None:
    assert (suspicious_words(name) is not None) is tells


def test_a_telling_name_alone_warns_and_keeps() -> None:
    w = world(500, 2)
    assert w.audit(lead_score=[str(i % 7) for i in range(500)]) == {"lead_score": "leakage_possible"}


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(8, 60))
def test_auc_counts_pairs(seed: int, groups: int, n: int) -> None:
    """The same as comparing every winner with every loser of one half by the rates of the other half."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    won = rng.random(n) < 0.5
    assert two_fold_auc(group, won, groups) == pytest.approx(np.mean([_pairs(group, won, p) for p in (0, 1)]))


def _pairs(group: npt.NDArray[np.int64], won: Mask, parity: int) -> float:
    half = np.arange(len(won)) % 2
    rate = {}
    for g in set(group.tolist()):
        mine = won[(half != parity) & (group == g)]
        rate[g] = (mine.sum() + 2 * won.mean()) / (len(mine) + 2)
    good = [rate[g] for g, h, y in zip(group.tolist(), half, won, strict=True) if h == parity and y]
    bad = [rate[g] for g, h, y in zip(group.tolist(), half, won, strict=True) if h == parity and not y]
    if not good or not bad:
        return 0.5
    return float(np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a in good for b in bad]))
