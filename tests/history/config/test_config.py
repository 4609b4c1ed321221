"""The configuration of a funnel: its JSON form, its zone, the formats of its tables."""

import json

import pytest

from history.base.errors import InvalidInput
from history.config.config import ALL_TABLES, FunnelConfig, from_dict, to_dict, zone_of


def test_json_form_reads_back_equal() -> None:
    config = FunnelConfig(
        timezone="Asia/Tokyo",
        stages=("new", "offer"),
        groups={"top": ("new",)},
        outcome_words={"won": ("Signed",)},
        inferred=("name",),
    )
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config
    assert config.zone is zone_of("Asia/Tokyo")


def test_unknown_key_of_the_json_form_is_refused() -> None:
    with pytest.raises(InvalidInput, match="unknown keys: horizon"):
        from_dict({"horizon": 3})


def test_format_of_a_table_is_its_own_or_that_of_all() -> None:
    config = FunnelConfig(formats={ALL_TABLES: {"decimal": ","}, "leads": {"datetime": "%d/%m/%Y"}})
    assert (config.format_of("leads", "decimal"), config.format_of("leads", "datetime")) == (",", "%d/%m/%Y")
    assert config.format_of("stages", "datetime") is None
