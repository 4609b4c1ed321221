"""The page of features is written by the code and shows a column of every sort."""

from pathlib import Path

from features.catalogue import catalogue
from features.catalogue_page import example, page
from tests.builders.feature_words import words

WORDS = words()


def test_the_page_of_features_is_current() -> None:
    written = Path(__file__).parents[2] / "docs" / "reference" / "features.md"
    remedy = "run: python -m features.catalogue_page > docs/reference/features.md"
    assert written.read_text(encoding="utf-8") == page(), remedy


def test_the_page_has_a_column_of_every_sort() -> None:
    units = {f.unit for f in catalogue(example())}
    assert units == {f.unit for f in catalogue(WORDS)}
