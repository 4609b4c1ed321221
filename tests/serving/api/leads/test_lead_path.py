"""Ids in paths: any character percent-encoded, slashes too; what is no id is a problem."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from serving.api.leads.lead_path import PARTS, LeadPath, lead_path
from serving.base.limits import MAX_TEXT
from serving.base.problems import Problem

PREFIX = b"/v1/leads/"


def path_of(raw: bytes) -> LeadPath:
    scope: dict[str, Any] = {"type": "http", "raw_path": PREFIX + raw, "path": "/v1/leads/x", "headers": []}
    return lead_path(Request(scope), PREFIX)


ids = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(ids.filter(lambda text: bool(text.strip())), st.sampled_from(["", *PARTS]))
def test_any_id_is_read_back(lead_id: str, part: str) -> None:
    raw = quote(lead_id, safe="").encode() + (f"/{part}".encode() if part else b"")
    assert path_of(raw) == LeadPath(lead_id, part)


def test_query_is_no_part_of_the_id() -> None:
    assert path_of(b"a%3Fb?cursor=x/history") == LeadPath("a?b")


@pytest.mark.parametrize(
    ("raw", "status"),
    [(b"a/b", 404), (b"a/history/more", 404), (b"", 422), (b"%20", 422), (b"%00", 422), (b"%FF", 422),
     (b"x" * (MAX_TEXT + 1), 422)],
)  # fmt: skip
def test_other_path_is_a_problem(raw: bytes, status: int) -> None:
    with pytest.raises(Problem) as refused:
        path_of(raw)
    assert refused.value.status == status


def test_longest_id_is_read() -> None:
    assert path_of(b"x" * MAX_TEXT).lead_id == "x" * MAX_TEXT
