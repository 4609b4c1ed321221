"""The tables of a simulated folder as text."""

from pathlib import Path

import pandas as pd

TABLES = ("leads", "interactions", "stages", "outcomes", "attribute_changes", "costs", "truth/leads")


def read(folder: Path, table: str) -> pd.DataFrame:
    """A table by its name, such as leads or truth/leads; missing values are empty texts."""
    return pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False)
