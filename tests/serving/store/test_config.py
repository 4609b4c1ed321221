"""The stored configuration: that of the folder loaded last, without its column names and inferred stages."""

from dataclasses import replace

from history.config.config import FunnelConfig, from_dict
from serving.store.config import add_attribute_names, attribute_names, store_config, stored_config
from serving.store.store import Store

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_stored_configuration_is_read_back(store: Store) -> None:
    config = FunnelConfig(name="Größe", stages=("new", "won't"), horizon_days=30)
    assert store.config() is None
    for written in (config, replace(config, horizon_days=60)):
        with store.engine.writing() as connection:
            store_config(connection, written)
        assert store.config() == written


def test_columns_and_inferred_stages_are_not_stored(store: Store) -> None:
    config = FunnelConfig(stages=("new",), inferred=("stages",), columns={"leads": {"owner": "Owner"}})
    with store.engine.writing() as connection:
        store_config(connection, config)
    with store.engine.reading() as connection:
        record = stored_config(connection)
    assert record is not None
    assert (from_dict(record).stages, from_dict(record).columns) == ((), {})


def test_attribute_names_are_joined_in_the_order_of_arrival(store: Store) -> None:
    for names in (["plan", "city"], ["size", "plan"]):
        with store.engine.writing() as connection:
            add_attribute_names(connection, names)
    with store.engine.reading() as connection:
        assert attribute_names(connection) == ["plan", "city", "size"]
