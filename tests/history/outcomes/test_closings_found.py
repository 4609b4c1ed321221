"""A stage that leads enter at the moment of one decision is that decision, whatever its name."""

from pathlib import Path

import pytest

from history.history import History
from history.read import read_folder
from tests.history.outcomes.test_closing_stages import folder

LEADS = range(20)
WORDS = {"won": "Auftrag erhalten", "lost": "Absage"}


def found(path: Path, entered: str, closed: str, changed: int = 0) -> History:
    """20 leads, half of them won; the last `changed` ones enter the closing stage a week before they close."""
    entries, outcomes = {}, ""
    for number in LEADS:
        state = "won" if number % 2 else "lost"
        day = f"2026-03-{number + 3:02}"
        early = f"2026-02-{number + 3:02}" if number >= len(LEADS) - changed else day
        entries[f"D{number}"] = (f"2026-01-05{entered} new", f"{early}{entered} {WORDS[state]}")
        outcomes += f"D{number},{state},{day}{closed},100\n"
    folder(path, outcomes, entries=entries)
    leads = "".join(f"D{number},2026-01-05\n" for number in LEADS)
    (path / "leads.csv").write_text("lead_id,created_at\n" + leads)
    return read_folder(path)


@pytest.mark.parametrize(
    ("entered", "closed"), [("T10:00:00Z", "T10:00:00Z"), ("", ""), ("T10:00:00Z", "T10:00:01Z")]
)
def test_stages_entered_at_a_decision_are_the_decision(tmp_path: Path, entered: str, closed: str) -> None:
    history = found(tmp_path, entered, closed)
    assert (history.config.won_stages, history.config.lost_stages) == (("Auftrag erhalten",), ("Absage",))
    assert history.config.stages == ("new",)
    assert len(history.outcomes.time_us) == len(LEADS)
    assert [warning.code for warning in history.warnings] == ["closing_stages"]


def test_stages_that_also_precede_a_decision_stay_stages(tmp_path: Path) -> None:
    history = found(tmp_path, "T10:00:00Z", "T10:00:00Z", changed=6)
    assert history.config.won_stages == ()
    assert set(history.config.stages) == {"new", *WORDS.values()}


def test_few_entries_show_nothing(tmp_path: Path) -> None:
    entries = {"D1": ("2026-03-11T10:00:00Z Signed",)}
    history = read_folder(folder(tmp_path, "D1,won,2026-03-11T10:00:00Z,100\n", entries=entries))
    assert history.config.stages == ("Signed",)


def test_configured_stages_stay_stages(tmp_path: Path) -> None:
    found(tmp_path, "", "")
    (tmp_path / "funnel.toml").write_text('[funnel]\nstages = ["new", "Auftrag erhalten", "Absage"]\n')
    assert read_folder(tmp_path).config.won_stages == ()
