"""The audit finds what only the outcome can have written, and keeps what merely predicts it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.base.errors import InvalidInput
from history.base.warnings import Warning
from history.read import read_folder
from history.snapshot import cut
from history.text.times import DAY_US
from simulation.simulate import simulate
from tests.builders.engines.part_engine import PartEngine
from tests.builders.worlds.audit_world import START_US, Texts, codes, days, either, factor, only, world
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


@pytest.mark.parametrize("leaks", [True, False])
def test_findings_do_not_depend_on_the_engine(leaks: bool, tmp_path: Path) -> None:
    simulate(tmp_path / "crm", leads=1000, seed=4, leak=leaks)
    history = read_folder(tmp_path / "crm")
    mutable = replace(history.config, mutable=("employees",))
    for one in (history, replace(history, config=mutable)):
        engine = PartEngine(7)
        assert audit(one, engine) == audit(one)
        assert engine.done > 20, "each column is a part"


def test_honest_columns_are_kept_at_every_date(tmp_path: Path) -> None:
    simulate(tmp_path / "crm", leads=2500, seed=3)
    history = read_folder(tmp_path / "crm")
    for days_before in (0, 40, 120, 300):
        assert audit(cut(history, history.as_of_us - days_before * DAY_US)) == []


@pytest.mark.parametrize("seed", range(3))
def test_pick_that_only_won_leads_have_is_found(seed: int) -> None:
    """A pick that is written at the closing hides among many combinations of honest ones."""
    n = 3000
    w = world(n, seed, flat=True)
    options = ("erp", "bi", "crm", "hr", "scm", "plm", "mes")
    honest = [";".join(option for option in options if w.rng.random() < 0.4) or None for _ in range(n)]
    signed = w.will_win & w.chance(0.7)
    leaking = [
        ";".join(filter(None, (text, "signed" if is_signed else None))) or None
        for text, is_signed in zip(honest, signed.tolist(), strict=True)
    ]
    assert w.audit(tools=honest) == {}
    assert w.audit(tools=leaking) == {"tools": "leakage_suspected"}


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
