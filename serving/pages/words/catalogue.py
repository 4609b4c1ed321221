"""Texts of the pages in every language: one file a page, both languages of a key side by side.

`texts/frame.toml` holds `funnel.en = "..."` and `funnel.de = "..."`; a template writes `t("frame.funnel")`. A text
with a number has forms: `count.en = { one = "{n} lead", other = "{n} leads" }`, chosen by the value of `n`.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from serving.pages.words.formats import Formats

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = {"en": "English", "de": "Deutsch"}

Text = str | dict[str, str]


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Mapping[str, Text]]:
    """Every text by its key and its language."""
    texts: dict[str, Mapping[str, Text]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for key, languages in tomllib.loads(path.read_text("utf-8")).items():
            texts[f"{path.stem}.{key}"] = languages
    return texts


class Translator:
    """The texts of one language; whole numbers among the values are written as the language writes them."""

    def __init__(self, formats: Formats) -> None:
        self.formats = formats

    def __call__(self, key: str, /, **values: Any) -> str:
        """The text of a key; raises KeyError for an unknown key or a missing value."""
        text = catalogue()[key][self.formats.language]
        if isinstance(text, dict):
            text = text.get(self.formats.plural_form(values["n"])) or text["other"]
        return text.format(**{name: self._written(value) for name, value in values.items()})

    def begins_with(self, key: str, start: str) -> bool:
        """True if the text of a key begins so, before its values are put in."""
        text = catalogue()[key][self.formats.language]
        return isinstance(text, str) and text.startswith(start)

    def has(self, key: str) -> bool:
        """True if the catalogue has this key: for words of the data such as kinds of warnings."""
        return key in catalogue()

    def _written(self, value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return self.formats.whole(value)
        return str(value)
