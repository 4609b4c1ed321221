"""Progress of a step covers its part of the whole."""

from history.base.progress import part


def test_a_step_covers_its_part_of_the_whole() -> None:
    reports: list[tuple[str, float]] = []
    step = part(lambda text, share: reports.append((text, share)), 0.2, 0.6)
    for share in (0.0, 0.5, 1.0):
        step("tuning", share)
    assert [text for text, _ in reports] == ["tuning"] * 3
    assert [round(share, 12) for _, share in reports] == [0.2, 0.4, 0.6]
