"""The report of the twenty leads, shared by the tests of its parts."""

from typing import Any

import pytest

from funnel.state.state import funnel_state
from tests.builders.leads.twenty_leads import twenty


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    return funnel_state(twenty())
