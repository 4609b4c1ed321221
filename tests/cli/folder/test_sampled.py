"""Leads to train on: of a folder in parts those of the whole, or a sample that depends on ids alone."""

from pathlib import Path

import click
import pytest

from cli.folder.sampled import TrainingData, read_to_train
from history.base.progress import no_progress
from history.history import History
from models.home.saved import load_bundle, save_bundle
from tests.builders.command import answer, run
from tests.builders.worlds.faulted_crm import faulted_crm
from training.registry.registry import Registry
from training.run_record import fingerprint
from training.train import TrainOptions, train

WHOLE = {"as_of": None, "accept_rejected": True, "parts": None, "one_in": None}


def read(data: Path, **options: int | str) -> History:
    return read_to_train(data, TrainingData.of(data, {**WHOLE, **options}), no_progress)


@pytest.mark.parametrize("parts", [2, 7])
def test_parts_give_the_data_of_the_whole_folder(home: Path, crm: Path, tmp_path: Path, parts: int) -> None:
    data = faulted_crm(crm, tmp_path / "crm")
    whole, split = read(data), read(data, parts=parts)
    assert fingerprint(split) == fingerprint(whole)
    assert split.lead_ids == whole.lead_ids
    assert (split.reports, split.warnings, split.sample) == (whole.reports, whole.warnings, None)
    assert not list(home.glob("parts-*"))


@pytest.mark.parametrize("one_in", [1, pytest.param(2, marks=pytest.mark.long)])
def test_the_bundle_does_not_depend_on_the_parts(home: Path, crm: Path, tmp_path: Path, one_in: int) -> None:
    """The manifest has the sha256 of every file."""
    at_once, split = (
        save_bundle(
            train(read(crm, one_in=one_in, **options), TrainOptions(trials=0)).bundle,
            tmp_path / f"{len(options)}",
        )
        for options in ({}, {"parts": 7})
    )
    assert split == at_once


def test_a_sample_does_not_depend_on_parts_and_holds_smaller_ones(home: Path, crm: Path) -> None:
    half, quarter = read(crm, one_in=2, parts=3), read(crm, one_in=4)
    assert fingerprint(half) == fingerprint(read(crm, one_in=2, parts=5)) == fingerprint(read(crm, one_in=2))
    assert set(quarter.lead_ids) < set(half.lead_ids)
    assert 140 < len(half) < 260
    assert 60 < len(quarter) < 140
    assert half.reports == read(crm).reports, "every row is read"


def test_a_folder_whose_training_would_fill_the_memory_is_sampled(
    home: Path, crm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("cli.folder.sampled.free_bytes", "cli.folder.parts.free_bytes"):
        monkeypatch.setattr(place, lambda: 10_000_000)
    history = read(crm)
    assert history.sample is not None
    assert (history.sample.leads, history.sample.of_leads) == (len(history), 400)
    assert history.sample.one_in == 2
    assert history.warnings[0] == history.sample.warning()
    assert fingerprint(history) == fingerprint(read(crm, one_in=2))


def test_a_refused_training_says_that_its_leads_are_a_sample(home: Path, crm: Path) -> None:
    refused = run("train", crm, "--one-in", 400)
    assert refused.exit_code == 1
    assert "of 400 leads are taken, one in 400 by a hash of their ids" in refused.stderr


def test_a_version_says_of_which_leads_it_was_trained(home: Path, crm: Path) -> None:
    trained = answer("train", crm, "--trials", 0, "--one-in", 2)
    first = trained["warnings"][0]
    assert first["code"] == "sampled_leads"
    assert first["evidence"]["of_leads"] == 400
    assert first["detail"].startswith(f"trained on {first['evidence']['leads']} of 400 leads")
    shown = answer("models", "show", trained["model_version"])
    assert shown["card"]["sample"] == first["evidence"]
    assert (shown["params"]["sampled_one_in"], shown["params"]["sampled_of_leads"]) == ("2", "400")
    assert "Trained on" in run("models", "show", trained["model_version"]).stderr
    assert any(line.startswith("Trained on") and "of 400 leads" in line for line in shown["card"]["limits"])
    folder = Registry(home).home / "bundles" / trained["model_version"]
    assert load_bundle(folder).card["sample"] == first["evidence"]


def test_features_of_accounts_need_the_folder_at_once(
    home: Path, crm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = faulted_crm(crm, tmp_path / "crm")
    with (data / "funnel.toml").open("a", encoding="utf-8") as file:
        file.write('\n[features.account_calls]\nof = "interactions"\nmeasure = "count"\nscope = "account"\n')
    assert read(data, parts=2).sample is None
    assert "is read at once, into memory, because a feature of funnel.toml is of whole accounts" in (
        capsys.readouterr().err
    )
    with pytest.raises(click.UsageError, match="would part the leads of an account"):
        read(data, one_in=2)


@pytest.mark.long
def test_a_backtest_of_a_sample_says_so(home: Path, crm: Path, tmp_path: Path) -> None:
    page = tmp_path / "backtest.html"
    result = answer("backtest", crm, "--one-in", 2, "--origins", 1, "--trials", 0, "--report", page)
    assert [warning["code"] for warning in result["warnings"]] == ["sampled_leads"]
    assert "of 400 leads, one in 2 by a hash of their ids" in page.read_text(encoding="utf-8")
