"""The funnel's report: the state, with owners and chances if a model is at hand."""

from dataclasses import replace
from pathlib import Path

from funnel.state.report.report import funnel_report
from funnel.state.state import funnel_state
from history.base.warnings import Warning
from history.history import History
from history.read import read_folder
from models.home.pointer import champion

WARNING = Warning("model_refused", "", "damaged")


def test_report_without_a_model_is_the_state(crm: Path) -> None:
    history = read_folder(crm)
    report = funnel_report(history, warnings=[WARNING])
    assert report.pop("owners") == []
    assert report["warnings"].pop() == WARNING.to_json()
    assert report == funnel_state(history)


def comparing(crm: Path) -> History:
    history = read_folder(crm)
    return replace(history, config=replace(history.config, display={"compare_owners": True}))


def test_report_with_a_model_has_expected_wins_of_owners(champion_home: Path, crm: Path) -> None:
    report = funnel_report(comparing(crm), bundle=champion(champion_home))
    assert report["owners"]
    assert all(owner["promised"] >= 0 for owner in report["owners"])


def test_owners_are_compared_with_leave_alone(champion_home: Path, crm: Path) -> None:
    bundle = champion(champion_home)
    assert funnel_report(read_folder(crm), bundle=bundle)["owners"] == []
    assert funnel_report(comparing(crm), bundle=bundle, may_compare_owners=False)["owners"] == []
