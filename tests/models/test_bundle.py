"""A bundle tells what it is."""

import json

from history.history import History
from history.text.times import format_time
from models.bundle import Bundle, base_probability


def test_a_bundle_describes_itself_in_json(bundle: Bundle, history: History) -> None:
    described = json.loads(json.dumps(bundle.describe(), allow_nan=False))
    assert described["model_version"] == "7"
    assert described["signal"] == "usable"
    assert described["trained_through"] == format_time(history.as_of_us)
    assert described["horizon_days"] == history.config.horizon_days
    assert 0 < described["base_rate"] < 1
    assert described["base_probability"] == base_probability(bundle)
    assert [f["name"] for f in described["features"]] == [f.name for f in bundle.features]
    assert {"auc", "log_loss", "brier", "ece"} <= described["metrics"].keys()
