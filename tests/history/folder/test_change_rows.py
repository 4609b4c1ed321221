"""Changes count for the column of leads that they are of, whatever it is called, once for each change."""

from pathlib import Path

import pytest

from history.history import History
from history.read import read_folder

HEADER = "lead_id,changed_at,attribute,value\n"


def history_of(tmp_path: Path, leads: str, changes: str, config: str = "") -> History:
    (tmp_path / "leads.csv").write_text(leads)
    (tmp_path / "attribute_changes.csv").write_text(HEADER + changes)
    (tmp_path / "funnel.toml").write_text(config)
    return read_folder(tmp_path)


def flags(history: History) -> dict[str, int]:
    return {rule.rule: rule.count for rule in history.reports["attribute_changes"].flagged}


@pytest.mark.parametrize(
    "name", ["Owner", "OWNER ", "OwnerId", "Opportunity Owner", "HubSpot Owner", "Verkäufer", "Propriétaire"]
)
def test_owner_by_another_name_is_the_owner(tmp_path: Path, name: str) -> None:
    leads = "lead_id,created_at,owner\na,2026-03-02,ann\n"
    history = history_of(tmp_path, leads, f"a,2026-03-03,{name},bob\n")
    assert list(history.changes.attribute.values) == ["owner"]
    assert flags(history) == {"renamed_attribute": 1}


def test_ignored_attribute_is_ignored_by_its_label(tmp_path: Path) -> None:
    leads = "lead_id,created_at,CloseDate\na,2026-03-02,2026-04-01\n"
    config = '[attributes]\nignore = ["CloseDate"]\n'
    history = history_of(tmp_path, leads, "a,2026-03-03,Close Date,2026-05-01\n", config)
    assert not len(history.changes.time_us)
    assert flags(history)["ignored_attribute"] == 1


def test_misspelt_attribute_is_reported_and_kept(tmp_path: Path) -> None:
    leads = "lead_id,created_at,segment\na,2026-03-02,smb\n"
    history = history_of(tmp_path, leads, "a,2026-03-03,segmnet,enterprise\n")
    assert list(history.changes.attribute.values) == ["segmnet"]
    assert flags(history) == {"near_attribute": 1}


OWNED = "lead_id,created_at,owner\n" + "".join(f"l{i},2026-03-02,{name}\n" for i, name in enumerate("abc"))


def test_attribute_with_the_values_of_a_column_is_reported_and_kept(tmp_path: Path) -> None:
    changes = "".join(f"l{i},2026-03-03,Betreuer,{name}\n" for i, name in enumerate("bca"))
    history = history_of(tmp_path, OWNED, changes)
    assert list(history.changes.attribute.values) == ["Betreuer"]
    assert flags(history) == {"near_attribute": 3}


@pytest.mark.parametrize(("name", "values"), [("Betreuer", "bxy"), ("Betreuer", "bbb"), ("Betreuer", "123")])
def test_attribute_with_values_of_its_own_is_its_own(tmp_path: Path, name: str, values: str) -> None:
    changes = "".join(f"l{i},2026-03-03,{name},{value}\n" for i, value in enumerate(values))
    assert flags(history_of(tmp_path, OWNED, changes)) == {}


def test_attribute_beside_the_changes_of_the_column_is_its_own(tmp_path: Path) -> None:
    """A former owner has the values of owners, too."""
    changes = "".join(
        f"l{i},2026-03-03,{name},{value}\n" for i, value in enumerate("bca") for name in ("owner", "former")
    )
    assert flags(history_of(tmp_path, OWNED, changes)) == {}


def two_forms(n: int, *forms: str) -> str:
    return "".join(f"l{i},2026-03-03,Owner,{form}{i % 3}\n" for i in range(n) for form in forms)


@pytest.mark.parametrize("forms", [("005", "name "), ("name ", "005")])
def test_change_in_two_forms_counts_once(tmp_path: Path, forms: tuple[str, str]) -> None:
    """A name and an id for each change: the form of the column of leads counts, in whichever order they stand."""
    leads = "lead_id,created_at,owner\n" + "".join(f"l{i},2026-03-02,005{i % 3}\n" for i in range(12))
    history = history_of(tmp_path, leads, two_forms(12, *forms))
    assert list(history.changes.value.values) == ["0050", "0051", "0052"]
    assert len(history.changes.time_us) == 12
    assert flags(history)["other_form_of_value"] == 12


def test_changes_of_one_day_to_new_values_all_count(tmp_path: Path) -> None:
    """A second change on the same day is no second form, if most changes stand alone."""
    leads = "lead_id,created_at,owner\n" + "".join(f"l{i},2026-03-02,005{i % 3}\n" for i in range(12))
    changes = two_forms(12, "005") + "l1,2026-03-03,Owner,new\nl2,2026-03-03,Owner,new\n"
    assert len(history_of(tmp_path, leads, changes).changes.time_us) == 14
