"""Columns of texts by their distinct values."""

from history.folder.values.factors import coded, matching, renamed_texts
from history.history import factor_of


def test_texts_are_tested_once_each() -> None:
    tested: list[str] = []

    def is_long(text: str) -> bool:
        tested.append(text)
        return len(text) > 1

    assert matching(factor_of(["ab", "c", None, "ab"]), is_long).tolist() == [True, False, False, True]
    assert sorted(tested) == ["ab", "c"]


def test_unknown_and_missing_texts_have_the_other_code() -> None:
    assert coded(factor_of(["b", None, "x", "a"]), {"a": 0, "b": 1}, -1).tolist() == [1, -1, -1, 0]


def test_values_of_one_new_name_become_one() -> None:
    factor = factor_of(["a", None, "b", "c"])
    renamed = renamed_texts(factor, ["x" if value in "ab" else value for value in factor.values])
    assert [renamed.text(row) for row in range(4)] == ["x", None, "x", "c"]
    assert sorted(renamed.values) == ["c", "x"]
