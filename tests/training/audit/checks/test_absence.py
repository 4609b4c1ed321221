"""Columns that only lost leads have are written with the loss; facts that rule a lead out are on open leads as well."""

import pytest

from tests.builders.worlds.audit_world import only, world


@pytest.mark.parametrize("n", [800, 2000])
@pytest.mark.parametrize("seed", range(3))
def test_column_of_lost_leads_alone_is_suspected(n: int, seed: int) -> None:
    w = world(n, seed)
    notes = w.rng.choice(["price", "timing", "competitor"], n).tolist()
    verdicts = w.audit(
        field_3=only(w.lost & w.chance(0.6), notes),
        rules_it_out=only(~w.will_win & w.chance(0.6), notes),
        of_some=only(w.chance(0.3), notes),
    )
    assert verdicts["field_3"] == "leakage_suspected"
    assert "of_some" not in verdicts
    assert verdicts.get("rules_it_out") != "leakage_suspected"
