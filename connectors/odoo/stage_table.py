"""The table crm.stage: labels, order and won stages."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.odoo.relations import Text, record_id, texts, translated
from connectors.reading.export import Export, booleans, column
from connectors.reading.values import read_numbers


@dataclass(frozen=True)
class StageTable:
    """The table of stages: id -> label, label -> sequence, and the labels of won stages."""

    labels: Mapping[str, str]
    sequence: Mapping[str, float]
    won: frozenset[str]


def read_stage_table(export: Export) -> StageTable:
    table = export.table("crm.stage")
    export.use(table)
    ids = [record_id(text) or "" for text in column(table, "id").to_pylist()]
    names = [translated(text) or id_ for text, id_ in zip(texts(table, "name"), ids, strict=True)]
    sequence = read_numbers(column(table, "sequence"), ".").value.tolist()
    won, _ = booleans(column(table, "is_won"))
    return StageTable(
        dict(zip(ids, names, strict=True)),
        {name: place for name, place in zip(names, sequence, strict=True) if place == place},
        frozenset(name for name, is_won in zip(names, won.tolist(), strict=True) if is_won),
    )


def changed_label(table: StageTable, id_: Text, text: Text) -> Text:
    """The present label of a stage in a change: a renamed stage is the same stage."""
    return table.labels.get(id_ or "") or translated(text)
