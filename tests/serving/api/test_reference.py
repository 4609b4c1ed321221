"""docs/reference/api.md: its examples are answered as it says, its table names every kind of problem."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.bundle import Bundle
from models.home.pointer import load_champion, read_pointer
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import FakeRuntime, application

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
EXAMPLES = [
    shlex.split(example)
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S)
    for example in re.split(r"\n\n", block.strip())
]
RAISED = re.compile(
    r"""(?:Problem\(\s*\d+,\s*|unavailable\(\s*|code = )"([a-z0-9-]+)"(?: if .* else "([a-z-]+)")?"""
)


@pytest.fixture
def client(tmp_path: Path, trained_home: Path) -> Iterator[TestClient]:
    pointer = read_pointer(trained_home)
    assert pointer is not None
    bundle: Bundle = load_champion(pointer)
    with caller(application(FakeRuntime(tmp_path / "home", bundle))) as made:
        yield made


def ask(client: TestClient, example: list[str]) -> Any:
    """What `curl` with these arguments would ask."""
    assert example[:2] == ["curl", "-s"]
    options = dict(pairwise(example))
    url = next(word for word in example if word.startswith("http://127.0.0.1:3000/"))
    name, _, value = options["-H"].partition(": ")
    method = options.get("-X", "POST")
    return client.request(
        method, url.removeprefix("http://127.0.0.1:3000"), headers={name: value}, content=options["-d"]
    )


def test_the_examples_are_answered(client: TestClient) -> None:
    score, put, events = (ask(client, example) for example in EXAMPLES[:3])
    assert (score.status_code, score.json()["lead_id"]) == (200, "L-1042")
    assert (put.status_code, put.json()) == (201, {"lead_id": "L-1042", "result": "created", "warnings": []})
    assert events.json() == {"accepted": 4, "duplicates": 0, "rejected": [], "warnings": []}
    stored = client.get("/v1/leads/L-1042").json()
    assert stored["lead"]["owner"] == "Bob"
    assert stored["lead"]["attributes"] == {"industry": "software"}
    assert stored["score"]["status"] == "won"
    again = ask(client, EXAMPLES[2])
    assert again.json() == {"accepted": 0, "duplicates": 4, "rejected": [], "warnings": []}
    corrected = ask(client, EXAMPLES[3])
    assert corrected.json() == {"accepted": 2, "duplicates": 0, "rejected": []}
    stored = client.get("/v1/leads/L-1042").json()
    assert (stored["score"]["status"] != "won", stored["score"]["stage"]) == (True, "proposal")


def test_the_table_names_every_kind_of_problem() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "serving").rglob("*.py"))
    raised = {name for found in RAISED.findall(code) for name in found if name}
    (table,) = re.findall(r"\| status \| `type` ends in .*?\n\n", PAGE, re.S)
    kinds = [row.split("|")[2] for row in table.strip().splitlines()[2:]]
    told = {name for kind in kinds for name in re.findall(r"`([a-z0-9-]+)`", kind)}
    assert told == raised
