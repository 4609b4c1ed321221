"""Texts: every key in every language with the same values, every key in use, every use with a key."""

import re
import string
import tomllib
from pathlib import Path

import pytest

from serving.pages.words.catalogue import FOLDER, LANGUAGES, Translator, catalogue
from serving.pages.words.formats import Formats

PAGES = Path(FOLDER).parents[1]
SOURCES = [*PAGES.rglob("*.py"), *(PAGES / "templates").glob("*.html")]
USE = re.compile(r"""\bt\(\s*["']([a-z_]+\.[A-Za-z0-9_]+)["']""")
# t("frame." ~ name), or "frame." + name in Python: every key that starts so counts as used.
USE_BY_PREFIX = re.compile(r"""["']([a-z_]+\.[A-Za-z0-9_]*)["']\s*[~+]""")
# said("refusals", ...): texts of this file are found by the words of a sentence.
USE_BY_SENTENCE = re.compile(r"""\bsaid\(["']([a-z_]+)["']""")
NAMED = re.compile(r"""["']([a-z_]+\.[A-Za-z0-9_]+)["']""")


def values_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", catalogue())
def test_key_has_every_language_with_the_same_values(key: str) -> None:
    languages = catalogue()[key]
    assert set(languages) == set(LANGUAGES)
    forms = [text if isinstance(text, dict) else {"other": text} for text in languages.values()]
    assert all(set(form) in ({"other"}, {"one", "other"}) for form in forms)
    assert len({frozenset(form) for form in forms}) == 1
    assert all(form["other"].strip() for form in forms)
    assert len({frozenset(values_of(form["other"])) for form in forms}) == 1


def test_every_key_is_used_and_every_use_has_its_key() -> None:
    sources = "\n".join(path.read_text() for path in SOURCES)
    files = (f"{file}." for file in USE_BY_SENTENCE.findall(sources))
    prefixes = (*USE_BY_PREFIX.findall(sources), *files)
    used = set(USE.findall(sources)) - set(prefixes)
    named = set(NAMED.findall(sources))
    known = set(catalogue())
    assert sorted(used - known) == []
    assert sorted(key for key in known - used - named if not key.startswith(prefixes)) == []


def test_files_hold_no_key_twice() -> None:
    for path in FOLDER.glob("*.toml"):
        assert tomllib.loads(path.read_text("utf-8"))


def test_text_with_a_number_has_its_form() -> None:
    english = Translator(Formats("en"))
    assert english("frame.range", low="1", high="2") == "1 to 2"
    assert Translator(Formats("de"))("frame.range", low=1000, high=2000) == "1.000 bis 2.000"


def test_unknown_key_or_missing_value_is_an_error() -> None:
    english = Translator(Formats("en"))
    with pytest.raises(KeyError):
        english("frame.nothing")
    with pytest.raises(KeyError):
        english("frame.range", low="1")
    assert english.has("frame.range")
    assert not english.has("frame.nothing")
