"""Charts of a report: data in the page, drawn by a script of ours if scripts may run."""

import asyncio
from collections.abc import Callable
from typing import Any

from serving.store.reports.build import Record
from serving.store.reports.cache import Report

Charts = list[dict[str, Any]]


async def charts_of(report: Report, draw: Callable[[Record], Charts]) -> Charts:
    """The charts of a report, made once, in a thread: they take longer than the event loop may wait."""
    if "charts" not in report.page_cache:
        report.page_cache["charts"] = await asyncio.to_thread(draw, report.record)
    charts: Charts = report.page_cache["charts"]
    return charts
