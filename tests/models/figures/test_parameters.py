"""Parameters of a fit: each one of the trees reaches LightGBM, and a fit is deterministic."""

from dataclasses import asdict, fields, replace

import lightgbm
import numpy as np
import pytest

from models.figures.parameters import Parameters, lightgbm_parameters

NOT_OF_A_TREE = {"linear_share", "rounds", "half_life_horizons"}


@pytest.mark.parametrize("name", [field.name for field in fields(Parameters)])
def test_each_parameter_of_the_trees_reaches_lightgbm(name: str) -> None:
    usual = Parameters()
    changed = replace(usual, **{name: getattr(usual, name) * 2})
    differing = set(lightgbm_parameters(usual, 0).items()) ^ set(lightgbm_parameters(changed, 0).items())
    assert len({key for key, _ in differing}) == (name not in NOT_OF_A_TREE)


def test_json_round_trip() -> None:
    assert Parameters(**Parameters(rounds=3).to_dict()) == Parameters(rounds=3)
    assert Parameters().to_dict() == asdict(Parameters())


def test_lightgbm_knows_every_name_and_gives_the_same_trees(capfd: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(1)
    rows, won = random.normal(size=(200, 2)), random.random(200) < 0.3
    settings = {**lightgbm_parameters(replace(Parameters(), rounds=3), seed=4), "verbosity": 0}
    texts = {lightgbm.train(settings, lightgbm.Dataset(rows, won), 3).model_to_string() for _ in range(2)}
    assert len(texts) == 1
    assert "Unknown parameter" not in "".join(capfd.readouterr())
