"""Copies of an export with one thing broken: columns, cells, encodings, JSON records."""

import codecs
import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

TABLE_FAULTS = ("drop", "rename", "reorder", "cells", "cut", "utf-16", "cp1252", "bytes", "twice", "empty")
# What a spreadsheet or a second download does to a file without changing what it says.
HARMLESS = ("reorder", "utf-16", "twice")
JSON_FAULTS = ("drop", "rename", "cells", "cut", "utf-16", "bytes", "empty", "missing", "null")
BAD_CELLS = ("", "#N/A", "x" * 400, "2.19E+10", '"', "1/2/3", "-", "\0", "99/99/9999")


def mutated(source: Path, target: Path, seed: int) -> str:
    """A copy of an export with one thing broken; returns what."""
    rng = random.Random(seed)
    files = sorted(path for path in source.iterdir() if path.suffix in (".csv", ".json", ".jsonl"))
    broken = rng.choice(files)
    what = rng.choice(TABLE_FAULTS if broken.suffix == ".csv" else JSON_FAULTS)
    copy_with(source, target, broken, what, rng)
    return f"{what} {broken.name}"


def copy_with(source: Path, target: Path, broken: Path, what: str, rng: random.Random) -> None:
    """A copy of an export with this fault in this file."""
    target.mkdir(parents=True)
    fault = _broken_table if broken.suffix == ".csv" else _broken_json
    for file in source.iterdir():
        data = file.read_bytes()
        (target / file.name).write_bytes(fault(data, what, rng) if file == broken else data)


def _broken_bytes(data: bytes, what: str, rng: random.Random) -> bytes | None:
    """The faults of any file; None for another fault."""
    if what in ("utf-16", "cp1252"):
        known = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        return data.decode(known, "replace").encode(what, "replace")
    if what == "bytes":
        place = rng.randrange(len(data))
        return data[:place] + bytes(rng.randrange(256) for _ in range(20)) + data[place + 20 :]
    if what == "cut":
        return data[: rng.randrange(len(data))]
    if what == "empty":
        return b""
    return data + data if what == "twice" else None


def _broken_table(data: bytes, what: str, rng: random.Random) -> bytes:
    if (broken := _broken_bytes(data, what, rng)) is not None:
        return broken
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "latin-1"
    text = data.decode(encoding)
    separator = max(",;", key=text.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]
    width = max(map(len, rows))
    notes, rows = [row for row in rows if len(row) < width], [row for row in rows if len(row) == width]
    place = rng.randrange(width)
    order = list(range(width))
    if what == "drop":
        order.pop(place)
    elif what == "reorder":
        rng.shuffle(order)
    elif what == "rename":
        rows[0][place] = rng.choice(("Foo", "", "Name", rows[0][0]))
    else:
        for row in rng.sample(rows[1:], min(20, len(rows) - 1)):
            row[rng.randrange(len(row))] = rng.choice(BAD_CELLS)
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(
        [[row[p] for p in order] for row in rows] + notes
    )
    return out.getvalue().encode(encoding)


def _broken_json(data: bytes, what: str, rng: random.Random) -> bytes:
    """One key renamed or without values in every record, broken values, or a record of another form."""
    if (broken := _broken_bytes(data, what, rng)) is not None:
        return broken
    try:
        document = json.loads(data)
    except ValueError:
        lines = [json.loads(line) for line in data.decode().splitlines()]
        _break_records(lines, what, rng)
        return "\n".join(map(json.dumps, lines)).encode()
    _break_records(document, what, rng)
    return json.dumps(document).encode()


def _break_records(document: Any, what: str, rng: random.Random) -> None:
    objects = list(_objects(document))
    if what in ("cells", "null", "missing"):
        faults: dict[str, Callable[[dict[str, Any], str], Any]] = {
            "cells": lambda record, key: record.__setitem__(key, rng.choice(BAD_CELLS)),
            "null": lambda record, key: record.__setitem__(key, None),
            "missing": lambda record, key: record.pop(key),
        }
        for record in rng.sample(objects, min(20, len(objects))):
            faults[what](record, rng.choice(list(record)))
        return
    name = rng.choice(list(rng.choice(objects)))
    for record in objects:
        if name in record:
            value = record.pop(name)
            if what == "rename":
                record["Foo"] = value


def _objects(document: Any) -> Any:
    """Every object of a document that has keys."""
    children = document.values() if isinstance(document, dict) else document
    if isinstance(document, dict) and document:
        yield document
    if isinstance(document, (dict, list)):
        for child in children:
            yield from _objects(child)
