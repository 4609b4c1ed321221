"""How much a column adds to the truth: the AUC of outcomes that only a leak can give."""

from datetime import date
from typing import Final

import lightgbm
import numpy as np
from scipy.stats import rankdata

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from tests.builders.leaking.folder import LeakingFolder
from tests.builders.leaking.world import Texts

PARAMETERS: Final = {
    "objective": "binary",
    "num_leaves": 8,
    "min_data_in_leaf": 15,
    "learning_rate": 0.1,
    "verbose": -1,
    "num_threads": 1,
    "seed": 0,
}
ROUNDS: Final = 60


def auc_effect(folder: LeakingFolder, column: str) -> float:
    """AUC over decided leads of the true log-odds with the column, less that of the true log-odds alone.

    Trees read the column beside the truth; half of the leads are predicted by trees of the other half.
    """
    world = folder.world
    rows = np.flatnonzero(world.exported & world.closed)
    values, is_category = _numbers(folder.columns[column], world.created_us)
    design = np.column_stack([world.logit, values])[rows]
    won, start = world.will_win[rows], world.logit[rows]
    half = np.arange(len(rows)) % 2 == 0
    margin = start.copy()
    for learned, predicted in ((half, ~half), (~half, half)):
        data = lightgbm.Dataset(
            design[learned],
            won[learned],
            init_score=start[learned],
            categorical_feature=[1] if is_category else [],
            params={"verbose": -1},
            free_raw_data=False,
        )
        booster = lightgbm.train(PARAMETERS, data, ROUNDS)
        margin[predicted] += booster.predict(design[predicted], raw_score=True)
    folds = [_auc(margin[mask], won[mask]) - _auc(start[mask], won[mask]) for mask in (half, ~half)]
    return float(np.mean(folds))


def _numbers(texts: Texts, created_us: Ints) -> tuple[Floats, bool]:
    """A column as numbers, days from creation, or codes of a category."""
    known = [text for text in texts if text is not None]
    for read in (float, lambda text: float(date.fromisoformat(text).toordinal() - 719_163)):
        try:
            numbers = np.array([np.nan if text is None else read(text) for text in texts])
        except ValueError:
            continue
        is_date = read is not float
        return (numbers - created_us / DAY_US if is_date else numbers), False
    place = {text: float(k) for k, text in enumerate(sorted(set(known)))}
    return np.array([np.nan if text is None else place[text] for text in texts]), True


def _auc(score: Floats, won: Mask) -> float:
    ranks = rankdata(score)
    wins = np.count_nonzero(won)
    losses = len(won) - wins
    return float((ranks[won].sum() - wins * (wins + 1) / 2) / (wins * losses))
