"""Settings: typed, every problem reported at once, no secret repeated."""

from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from serving.base.settings import SCOPES, read_settings


def test_the_defaults_are_open_and_unlimited() -> None:
    settings = read_settings({})
    assert settings.home == Path(".leadcast")
    assert settings.api_keys == ()
    assert settings.rate_limit is None


def test_keys_carry_their_scopes_and_stay_hashed() -> None:
    settings = read_settings({"LEADCAST_API_KEYS": "alpha, beta:read+score"})
    assert [key.scopes for key in settings.api_keys] == [frozenset(SCOPES), frozenset({"read", "score"})]
    assert "alpha" not in repr(settings)
    assert "beta" not in repr(settings)


def test_every_problem_is_reported_without_the_keys() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_settings(
            {
                "LEADCAST_API_KEYS": "sesame:fly,,sésame,open,open:read",
                "LEADCAST_RATE_LIMIT": "-1",
                "LEADCAST_CONCURRENCY": "many",
                "LEADCAST_LOG": "loud",
            }
        )
    assert len(caught.value.problems) == 7
    assert "same" not in str(caught.value)


@pytest.mark.parametrize("rate", ["0", "nan", "inf", "x", "-3"])
def test_a_rate_is_a_number_above_zero(rate: str) -> None:
    with pytest.raises(InvalidInput):
        read_settings({"LEADCAST_RATE_LIMIT": rate})


def test_frames_are_allowed_by_origin() -> None:
    read = read_settings({"LEADCAST_FRAME_ANCESTORS": "https://crm.example, https://*.b.example:8443"})
    assert read.frame_ancestors == ("https://crm.example", "https://*.b.example:8443")


@pytest.mark.parametrize(
    "text", ["*", "crm.example", "https://a.example/x", "https://a; script-src *", "'self'"]
)
def test_frames_of_anything_else_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="LEADCAST_FRAME_ANCESTORS"):
        read_settings({"LEADCAST_FRAME_ANCESTORS": text})


def test_size_of_uploads_is_a_whole_number_of_megabytes() -> None:
    assert read_settings({}).upload_mb == 200
    assert read_settings({"LEADCAST_UPLOAD_MB": " 50 "}).upload_mb == 50
    for text in ("0", "-1", "1.5", "20000", "lots"):
        with pytest.raises(InvalidInput, match="LEADCAST_UPLOAD_MB"):
            read_settings({"LEADCAST_UPLOAD_MB": text})


def test_time_between_reports_is_a_whole_number_of_minutes() -> None:
    assert read_settings({}).report_minutes == 10
    assert read_settings({"LEADCAST_REPORT_MINUTES": " 60 "}).report_minutes == 60
    for text in ("0", "-1", "1.5", "1441", "often"):
        with pytest.raises(InvalidInput, match="LEADCAST_REPORT_MINUTES"):
            read_settings({"LEADCAST_REPORT_MINUTES": text})
