"""Ready leads: at every later instant the features of the lead, and of its what-ifs, are those of its rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.matrix import build_matrix
from history.text.times import DAY_US
from models.bundle import Bundle
from models.home.pointer import champion
from models.scorer import Part, matrix_of_parts
from serving.store.scores.acts import acts_of
from serving.store.scores.ready import ReadyLead, ready_lead
from serving.store.scores.what_if import changed, snapshot_of
from tests.builders.service.store_fakes import NOW_US, event
from tests.builders.service.usual_lead import inbound, rows_with


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    return bundle


def declared(bundle: Bundle) -> Bundle:
    """The model with attributes that sellers may set to yes."""
    names = tuple(a.name for a in bundle.vocabulary.attributes if a.kind == "boolean")
    config = replace(bundle.config, mutable=names)
    return replace(bundle, vocabulary=replace(bundle.vocabulary, config=config))


@pytest.mark.parametrize("has_attributes", [False, True])
@pytest.mark.parametrize("has_touches", [False, True])
def test_a_ready_lead_has_the_features_of_its_rows(
    tmp_path: Path, bundle: Bundle, has_attributes: bool, has_touches: bool
) -> None:
    model = declared(bundle) if has_attributes else bundle
    sent = [inbound("call", 3), inbound("demo", 40, "web")] if has_touches else []
    rows = rows_with(tmp_path, *sent, event("s", "a", {"stage": "qualified"}, "stage"))
    ready = ready_lead(model, rows, NOW_US)
    assert len(ready.acts.attributes) > 0 if has_attributes else not ready.acts.attributes
    for as_of_us in (NOW_US, NOW_US + 1, NOW_US + 50 * DAY_US, NOW_US):
        plain = build_matrix(snapshot_of(rows, model, as_of_us), model.vocabulary)
        assert features(model, ready.part(as_of_us)).tobytes() == plain.values.tobytes()
        acts = acts_of(model, rows, as_of_us)
        assert ready.acts == acts
        changes = acts.changes(as_of_us)
        each = [snapshot_of(changed(rows, change), model, as_of_us) for change in changes]
        expected = np.vstack([build_matrix(snapshot, model.vocabulary).values for snapshot in each])
        assert varied(model, ready, as_of_us).tobytes() == expected.tobytes()


def features(bundle: Bundle, part: Part) -> np.ndarray:
    return matrix_of_parts(bundle, [part]).values


def varied(bundle: Bundle, ready: ReadyLead, as_of_us: int) -> np.ndarray:
    """The features after each act, from those of the lead."""
    part = ready.part(as_of_us)
    values = features(bundle, part)
    out = np.empty((ready.acts.count, values.shape[1]))
    ready.write_varied(out, values[0], as_of_us, part.walks)
    return out
