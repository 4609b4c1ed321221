"""Records of one lead become one: the first creation stays, and each stage is entered once."""

import pyarrow as pa

from connectors.folder.other_ids import with_other_ids
from connectors.folder.write import SCHEMAS, TIME


def test_lead_of_two_records_enters_each_stage_once() -> None:
    """Both began as new: the later beginning took the survivor back to the first stage."""
    rows = [
        ("a", 1, "new"),
        ("a", 2, "trial"),
        ("b", 3, "new"),
        ("b", 4, "plan"),
        ("c", 5, "new"),
        ("c", 6, "new"),
    ]
    stages = pa.table(
        {
            "lead_id": [row[0] for row in rows],
            "entered_at": pa.array([row[1] for row in rows], pa.int64()).cast(TIME),
            "stage": [row[2] for row in rows],
            "recorded_at": pa.nulls(len(rows), TIME),
        }
    ).cast(SCHEMAS["stages"])
    joined = with_other_ids({"stages": stages}, {"a": "b"})["stages"]
    found = zip(joined.column("lead_id").to_pylist(), joined.column("stage").to_pylist(), strict=True)
    assert list(found) == [("b", "new"), ("b", "trial"), ("b", "plan"), ("c", "new"), ("c", "new")]
