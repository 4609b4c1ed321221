"""Columns of texts by their distinct values: tested, coded or renamed, each value looked at once."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from history.base.arrays import Flags, Mask
from history.history import Factor


def matching(factor: Factor, test: Callable[[str], bool]) -> Mask:
    """Rows whose text passes `test`, which is called once for each distinct text."""
    passes = np.array([*map(test, factor.values), False], dtype=np.bool_)
    return np.asarray(passes[factor.codes])


def coded(factor: Factor, code_of: Mapping[str, int], otherwise: int) -> Flags:
    """The code of each row's text; `otherwise` for a missing or unknown one."""
    codes = [*(code_of.get(text, otherwise) for text in factor.values), otherwise]
    return np.asarray(np.array(codes, dtype=np.int8)[factor.codes])


def renamed_texts(factor: Factor, names: Sequence[str]) -> Factor:
    """The factor with another text for each of its values, of which several may become one."""
    if names == factor.values:
        return factor
    distinct = {name: code for code, name in enumerate(dict.fromkeys(names))}
    recode = np.array([*(distinct[name] for name in names), -1], dtype=np.int32)
    return Factor(recode[factor.codes], list(distinct))
