"""The tests of rows: each bad row is set aside alone, under the rule that it breaks."""

from pathlib import Path

from history.folder.rules.row_filter import RejectedRow
from history.folder.rules.rules import REJECTED
from tests.builders.csv_folder import LEADS, counts, read, us

NOW = "2024-06-01T00:00:00Z"


BAD_ROWS = {
    "leads.csv": {
        ",2024-01-01,x": "empty_id",
        '" ",2024-01-01,x': "empty_id",
        f"{'i' * 201},2024-01-01,x": "long_id",
        "c,,x": "missing_time",
        "d,03/04/2026,x": "unclear_time",
        "e,1700000000,x": "bad_time",
        "f,2024-01-01T10:00:60,x": "bad_time",
        "g,1989-12-31,x": "time_before_1990",
        "h,2024-06-02T00:00:01Z,x": "time_in_future",
        "a,2024-01-05,x": "duplicate_lead",
        "k,2024-01-01": "ragged_row",
        "k,2024-01-01,x,y": "ragged_row",
        "k\0,2024-01-01,x": "nul_in_id",
    },
    "interactions.csv": {
        "z,2024-01-03,call,,,,,": "unknown_lead",
        "A,2024-01-03,call,,,,,": "id_case",
        "07,2024-01-03,call,,,,,": "id_zeros",
        "1.2E+10,2024-01-03,call,,,,,": "rounded_id",
        "c,2024-01-03,call,,,,,": "lead_set_aside",
        ",2024-01-03,call,,,,,": "empty_id",
        "a,2024-01-03,,,,,,": "empty_kind",
        "a,2024-01-03,call,i\0,,,,": "nul_in_id",
        "a,,call,,,,,": "missing_time",
        "a,2024-01-03,call,,soon,,,": "bad_time",
        "a,2024-01-03,call,,2024-06-03,,,": "time_in_future",
        "a,2024-01-03,call,,,,,nan": "bad_value",
        "a,2024-01-03,call,,,,,1e999": "bad_value",
        "a,2024-01-03,call,,,,,-1.1e30": "bad_value",
        'a,2024-01-03,call,,,,,"1,5"': "bad_value",
        "a,2024-01-04,call,1,,,,": "duplicate_interaction",
    },
    "stages.csv": {"a,2024-01-03,": "empty_stage", "z,2024-01-03,new": "unknown_lead"},
    "outcomes.csv": {
        "a;b,won,2024-01-03,1": "listed_ids",
        "a,maybe,2024-01-03,1": "bad_outcome",
        "a,,2024-01-03,1": "bad_outcome",
        "a,won,yesterday,1": "bad_time",
    },
    "attribute_changes.csv": {
        "a,2024-01-03,,x": "empty_attribute",
        "a,2024-01-03,created_at,x": "fixed_attribute",
    },
    "costs.csv": {
        "2024-01-01,,-1": "bad_cost",
        "2024-01-01,,NaN": "bad_cost",
        "2024-01-01,,inf": "bad_cost",
        "2024-01-01,,1e308": "bad_cost",
        "2024-01-01,,1_000": "bad_cost",
        "2024-01-01,,": "missing_amount",
        "2024-01-02,2024-01-01,1": "period_ends_before_start",
    },
}


GOOD_ROWS = {
    "leads.csv": f"{LEADS}7,2024-01-01,z\n",
    "interactions.csv": "lead_id,occurred_at,kind,interaction_id,recorded_at,channel,direction,value\n"
    "a,2024-01-03,call,1,,,,-2.5\n",
    "stages.csv": "lead_id,entered_at,stage\na,2024-01-03,new\n",
    "outcomes.csv": "lead_id,outcome,closed_at,amount\na,open,2024-01-02,\na,won,2030-01-03,0\n",
    "attribute_changes.csv": "lead_id,changed_at,attribute,value\na,2024-01-03,plan,z\n",
    "costs.csv": "period_start,period_end,amount\n2024-01-01,,5\n",
}


def test_every_bad_row_is_set_aside_alone_under_its_rule(tmp_path: Path) -> None:
    files = {name: GOOD_ROWS[name] + "".join(f"{row}\n" for row in rows) for name, rows in BAD_ROWS.items()}
    rejected: list[RejectedRow] = []
    history = read(tmp_path, files, now_us=us(NOW), rejected=rejected)
    for name, rows in BAD_ROWS.items():
        table = name.removesuffix(".csv")
        good = GOOD_ROWS[name].count("\n") - 1
        assert history.reports[table].rows == good + len(rows)
        found = sorted((row.row, row.rule) for row in rejected if row.table == table)
        assert found == [(number, rule) for number, rule in enumerate(rows.values(), start=good + 2)]
        assert sum(counts(history.reports[table]).values()) == len(rows)
    assert len(history) == 3
    assert {row.rule for row in rejected} == set(REJECTED)
    texts = {row.row: row.text for row in rejected if row.table == "leads"}
    assert texts[9] == "d,03/04/2026,x"
