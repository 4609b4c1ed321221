"""Names of events and their meaning."""

from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from connectors.persons.events import EventNames, directions, event_names
from connectors.persons.rows import Role
from connectors.reading.options import ReadOptions
from history.base.errors import InvalidInput

DEFAULTS = EventNames(won=("Order Completed",), lost=(), stages=(), lead=("Signed Up",))
KINDS = pa.array(["order_completed", "signed_up", "demo", None])


def names(**options: Any) -> EventNames:
    return event_names(ReadOptions(0, ZoneInfo("UTC"), **options), DEFAULTS)


def test_options_take_the_place_of_the_defaults() -> None:
    roles = names(won=("Demo",), stages=("Signed Up",))
    assert roles.roles(KINDS).tolist() == [Role.TOUCH, Role.STAGE, Role.WON, Role.TOUCH]
    assert roles.stage_names(KINDS).to_pylist() == [None, "Signed Up", None, None]
    assert roles.make_leads(KINDS).tolist() == [False, True, False, False]


def test_misspelt_names_are_refused_all_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        names(won=("Demos",), lost=("Churn",)).refuse_unseen(["demo", "order_completed"])
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["--won Demos", "--lost Churn"]


def test_default_names_need_not_be_there() -> None:
    names().refuse_unseen(["demo"])


def test_messages_that_were_sent_are_outbound() -> None:
    kinds = pa.array(["email_sent", "email_delivered", "email_opened", "sent_form"])
    assert directions(kinds).to_pylist() == ["outbound", "outbound", "inbound", "inbound"]
