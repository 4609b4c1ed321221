"""What `leadcast funnel` tells people."""

import re

import pytest

from cli.shown.funnel_text import echo_state
from funnel.state.state import funnel_state
from tests.builders.leads.twenty_leads import twenty


def test_first_line_adds_up_with_reopened_leads(capsys: pytest.CaptureFixture[str]) -> None:
    echo_state({**funnel_state(twenty()), "owners": []})
    line = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("open at the start"))
    count = {name: int(n) for name, n in re.findall(r"([a-z ]+?) (\d+)(?:, |$)", line)}
    came = sum(count[name] for name in ("open at the start", "entered", "reopened"))
    went = sum(count[name] for name in ("won", "lost", "closed and reopened since"))
    assert (came, went, count["open at the end"]) == (23, 16, 7)


def test_numbers_without_currency_have_no_gap(capsys: pytest.CaptureFixture[str]) -> None:
    echo_state({**funnel_state(twenty(currency=None)), "owners": []})
    assert " ," not in capsys.readouterr().err
