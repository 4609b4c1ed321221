"""Which rows of leads are visible at an instant."""

from pathlib import Path

from tests.builders.csv_folder import counts, read, us

NOW = "2024-06-01T00:00:00Z"


def test_rows_are_visible_with_their_lead_and_from_when_they_were_known(tmp_path: Path) -> None:
    files = {
        "leads.csv": "lead_id,created_at,recorded_at\na,2024-01-01,\nb,2024-01-01,2024-03-01\n",
        "interactions.csv": "lead_id,occurred_at,recorded_at,kind\n"
        "a,2024-01-05,,call\na,2024-01-06,2024-02-15,mail\nb,2024-01-07,,call\na,2023-12-31,,early\n",
    }
    kinds = {}
    for day in ("2024-02-01", "2024-02-20", "2024-03-02"):
        history = read(tmp_path, files, as_of_us=us(day))
        kind = history.interactions.kind
        kinds[day] = sorted(str(kind.text(row)) for row in range(len(kind)))
        assert counts(history.reports["interactions"], flagged=True) == {"before_creation": 1}
    assert kinds == {
        "2024-02-01": ["call", "early"],
        "2024-02-20": ["call", "early", "mail"],
        "2024-03-02": ["call", "call", "early", "mail"],
    }
