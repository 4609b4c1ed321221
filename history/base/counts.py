"""Texts in order of how often they occur."""

from collections.abc import Mapping


def by_count(counts: Mapping[str, int]) -> list[str]:
    """The texts, the commonest first; those that are equally common in their own order."""
    return sorted(counts, key=lambda text: (-counts[text], text))


def commonest(counts: Mapping[str, int]) -> str:
    """The first of `by_count`; there is at least one."""
    return min(counts, key=lambda text: (-counts[text], text))
