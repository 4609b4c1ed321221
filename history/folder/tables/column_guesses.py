"""Guesses which column of a file holds a field, by the names that CRMs use, and writes its lines of funnel.toml."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from history.base.atomic_file import write_text
from history.config.config import CONFIG_FILE

ColumnGuesses = Mapping[str, Mapping[str, str]]  # table -> field -> the file's column

# Names without case and separators, the likeliest first. English, German, French, Spanish, Portuguese, Italian, Dutch.
_IDS: Final = (
    "leadid", "id", "dealid", "opportunityid", "recordid", "hsobjectid", "contactid", "personid", "prospectid",
    "customerid", "leadnumber", "lead", "deal", "opportunity",
)  # fmt: skip
_TIMES: Final = (
    "timestamp", "datetime", "date", "time", "createddate", "createdate", "createdat", "created", "createdon",
    "activitydate", "datum", "zeitpunkt", "fecha", "data", "dateheure",
)  # fmt: skip
_ALIASES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "leads": {
        "lead_id": _IDS,
        "created_at": (
            "createdat", "createddate", "createdate", "created", "createdon", "creationdate", "datecreated",
            "leadcreated", "addtime", "erstelltam", "erstelldatum", "angelegtam", "datedecréation", "crééle",
            "fechadecreación", "fechacreacion", "datadecriação", "datadicreazione", "aanmaakdatum", "firstseen",
        ),
        "owner": (
            "ownername", "leadowner", "dealowner", "opportunityowner", "assignedto", "salesrep", "owneralias",
            "besitzer", "inhaber", "zuständig", "propriétaire", "propietario", "proprietário", "proprietario",
            "eigenaar",
        ),
        "source": (
            "leadsource", "originalsource", "utmsource", "channel", "herkunft", "quelle", "origine", "origen",
            "origem", "bron",
        ),
        "account_id": ("accountid", "companyid", "organizationid", "orgid"),
    },
    "interactions": {
        "lead_id": _IDS,
        "occurred_at": ("occurredat", "happenedat", "eventtime", "activitytime", "starttime", *_TIMES),
        "kind": (
            "kind", "type", "activitytype", "eventtype", "eventname", "event", "activity", "action", "tasksubtype",
            "art", "typ", "tipo",
        ),
        "interaction_id": ("interactionid", "activityid", "eventid", "taskid", "messageid"),
        "channel": ("medium",),
        "recorded_at": ("recordedat", "receivedat", "loggedat"),
    },
    "stages": {
        "lead_id": _IDS,
        "entered_at": ("enteredat", "dateentered", "changedate", "changedat", "movedat", "since", *_TIMES),
        "stage": (
            "stage", "stagename", "newstage", "tostage", "dealstage", "newvalue", "status", "phase", "step", "etapa",
            "étape", "fase",
        ),
        "recorded_at": ("recordedat", "loggedat"),
    },
    "outcomes": {
        "lead_id": _IDS,
        "outcome": (
            "outcome", "result", "wonlost", "status", "dealstatus", "iswon", "won", "stagename", "stage", "dealstage",
            "ergebnis", "résultat", "resultado", "risultato", "resultaat",
        ),
        "closed_at": (
            "closedat", "closedate", "closeddate", "closedon", "actualclosedate", "wontime", "dateclosed",
            "abschlussdatum", "geschlossenam", "datedeclôture", "fechadecierre", "datadefechamento",
            "datadichiusura", "sluitingsdatum", *_TIMES[:4],
        ),
        "amount": (
            "amount", "value", "dealvalue", "revenue", "dealamount", "total", "price", "betrag", "umsatz", "montant",
            "importe", "valor", "importo", "bedrag",
        ),
        "reason": ("lostreason", "lossreason", "closereason", "reasonlost", "closedlostreason", "verlustgrund"),
    },
    "attribute_changes": {
        "lead_id": _IDS,
        "changed_at": ("changedat", "changedate", "modifiedat", "editdate", *_TIMES),
        "attribute": ("attribute", "field", "fieldname", "property", "propertyname", "name", "feld"),
        "value": ("value", "newvalue", "newvaluestring", "to", "wert", "neuerwert"),
    },
    "costs": {
        "period_start": ("periodstart", "month", "start", "startdate", "date", "monat", "mois", "mes"),
        "amount": ("amount", "cost", "spend", "costs", "kosten", "coût", "costo"),
        "channel": ("medium",),
        "source": ("campaign", "utmsource"),
    },
}  # fmt: skip
_SEPARATORS: Final = re.compile(r"[\W_]+")


def guessed_columns(table: str, header: Sequence[str], missing: Sequence[str]) -> dict[str, str]:
    """Field -> column for the missing fields of a table that a column of the header names; each column serves once."""
    by_key: dict[str, str] = {}
    for column in header:
        by_key.setdefault(_SEPARATORS.sub("", column.casefold()), column)
    guesses: dict[str, str] = {}
    for field, aliases in _ALIASES[table].items():
        if field in missing:
            names = (_SEPARATORS.sub("", field), *aliases)
            free = (by_key[name] for name in names if name in by_key)
            guess = next((name for name in free if name not in guesses.values()), None)
            if guess is not None:
                guesses[field] = guess
    return guesses


def toml_lines(guesses: ColumnGuesses) -> list[str]:
    """The lines of funnel.toml that map these columns."""
    lines: list[str] = []
    for table, columns in guesses.items():
        if columns:
            lines += [f"[columns.{table}]", *_settings(columns)]
    return lines


def _settings(columns: Mapping[str, str]) -> list[str]:
    # A JSON string is a TOML basic string, but for DEL.
    return [f"{field} = {json.dumps(column, ensure_ascii=False)}" for field, column in columns.items()]


def write_columns(folder: Path, guesses: ColumnGuesses) -> None:
    """Adds the lines to the folder's funnel.toml, which is made if it does not exist; comments stay.

    Raises ValueError if the file would not read back as meant; then it is as it was.
    """
    path = folder / CONFIG_FILE
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    expected = _merged(tomllib.loads(text), guesses)
    for table, columns in guesses.items():
        if columns:
            text = _with_section(text, f"[columns.{table}]", _settings(columns))
    if tomllib.loads(text) != expected:
        raise ValueError(f"{CONFIG_FILE} writes [columns] in a form that cannot be extended")
    write_text(text, path)


def _with_section(text: str, header: str, settings: Sequence[str]) -> str:
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if line.partition("#")[0].strip() == header:
            return "\n".join([*lines[: place + 1], *settings, *lines[place + 1 :], ""])
    return "\n".join([*lines, *([""] if lines else []), header, *settings, ""])


def _merged(document: dict[str, Any], guesses: ColumnGuesses) -> dict[str, Any]:
    columns = document.setdefault("columns", {})
    for table, of_table in guesses.items():
        if of_table:
            columns.setdefault(table, {}).update(of_table)
    return document
