"""Queries as texts and keys, and what a prepared report holds for each."""

import pytest

from serving.store.reports.queries import (
    FIRST_SHOWN,
    ForecastQuery,
    FunnelQuery,
    ReportQuery,
    query_key,
    query_of,
    query_text,
)

QUERIES: list[ReportQuery] = [
    FunnelQuery(),
    FunnelQuery(by="source", start="2026-01-01", attention=0, may_compare_owners=False),
    ForecastQuery(),
    ForecastQuery(period="week", periods=5, by='a "quoted" näme', explain=True, since="2026-01-01"),
]


@pytest.mark.parametrize("query", QUERIES)
def test_query_is_read_back_from_its_text(query: ReportQuery) -> None:
    assert query_of(query_text(query)) == query


def test_different_queries_have_different_keys() -> None:
    assert len({query_key(query_text(query)) for query in QUERIES}) == len(QUERIES)


@pytest.mark.parametrize("text", ['{"OtherQuery": {}}', '{"FunnelQuery": {"new_option": 1}}'])
def test_query_of_another_version_is_none(text: str) -> None:
    assert query_of(text) is None


def test_prepared_report_holds_the_parts_of_its_queries() -> None:
    assert (FunnelQuery(), ForecastQuery(explain=True)) == FIRST_SHOWN
    assert FunnelQuery(may_compare_owners=False).prepared == FunnelQuery()
    assert FunnelQuery(may_compare_owners=False).shown({"a": 1, "owners": [1]}) == {"a": 1, "owners": []}
    assert FunnelQuery().shown({"owners": [1]}) == {"owners": [1]}
    assert ForecastQuery().shown({"a": 1, "explain": 2}) == {"a": 1}
    assert ForecastQuery(explain=True).shown({"a": 1, "explain": 2}) == {"a": 1, "explain": 2}
    assert ForecastQuery(since="2026-01-01").prepared == ForecastQuery(since="2026-01-01")
