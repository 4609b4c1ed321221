"""Exports of a home-made CRM from one simulated CRM: spreadsheets in German, a workbook, JSON documents with paths."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.builders.exports.simulated_crm import Row, World, csv_text
from tests.builders.exports.workbook import write_workbook

WORDS = {"won": "Auftrag", "lost": "Absage", "open": "wieder offen"}
ATTRIBUTES = ("industry", "employees", "product", "seats", "newsletter", "profile_fit")
LABELS = {
    "lead_id": "Nr", "created_at": "Angelegt", "account_id": "Firma Nr", "owner": "Betreuer", "source": "Quelle",
    "occurred_at": "Wann", "recorded_at": "Erfasst", "interaction_id": "Vorgang", "kind": "Art", "channel": "Kanal",
    "direction": "Richtung", "value": "Wert", "entered_at": "Seit", "stage": "Stufe", "outcome": "Ergebnis",
    "closed_at": "Ende", "amount": "Summe", "reason": "Grund", "changed_at": "Geändert", "attribute": "Feld",
    **{name: name.title() for name in ATTRIBUTES},
}  # fmt: skip
PATHS = {"lead_id": "deal.id", "kind": "what.kind", "channel": "what.channel", "owner": "team.owner"}
COLUMNS = {
    "leads": ("lead_id", "created_at", "account_id", "owner", "source", *ATTRIBUTES),
    "interactions": (
        "lead_id", "occurred_at", "recorded_at", "interaction_id", "kind", "channel", "direction", "value",
    ),
    "stages": ("lead_id", "entered_at", "recorded_at", "stage"),
    "outcomes": ("lead_id", "outcome", "closed_at", "amount", "reason"),
    "attribute_changes": ("lead_id", "changed_at", "recorded_at", "attribute", "value"),
}  # fmt: skip
SHAPES = ("documents", "sheets", "workbook")
MAPPING = "map.toml"


def deal_id(lead_id: str) -> str:
    return f"D-{int(lead_id[1:])}"


def export(world: World, shape: str, folder: Path) -> None:
    """Writes one shape into `folder`, and beside it the file for --mapping, as `mapping_of` names it."""
    folder.mkdir(parents=True)
    WRITERS[shape](world, folder)
    mapping_of(folder).write_text(_mapping(shape), encoding="utf-8")


def mapping_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-{MAPPING}")


def _rows(world: World, table: str) -> list[Row]:
    kept = [
        {name: row.get(name, "") for name in COLUMNS[table]} | {"lead_id": deal_id(row["lead_id"])}
        for row in getattr(world, table)
    ]
    if table == "attribute_changes":
        kept = [row for row in kept if row["attribute"] in (*ATTRIBUTES, "owner")]
    return kept


def _write_sheets(world: World, folder: Path) -> None:
    """UTF-16, semicolons, local dates, decimal commas, own words, a note above and a total below."""
    for table in COLUMNS:
        rows = [{LABELS[k]: _local(k, v) for k, v in row.items()} for row in _rows(world, table)]
        note, total = "Stand: Juni\n\n", "Summe;;;\n" if table == "outcomes" else ""
        text = note + csv_text(rows, delimiter=";") + total
        (folder / f"{table}.csv").write_bytes(text.encode("utf-16"))


def _local(name: str, text: str) -> str:
    if name == "outcome":
        return WORDS[text]
    if name == "amount" and text:
        return f"{float(text):,.2f} €".translate(str.maketrans(",.", ".,"))
    if name.endswith("_at") and text:
        return datetime.fromisoformat(text).strftime("%d.%m.%Y %H:%M:%S")
    return text


def _write_workbook(world: World, folder: Path) -> None:
    sheets = {}
    for table in COLUMNS:
        rows = [
            {**row, **({"outcome": WORDS[row["outcome"]]} if "outcome" in row else {})}
            for row in _rows(world, table)
        ]
        sheets[table] = [
            [LABELS[name] for name in COLUMNS[table]],
            *([row[n] for n in COLUMNS[table]] for row in rows),
        ]
    write_workbook(folder / "crm.xlsx", sheets)


def _write_documents(world: World, folder: Path) -> None:
    """JSON documents in which some values lie deeper."""
    for table in COLUMNS:
        documents = [_nested(row) for row in _rows(world, table)]
        (folder / f"{table}.json").write_text(json.dumps({"items": documents}), encoding="utf-8")


def _nested(row: Row) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, text in row.items():
        *parents, key = PATHS.get(name, name).split(".")
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        place[key] = text or None
    return document


def _mapping(shape: str) -> str:
    """The mapping file of a shape."""
    names = PATHS if shape == "documents" else LABELS
    files: Callable[[str], str] = {
        "documents": "{}.json", "sheets": "{}.csv", "workbook": "*{}*",
    }[shape].format  # fmt: skip
    lines = ["[funnel]", 'name = "Own CRM"', 'currency = "EUR"']
    lines.append('stages = ["new", "qualified", "proposal", "negotiation"]')
    if shape == "sheets":
        lines += ["[formats]", 'datetime = "%d.%m.%Y %H:%M:%S"', 'decimal = ","']
    for table, columns in COLUMNS.items():
        lines += [f"[[{table}]]", f'file = "{files(table)}"']
        lines += [f"{name} = {_cell(name, names.get(name, name), shape)}" for name in columns]
    return "\n".join([*lines, ""])


def _cell(name: str, column: str, shape: str) -> str:
    if name == "outcome" and shape != "documents":
        words = ", ".join(f'{word} = ["{text}"]' for word, text in WORDS.items())
        return f'{{ column = "{column}", words = {{ {words} }} }}'
    return f'"{column}"'


WRITERS: Mapping[str, Callable[[World, Path], None]] = {
    "documents": _write_documents, "sheets": _write_sheets, "workbook": _write_workbook,
}  # fmt: skip
