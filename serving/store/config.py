"""The configuration of the folder loaded last, as the store keeps it."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from history.config.config import FunnelConfig, from_dict, to_dict
from serving.store.database.transaction import read_setting, write_setting
from serving.store.leads.leads import compact_json

CONFIG = "config"  # the setting


def stored_config(connection: Connection) -> dict[str, Any] | None:
    """The stored configuration as history.config.to_dict gives it; None if no folder was loaded."""
    text = read_setting(connection, CONFIG)
    return None if text is None else dict(json.loads(text))


def stored_display(connection: Connection) -> Mapping[str, Any]:
    """`[display]` of the folder loaded last; empty if it has none."""
    return display_in(read_setting(connection, CONFIG))


def display_in(config: str | None) -> Mapping[str, Any]:
    """`[display]` of a stored configuration, the same object for equal ones of late; empty if it has none."""
    return _display(config or "{}")


@lru_cache(maxsize=4)
def _display(config_text: str) -> Mapping[str, Any]:
    return dict(json.loads(config_text).get("display", {}))


def stored_view(connection: Connection) -> FunnelConfig | None:
    """The configuration of the folder loaded last, parsed once; None if no folder was loaded."""
    text = read_setting(connection, CONFIG)
    return None if text is None else _config(text)


@lru_cache(maxsize=4)
def _config(config_text: str) -> FunnelConfig:
    return from_dict(json.loads(config_text))


def store_config(connection: Connection, config: FunnelConfig) -> None:
    """Stores a configuration without column names, which the store replaces by its own, and inferred stages."""
    record = {**to_dict(config), "columns": {}}
    if "stages" in config.inferred:
        record["stages"] = []
    write_setting(connection, CONFIG, compact_json(record))


def attribute_names(connection: Connection) -> list[str]:
    """The names of all attributes in loaded folders, also of those without a value."""
    names: list[str] = json.loads(read_setting(connection, "attributes") or "[]")
    return names


def add_attribute_names(connection: Connection, names: list[str]) -> None:
    """Adds the attributes of a loaded folder to the stored names."""
    all_names = dict.fromkeys([*attribute_names(connection), *names])
    write_setting(connection, "attributes", compact_json(list(all_names)))
