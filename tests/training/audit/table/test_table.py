"""The audit on folders with known leaks: what it names and what it accuses, flat and with history."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.history import History
from history.read import read_folder
from tests.builders.leaking.effect import auc_effect
from tests.builders.leaking.folder import leaking_folder, write_folder
from tests.builders.worlds.audit_world import Texts, either, factor, world
from training.audit.audit import audit

MIN_EFFECT = 0.02


def judged(seeds: Iterable[int], folder: Path) -> tuple[int, int, list[str]]:
    """Leaks with an effect, how many of them are named, and the honest columns that are accused."""
    leaks, named, accused = 0, 0, []
    for seed in seeds:
        made = leaking_folder(seed)
        write_folder(made, folder / str(seed))
        found = {finding.subject for finding in audit(read_folder(folder / str(seed)))}
        accused += [f"{seed}: {column}" for column in sorted(found - set(made.leaks))]
        with_effect = {column for column in made.leaks if auc_effect(made, column) > MIN_EFFECT}
        leaks, named = leaks + len(with_effect), named + len(with_effect & found)
    return leaks, named, accused


def test_leaks_of_a_few_folders_are_named(tmp_path: Path) -> None:
    leaks, named, accused = judged((16, 21), tmp_path)
    assert leaks >= 8
    assert named >= 0.85 * leaks
    assert accused == []


@pytest.mark.long
def test_leaks_are_named_and_honest_columns_kept(tmp_path: Path) -> None:
    """95 % of the leaks, and one honest column in 20 folders; the bounds leave room for two standard errors."""
    leaks, named, accused = judged(range(10_000, 10_080), tmp_path)
    assert named >= 0.9 * leaks
    assert len(accused) <= 8, accused


@pytest.mark.parametrize("seed", range(3))
def test_values_that_nearly_always_win_are_told_without_other_columns(seed: int) -> None:
    """A single column has none to be compared with: the rate itself is a reason to look."""
    w = world(3000, seed)
    w = w.closing_at(w.created_us + 1)
    found = audit_of(w.history, desk=either(w.won & w.chance(0.4), "onboarding", "sales"))
    assert "'onboarding' is won in 100% of" in found["desk"]
    assert f"against {w.won.mean():.0%} of all" in found["desk"]


def test_columns_filled_in_together_are_named_together(tmp_path: Path) -> None:
    """The third column of the group is filled too rarely to be compared with honest ones."""
    write_folder(leaking_folder(20_144), tmp_path)
    found = {finding.subject: finding for finding in audit(read_folder(tmp_path))}
    assert {"form_a", "form_b", "form_c"} <= set(found)
    assert "it goes with form_" in found["form_c"].detail


def test_unserved_country_is_kept() -> None:
    """A value that never wins may be a fact; it takes a quarter of all losses to be a reason to look."""
    w = world(3000, 0, flat=True)
    assert audit_of(w.history, country=either(~w.will_win & w.chance(0.12), "BR", "DE")) == {}


def audit_of(history: History, **columns: Texts) -> dict[str, str]:
    """Details of the findings by column."""
    attributes = {name: factor(texts) for name, texts in columns.items()}
    return {finding.subject: finding.detail for finding in audit(replace(history, attributes=attributes))}


def test_evidence_does_not_depend_on_the_order_of_columns(tmp_path: Path) -> None:
    made = leaking_folder(4)
    write_folder(made, tmp_path)
    history = read_folder(tmp_path)
    rng = np.random.default_rng(0)
    order = rng.permutation(sorted(history.attributes)).tolist()
    shuffled = replace(history, attributes={name: history.attributes[name] for name in order})
    assert audit(shuffled) == audit(history)
