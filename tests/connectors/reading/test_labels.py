"""Labels of other languages: exports of a German, French or Spanish user are recognised."""

from collections import Counter
from importlib import import_module

import pytest

from connectors.formats.sources import Source
from connectors.reading.labels import TRANSLATIONS, translations
from connectors.reading.recognise import key_of, recognise
from connectors.run import SYSTEMS

DEALS = {
    "salesforce": "Opportunity ID,Opportunity Name,Stage,Amount,Close Date,Created Date,Opportunity Owner",
    "hubspot": "Record ID,Deal Name,Deal Stage,Amount,Close Date,Create Date,Deal owner,Pipeline",
    "pipedrive": "ID,Title,Value,Stage,Status,Deal created,Won time,Lost time,Owner",
    "dynamics": "(Do Not Modify) Opportunity,Topic,Status,Est. Revenue,Actual Close Date,Created On,Owner",
    "odoo": "External ID,Opportunity,Stage,Created on,Active,Expected Revenue,Probability,Closed Date,Salesperson",
}


@pytest.mark.parametrize("system", DEALS)
@pytest.mark.parametrize("which", [0, -1], ids=["first", "last"])
def test_deals_of_another_language_are_those_of_english(system: str, which: int) -> None:
    """The first translation is German, the last Spanish."""
    kinds = import_module(SYSTEMS[system]).KINDS
    english = DEALS[system].split(",")
    local = [(translations(label) or (label,))[which] for label in english]
    assert local != english
    known, found = (
        recognise(Source("a.csv", tuple(names), lambda *_: iter(())), kinds) for names in (english, local)
    )
    assert known is not None
    assert found is not None
    assert found.kind is known.kind
    assert {field: english[local.index(name)] for field, name in found.columns.items()} == dict(known.columns)


def test_own_labels_come_before_those_of_other_languages() -> None:
    kinds = import_module(SYSTEMS["salesforce"]).KINDS
    names = ("Opportunity ID", "Stage", "Phase", "Close Date", "Created Date")
    found = recognise(Source("a.csv", names, lambda *_: iter(())), kinds)
    assert found is not None
    assert (found.columns["StageName"], found.others) == ("Stage", ("Phase",))


def test_every_part_of_a_path_is_translated() -> None:
    assert "Nachrichten/Nachverfolgte Werte/Datum" in translations("Messages/Tracking values/Date")
    assert translations("Unheard of") == ()


@pytest.mark.parametrize("label", TRANSLATIONS)
def test_translations_are_distinct(label: str) -> None:
    assert max(Counter(map(key_of, TRANSLATIONS[label].split("|"))).values()) == 1
