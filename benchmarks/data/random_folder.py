"""A data folder of random interactions, for benchmarks of what reads and stores one."""

from pathlib import Path

import numpy as np

KINDS = np.array(["email_open", "email_sent", "call", "meeting", "web_visit", "form"])
DIRECTIONS = np.array(["inbound", "outbound", ""])
START = np.datetime64("2024-01-01T00:00:00", "s")
FAR_FUTURE_US = 7_258_118_400_000_000  # 2200-01-01, an as_of after every row


def write_folder(folder: Path, rows: int) -> None:
    """`rows` interactions of rows / 40 leads over 15 months, with every column of the contract."""
    random = np.random.default_rng(1)
    n_leads = max(rows // 40, 1)
    created = START + random.integers(0, 86_400 * 365, n_leads).astype("m8[s]")
    with (folder / "leads.csv").open("w", encoding="utf-8") as file:
        file.write("lead_id,created_at,owner,source,employees\n")
        for i, time in enumerate(created):
            file.write(f"L{i:06d},{time}Z,owner{i % 40},s{i % 7},{i % 900}\n")

    lead = random.integers(0, n_leads, rows)
    occurred = created[lead] + random.integers(0, 86_400 * 90, rows).astype("m8[s]")
    order = np.argsort(occurred)
    kinds, directions = KINDS[random.integers(0, 6, rows)], DIRECTIONS[random.integers(0, 3, rows)]
    times = occurred[order].astype(str).tolist()
    columns = zip(lead[order].tolist(), times, kinds.tolist(), directions.tolist(), strict=True)
    with (folder / "interactions.csv").open("w", encoding="utf-8") as file:
        file.write("lead_id,occurred_at,kind,interaction_id,recorded_at,channel,direction,value\n")
        for r, (i, time, kind, direction) in enumerate(columns):
            file.write(f"L{i:06d},{time}Z,{kind},i{r},{time}Z,{kind[:4]},{direction},{r % 50}\n")
