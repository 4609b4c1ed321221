"""The checks of tables: of declared columns, by rules that can be run, and no rule with a test is left out."""

import pytest

from history.config.schema import TABLES
from history.folder.rules.checks import CHECKS
from history.folder.rules.rules import RULES


@pytest.mark.parametrize("table", TABLES)
def test_checks_are_of_declared_columns_and_can_be_run(table: str) -> None:
    declared = {*TABLES[table].fields, "recorded_at"}
    for check in CHECKS[table]:
        assert check.rule in RULES
        assert check.rule.test is not None
        assert not check.rule.keeps_row
        assert {check.column, *check.shown_columns} <= declared


def test_every_rule_with_a_test_is_checked_somewhere() -> None:
    checked = {check.rule.name for checks in CHECKS.values() for check in checks}
    assert checked == {rule.name for rule in RULES if rule.test is not None}
