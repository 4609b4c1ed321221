"""Suspicious names are recognised by whole words, in any writing."""

import pytest

from training.audit.checks.names import suspicious_words

SUSPICIOUS = (
    *("contract_number", "Order No", "lost reason", "close_reason", "probability"),
    *("last_activity", "LastModifiedDate", "lead_status", "Lead Score", "IsClosed", "days_to_close"),
)
HARMLESS = (
    *("planned_close_on", "expected close", "marital_status", "credit_score"),
    *("source", "last_name", "stagecoach", "consumer price index", "", "é", "contract_type", "phone number"),
)


@pytest.mark.parametrize("name", SUSPICIOUS)
def test_suspicious_name_is_found(name: str) -> None:
    assert suspicious_words(name) is not None


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_name_is_not_found(name: str) -> None:
    assert suspicious_words(name) is None
