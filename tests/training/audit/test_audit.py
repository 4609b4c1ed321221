"""The audit finds what only the outcome can have written, and keeps what merely predicts it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.errors import InvalidInput
from history.history import DAY_US
from history.read import read_folder
from history.snapshot import cut
from history.warnings import Warning
from simulation.simulate import simulate
from tests.builders.audit_world import SPAN_DAYS, START_US, Texts, codes, days, either, factor, only, world
from training.audit.audit import audit, suspects

PLANTED = {"close_reason_code", "probability_percent", "contract_signed_on", "account_tier"}


@pytest.mark.parametrize(("leads", "seed"), [(1000, 0), (1000, 1), (2500, 2)])
def test_planted_leaks_and_nothing_else_are_found(leads: int, seed: int, tmp_path: Path) -> None:
    simulate(tmp_path / "crm", leads=leads, seed=seed, leak=True)
    findings = audit(read_folder(tmp_path / "crm"))
    assert codes(findings) == dict.fromkeys(PLANTED, "leakage_suspected")
    for finding in findings:
        assert f"--keep {finding.subject}" in finding.detail
        assert finding.evidence


def test_honest_columns_are_kept_at_every_date(tmp_path: Path) -> None:
    simulate(tmp_path / "crm", leads=2500, seed=3)
    history = read_folder(tmp_path / "crm")
    for days_before in (0, 40, 120, 300):
        assert audit(cut(history, history.as_of_us - days_before * DAY_US)) == []


@pytest.mark.parametrize("seed", range(3))
def test_strong_predictors_known_all_along_are_kept(seed: int) -> None:
    """They predict the outcome of open leads too, so closing is not what wrote them, however strong they are."""
    w = world(2000, seed)
    soon = w.will_close_us - w.created_us < 15 * DAY_US
    planned_us = np.where(w.will_win, w.will_close_us, w.created_us + 60 * DAY_US)
    intent = either(w.will_win ^ w.chance(0.03), "hot", "cold")
    budget = either(w.will_win & w.chance(0.8) | w.chance(0.05), "known", None)
    fit = [f"{x:.3f}" for x in 2.5 * w.will_win + w.rng.normal(size=2000)]
    verdicts = w.audit(
        intent=intent,
        budget=budget,
        fit=fit,
        speed=either(soon ^ w.chance(0.02), "fast", "slow"),
        planned_close=days(planned_us + w.rng.integers(-2, 3, 2000) * DAY_US),
        eligible=either(w.will_win | w.chance(0.5), "yes", "no"),
    )
    assert "leakage_suspected" not in verdicts.values()


@pytest.mark.parametrize("seed", range(3))
def test_columns_that_come_and_go_are_kept(seed: int) -> None:
    """A field that was introduced or given up has few open or few closed leads, and that is no leak."""
    w = world(2000, seed)
    age = (w.created_us - START_US) / (SPAN_DAYS * DAY_US)
    verdicts = w.audit(
        introduced=either((age > 0.6) & w.chance(0.8), "a", None),
        given_up=either((age < 0.85) & w.chance(0.8), "a", None),
        campaign=[f"c{int(a * 20)}" for a in age],
        person=[f"p{i}" for i in range(2000)],
    )
    assert verdicts == {}


@pytest.mark.parametrize("seed", range(3))
def test_values_written_at_the_closing_are_suspected(seed: int) -> None:
    n = 2000
    w = world(n, seed)
    phase = np.where(w.won, "Customer", np.where(w.lost, "Gone", np.where(w.chance(), "Working", "New")))
    length_days = ((w.will_close_us - w.created_us) / DAY_US).astype(int)
    competitor = w.rng.integers(0, 3, n).astype(str).tolist()
    lost_to_competitor = w.lost & w.chance()
    amounts = [f"{amount:.2f}" for amount in w.rng.lognormal(8, 1, n)]
    recent_us = np.maximum(w.created_us, w.history.as_of_us - w.rng.integers(0, 20, n) * DAY_US)
    columns: dict[str, Texts] = {
        "phase": phase.tolist(),
        "open_flag": either(w.closed, "false", "true"),
        "length": only(w.closed, length_days.astype(str).tolist()),
        "ConvertedDate": only(w.won, days(w.will_close_us)),
        "competitor": only(lost_to_competitor, competitor),
        "deal": only(w.won, amounts),
        "touched": days(np.where(w.closed, w.will_close_us, recent_us)),
    }
    assert w.audit(**columns) == dict.fromkeys(columns, "leakage_suspected")


def test_purge_of_old_leads_is_no_evidence() -> None:
    """Leads of one value closed on one day, or all within two weeks, were closed by a person, not by a value."""
    w = world(3000, 5)
    as_of_us = w.history.as_of_us
    on_old_list = w.chance(0.2)
    columns: dict[str, Texts] = {
        "list": either(on_old_list, "old", "new"),
        "city": [f"c{c}" for c in w.rng.integers(0, 4, 3000)],
        "note": either(w.chance(0.9), "x", None),
    }
    purge_us = as_of_us - 5 * DAY_US
    old_end_us = np.where(w.created_us < purge_us, purge_us, as_of_us)
    one_day_us = np.minimum(w.will_close_us, np.where(on_old_list, old_end_us, as_of_us + 1))
    assert "leakage_suspected" not in w.closing_at(one_day_us).audit(**columns).values()

    within_two_weeks = (w.rng.random(3000) * 14 * DAY_US).astype(np.int64)
    purged_us = np.maximum(np.minimum(w.will_close_us, as_of_us - within_two_weeks), w.created_us + 1)
    assert "leakage_suspected" not in w.closing_at(purged_us).audit(**columns).values()


@pytest.mark.parametrize("seed", range(3))
def test_value_of_fast_leads_is_kept(seed: int) -> None:
    """Fast leads are never open for long, so that few of them are open at T is no evidence."""
    w = world(6000, seed)
    is_fast = w.will_close_us - w.created_us < 20 * DAY_US
    assert w.audit(route=either(is_fast, "express", "usual")).get("route") != "leakage_suspected"


@pytest.mark.parametrize("seed", range(3))
def test_flat_table_is_tested_by_deciding_values(seed: int) -> None:
    """Without times, values that settle the outcome on many leads are the only evidence."""
    n = 4000
    w = world(n, seed, flat=True)
    rng, win = w.rng, w.will_win
    won_note = rng.choice(["will come", "paid by card", "busy"], n, p=[0.6, 0.3, 0.1])
    lost_note = rng.choice(["no answer", "wrong number", "busy"], n, p=[0.6, 0.3, 0.1])
    won_grade = rng.choice(["top", "fair"], n, p=[0.3, 0.7])
    lost_grade = rng.choice(["worst", "fair"], n, p=[0.5, 0.5])
    is_referral = win & w.chance(0.25) | ~win & w.chance(0.01)
    verdicts = w.audit(
        remarks=either(w.chance(0.8), "x", None),
        sales_notes=only(~w.chance(0.2), np.where(win, won_note, lost_note).tolist()),
        lead_quality=np.where(win, won_grade, lost_grade).tolist(),
        channel=either(is_referral, "referral", "web"),
        occupation=either(win & w.chance(0.9) | w.chance(0.5), "given", None),
        seconds=[str(int(s)) for s in rng.exponential(300 + 400 * win)],
        finished=either(w.closed, "true", "false"),
    )
    assert verdicts == dict.fromkeys(("sales_notes", "lead_quality", "finished"), "leakage_suspected")


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("n", [0, 1, 30, 150, 2000])
def test_noise_is_never_suspected_at_any_size(n: int, flat: bool) -> None:
    """The thresholds take the number of columns into account: two hundred of noise have no finding."""
    w = world(n, 11, flat=flat)
    columns: dict[str, Texts] = {}
    for j in range(50):
        columns[f"kind {j}"] = [f"v{c}" for c in w.rng.integers(0, 2 + j % 9, n)]
        columns[f"sparse {j}"] = either(w.chance(0.05), "x", None)
        columns[f"size {j}"] = [f"{x:.3f}" for x in w.rng.normal(size=n)]
        columns[f"on {j}"] = days(START_US + w.rng.integers(-400, 900, n) * DAY_US)
    assert w.audit(**columns) == {}


def test_suspicious_name_alone_only_warns() -> None:
    w = world(500, 2)
    assert w.audit(lead_score=[str(i % 7) for i in range(500)]) == {"lead_score": "leakage_possible"}


def test_columns_that_no_model_reads_are_not_tested() -> None:
    """Ignored and sensitive columns have no finding, a mutable one only that it is mutable."""
    w = world(1000, 1)
    leak = factor(either(w.closed, "x", None))
    config = replace(w.history.config, ignore=("a",), sensitive=("b",), mutable=("c",))
    history = replace(w.history, config=config, attributes={"a": leak, "b": leak, "c": leak, "d": leak})
    assert codes(audit(history)) == {"d": "leakage_suspected", "c": "mutable_attribute"}


FINDINGS = [
    Warning("leakage_suspected", "tags", ""),
    Warning("leakage_suspected", "grade", ""),
    Warning("leakage_possible", "score", ""),
]


def test_suspects_are_dropped_unless_kept() -> None:
    assert suspects(FINDINGS, ()) == ("tags", "grade")
    assert suspects(FINDINGS, ("tags", "score")) == ("grade",)
    assert suspects(FINDINGS, ("city",), columns=["city", "tags", "grade"]) == ("tags", "grade")


def test_keeping_an_unknown_column_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"--keep nope.*grade, score, tags"):
        suspects(FINDINGS, ("nope",))
    with pytest.raises(InvalidInput, match="--keep score"):
        suspects(FINDINGS, ("score",), columns=["city", "tags"])
