"""The warning of a sample: of how many leads, why, and what takes more."""

import pytest

from history.lead_sample import LeadSample, sample_warnings


@pytest.mark.parametrize(("one_in", "more"), [(2, "--one-in 1 takes all"), (16, "--one-in 8 takes more")])
def test_a_sample_says_what_takes_more(one_in: int, more: str) -> None:
    (warning,) = sample_warnings(LeadSample(one_in, 1_000, 16_500))
    assert (warning.code, warning.subject) == ("sampled_leads", "leads")
    assert warning.detail.startswith(
        f"trained on 1,000 of 16,500 leads, one in {one_in} by a hash of their ids;"
    )
    assert more in warning.detail
    assert warning.evidence == {"one_in": one_in, "leads": 1_000, "of_leads": 16_500}


def test_a_share_that_was_asked_for_is_no_matter_of_memory() -> None:
    (warning,) = sample_warnings(LeadSample(4, 100, 400, is_wanted=True))
    assert "as --one-in says" in warning.detail
    assert "memory" not in warning.detail


def test_all_leads_are_no_sample() -> None:
    assert sample_warnings(None) == []
