"""Charts of a report: data in the page, drawn by a script of ours if scripts may run."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from serving.pages.rendering import formats_of
from serving.pages.words.catalogue import Translator
from serving.store.reports.build import Record
from serving.store.reports.cache import Report

Charts = list[dict[str, Any]]

_MONTH = re.compile(r"\b([A-Z][a-z]{2}) (20\d\d|19\d\d)\b")

_SHARE = re.compile(r"^[0-9]+\.[0-9] %$")  # as funnel/formatting.py writes it

_DAYS = re.compile(r"^([0-9]+) days$")


class Words:
    """The words of charts in the reader's language: the English ones are looked up in texts/charts.toml."""

    def __init__(self, request: Request) -> None:
        self.translate = Translator(formats_of(request))
        self.language = self.translate.formats.language

    def __call__(self, word: str) -> str:
        """The word in the reader's language; one that is not in the catalogue, such as a stage, stays."""
        key = "charts." + slug(word)
        if self.translate.has(key):
            return self.translate(key)
        if self.language == "en":
            return word
        if _SHARE.match(word):
            return word.replace(".", ",")
        return _MONTH.sub(self._month, _DAYS.sub(self._days, word))

    def _days(self, match: re.Match[str]) -> str:
        return f"{match[1]} {self.translate('charts.days')}"

    def _month(self, match: re.Match[str]) -> str:
        key = "charts.month_" + match[1].lower()
        return f"{self.translate(key)} {match[2]}" if self.translate.has(key) else match[0]

    def title_of(self, name: str) -> str | None:
        """The heading of the chart of this name; None keeps the figure's own."""
        key = "charts.title_" + name
        return self.translate(key) if self.translate.has(key) else None


def slug(word: str) -> str:
    """The key of a word: small letters and digits, others as one underscore."""
    return re.sub(r"[^a-z0-9]+", "_", word.lower().replace("%", "percent")).strip("_")


Draw = Callable[[Record, Words], Charts]


async def charts_of(report: Report, draw: Draw, words: Words) -> dict[str, dict[str, Any]]:
    """The charts of a report by name, made once a language, in a thread: they take longer than the loop may wait."""
    key = f"charts_{words.language}"
    if key not in report.page_cache:
        charts = await asyncio.to_thread(draw, report.record, words)
        titled = ({**chart, "title": words.title_of(chart["name"]) or chart.get("title")} for chart in charts)
        report.page_cache[key] = {chart["name"]: chart for chart in titled}
    by_name: dict[str, dict[str, Any]] = report.page_cache[key]
    return by_name
