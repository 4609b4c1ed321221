"""The table of rules: unique names, each either sets rows aside or counts them."""

from history.folder.rules.rules import FLAGGED, REJECTED, RULES


def test_every_rule_has_a_name_of_its_own() -> None:
    assert len(RULES) == len({rule.name for rule in RULES}) == len(REJECTED) + len(FLAGGED)
