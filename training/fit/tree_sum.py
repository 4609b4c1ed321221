"""Weighted sums of trees: LightGBM's model texts scaled and joined to one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from history.base.arrays import Floats
from models.figures.parameters import Member, Parameters

_FIRST, _END, _LEAVES, _SIZES = "Tree=0\n", "end of trees", "leaf_value=", "tree_sizes="


def kinds(members: Sequence[Member]) -> list[list[Member]]:
    """The members of each kind of trees, whatever their rounds, in the order of their first."""
    by_kind: dict[Parameters, list[Member]] = {}
    for member in members:
        by_kind.setdefault(replace(member.parameters, rounds=0), []).append(member)
    return list(by_kind.values())


def weights_by_tree(members: Sequence[Member]) -> Floats:
    """The weight (rounds,) of each tree of one kind: that of all members with more rounds than its number.

    Members of one kind share their trees: those of few rounds are the first of those of many.
    """
    weights = np.zeros(max(member.parameters.rounds for member in members))
    for member in members:
        weights[: member.parameters.rounds] += member.weight
    return weights


def joined(texts: Sequence[str], weights: Sequence[Floats]) -> str:
    """One model text with the trees of several, which were fitted on the same columns.

    weights: of each text's trees, by which the values of their leaves are multiplied. Where LightGBM has stopped early,
    for want of a split, the weights of the trees it did not grow are not used.
    """
    trees = [
        _scaled(tree, float(weight))
        for text, own in zip(texts, weights, strict=True)
        for tree, weight in zip(_trees(text), own, strict=False)
    ]
    numbered = [f"Tree={number}\n{tree}" for number, tree in enumerate(trees)]
    head, _, _ = texts[0].partition(_FIRST)
    _, _, end = texts[0].partition(_END)
    # LightGBM finds the trees by their sizes in bytes; all of it is ASCII but names, which stand in the head.
    sizes = " ".join(str(len(tree)) for tree in numbered)
    lines = [f"{_SIZES}{sizes}" if line.startswith(_SIZES) else line for line in head.split("\n")]
    return "\n".join(lines) + "".join(numbered) + _END + end


def _trees(text: str) -> list[str]:
    """The text of each tree behind the line of its number."""
    _, _, rest = text.partition(_FIRST)
    body, _, _ = rest.partition(_END)
    return [
        tree if number == 0 else tree.partition("\n")[2] for number, tree in enumerate(body.split("Tree="))
    ]


def _scaled(tree: str, weight: float) -> str:
    """The tree with its leaves' values multiplied."""
    lines = tree.split("\n")
    for i, line in enumerate(lines):
        if line.startswith(_LEAVES):
            values = [repr(weight * float(value)) for value in line[len(_LEAVES) :].split()]
            lines[i] = _LEAVES + " ".join(values)
    return "\n".join(lines)
