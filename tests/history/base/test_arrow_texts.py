"""Texts lie between their offsets, also in a slice and without any bytes."""

from itertools import pairwise

import pyarrow as pa
import pytest

from history.base.arrow_texts import text_bytes


@pytest.mark.parametrize("texts", [["a", "", "ü-x", None, "bc"], [None, None], [""], []])
def test_each_text_lies_between_its_offsets(texts: list[str | None]) -> None:
    for array in (pa.array(texts, pa.string()), pa.array(["left out", *texts], pa.string()).slice(1)):
        offsets, data = text_bytes(array)
        found = [bytes(data[begin:end]).decode() for begin, end in pairwise(offsets)]
        assert found == [text or "" for text in texts]
