"""The terminal says a few drifts and how many more; nothing else is left out."""

from cli.scoring import MOST_DRIFTS, with_fewer_drifts
from history.warnings import Warning


def _drifts(count: int) -> list[Warning]:
    return [Warning("drift", f"f{i}", "differs") for i in range(count)]


def test_many_drifts_become_a_few_and_a_count() -> None:
    other = Warning("old_model", "", "trained long ago")
    shown = with_fewer_drifts([*_drifts(MOST_DRIFTS + 7), other])
    assert shown[0] == other
    assert [w.subject for w in shown[1:]] == [f"f{i}" for i in range(MOST_DRIFTS)] + [""]
    assert shown[-1].detail.startswith("7 more")


def test_a_few_drifts_are_all_said() -> None:
    assert with_fewer_drifts(_drifts(MOST_DRIFTS)) == _drifts(MOST_DRIFTS)
