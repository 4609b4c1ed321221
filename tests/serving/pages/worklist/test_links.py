"""Links to the leads behind a figure: only filters that the worklist knows, values escaped."""

from typing import Any

import pytest

from serving.pages.worklist.links import leak_link, worklist_link


@pytest.mark.parametrize(
    ("leak", "link"),
    [
        ({"kind": "conversion", "subject": "new"}, "/?stage=new"),
        ({"kind": "speed", "subject": "new"}, "/?stage=new&attention=stuck"),
        ({"kind": "elsewhere", "subject": "source web", "source": "web"}, "/?source=web"),
        ({"kind": "quality", "subject": "owner (none)", "owner": None}, "/"),
        ({"kind": "hand_over", "subject": "owner"}, "/?attention=silent"),
        ({"kind": "entrances", "subject": "entrances"}, "/"),
    ],
)
def test_leak_leads_to_its_leads(leak: dict[str, Any], link: str) -> None:
    assert leak_link(leak) == link


def test_values_are_escaped() -> None:
    assert worklist_link(stage="a&b=c", owner=None) == "/?stage=a%26b%3Dc"
