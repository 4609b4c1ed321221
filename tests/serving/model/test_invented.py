"""An invented lead: scored like a real one, with a readable value for every attribute of the model."""

from pathlib import Path

from models.home.pointer import manifest_sha256
from serving.base.problems import Problem
from serving.model.invented import invented_lead
from serving.model.scoring import score_leads
from serving.model.trial import load_checked


def test_the_invented_lead_has_what_the_model_reads(trained_home: Path) -> None:
    folder = trained_home / "bundles" / "1"
    bundle = load_checked(folder, manifest_sha256(folder), "1")
    lead = invented_lead(bundle)
    names = {attribute.name for attribute in bundle.vocabulary.attributes}
    assert names <= lead.keys() | lead["attributes"].keys()
    vocabulary = bundle.vocabulary.interactions
    assert set(vocabulary.kinds) <= {row["kind"] for row in lead["interactions"]}
    assert set(vocabulary.channels) <= {row["channel"] for row in lead["interactions"]}
    as_of_us = bundle.trained_through_us
    record = score_leads(bundle, [lead], as_of_us, as_of_us, None)[0]
    assert not isinstance(record, Problem)
    codes = {warning["code"] for warning in record["warnings"]}
    assert not codes & {"unreadable_value", "unknown_attribute", "unknown_stage"}, record["warnings"]
