"""The parameters of a fit: the defaults, and the larger trees that much data can fill."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Parameters:
    """How the conversion model is fitted.

    linear_share: the part of the linear start's log-odds that the trees start from; rounds, learning_rate, leaves,
    max_depth, min_leaf_rows, l2, column_share, row_share: LightGBM's; half_life_horizons: age, in horizons, at which a
    training row counts half.
    """

    # Strong penalties: LightGBM's defaults lose to or tie with logistic regression or naive Bayes on five of
    # thirteen real data sets.
    linear_share: float = 0.8  # docs/decisions/0088
    rounds: int = 80
    learning_rate: float = 0.04
    leaves: int = 8
    # Never reached by 8 leaves.
    max_depth: int = 12
    min_leaf_rows: int = 40
    l2: float = 40.0
    column_share: float = 0.5
    row_share: float = 0.7
    half_life_horizons: float = 4.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


# Trees that follow interactions of columns, if there is data enough. Seven decisions deep, so that the reasons of a
# leaf fit a small table (models/trees/leaf_groups.py).
LARGER = Parameters(leaves=31, max_depth=7, learning_rate=0.1, l2=30.0)


class Member(NamedTuple):
    """Trees of one kind and number of rounds, and their weight in a sum of such trees; the weights sum to 1."""

    parameters: Parameters
    weight: float


# Histograms of more columns than this are faster column by column: by 15 to 25 % with 180 and more, at 10,000 and at
# 160,000 rows, and 10 % slower with 50 (docs/decisions/0074).
MANY_COLUMNS = 100

# What LightGBM's bins depend on, besides the values and the kinds of the columns.
BINNING = {
    "max_bin": 127,
    # A column that splits no rows of one fit may split those of another.
    "feature_pre_filter": False,
    # Some rows of bundled columns, summed column by column, write beyond LightGBM's memory (docs/decisions/0078).
    "enable_bundle": False,
    "verbosity": -1,
    "num_threads": 1,
}


def histograms(columns: int) -> dict[str, Any]:
    """How LightGBM is to sum its histograms; left to itself it would time both ways."""
    by_column = columns > MANY_COLUMNS
    return {"force_col_wise": by_column, "force_row_wise": not by_column}


def lightgbm_parameters(p: Parameters, seed: int, objective: str = "binary") -> dict[str, Any]:
    """LightGBM's own names for a deterministic fit on one thread.

    Independent fits run in parallel instead: two OpenMP threads of one fit wait for each other, and on a machine whose
    other core is busy that wait costs more than the second thread brings (1.6 to 2.1 s instead of 0.5 to 0.8 s).
    """
    return {
        **BINNING,
        "objective": objective,
        "learning_rate": p.learning_rate,
        "num_leaves": p.leaves,
        "max_depth": p.max_depth,
        "min_data_in_leaf": p.min_leaf_rows,
        "lambda_l2": p.l2,
        "feature_fraction": p.column_share,
        "bagging_fraction": p.row_share,
        "bagging_freq": 1,
        # A category of few leads must not make a leaf of its own.
        "cat_smooth": 50.0,
        "cat_l2": 50.0,
        "min_data_per_group": 50,
        # Sets of categories fit the luck of training leads; one against the rest splits later leads better
        # (docs/decisions/0068).
        "max_cat_to_onehot": 64,
        # The same rows give the same trees in every run.
        "deterministic": True,
        # The start is the linear margin, given as init_score.
        "boost_from_average": False,
        "seed": seed,
    }
