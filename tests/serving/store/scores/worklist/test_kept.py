"""Figures that a process keeps: as long as nothing changed, for a while, and only the last ones."""

from serving.store.scores.worklist.kept import HELD_US, LARGE_STORE, VALID_US, KeptFigures, Versions

SMALL, LARGE = Versions("9", "1", "1", "1"), Versions(str(LARGE_STORE + 1), "1", "1", "1")


def get(figures: KeptFigures, versions: Versions, now_us: int, value: str, key: str = "a") -> str:
    return figures.get(key, versions, now_us, lambda: value)


def test_figure_stays_until_scores_change_or_time_passes() -> None:
    figures = KeptFigures()
    assert get(figures, SMALL, 0, "first") == "first"
    assert get(figures, SMALL, VALID_US - 1, "second") == "first"
    assert get(figures, SMALL, VALID_US, "third") == "third"
    assert get(figures, SMALL._replace(scores="2"), VALID_US, "fourth") == "fourth"


def test_figure_of_a_large_store_outlives_scores_but_no_act_or_erasure() -> None:
    figures = KeptFigures()
    get(figures, LARGE, 0, "first")
    assert get(figures, LARGE._replace(scores="2"), HELD_US - 1, "second") == "first"
    assert get(figures, LARGE._replace(scores="2"), HELD_US, "third") == "third"
    assert get(figures, LARGE._replace(acts="2"), HELD_US, "fourth") == "fourth"
    assert get(figures, LARGE._replace(erasures="2"), HELD_US, "fifth") == "fifth"


def test_only_the_last_figures_are_kept() -> None:
    figures = KeptFigures(most=2)
    for key in "abc":
        get(figures, SMALL, 0, key, key)
    assert [get(figures, SMALL, 0, "new", key) for key in "bca"] == ["b", "c", "new"]
