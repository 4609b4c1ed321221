"""A history has the same score from a file, a request, a batch and the store, to the last bit."""

import asyncio
import csv
import json
import math
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from cli.main import leadcast
from models.bundle import Bundle
from models.home.pointer import load_champion, read_pointer
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import FakeRuntime, application, pages_of

AS_OF = "2026-04-17T09:30:00Z"
OWN = ("account_id", "owner", "source")
Row = dict[str, Any]


def run(home: Path, *arguments: str) -> None:
    result = CliRunner().invoke(leadcast, ["--home", str(home), *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr


def rows(crm: Path, table: str) -> dict[str, list[Row]]:
    """The filled cells of a table's rows, by lead."""
    by_lead: dict[str, list[Row]] = defaultdict(list)
    with open(crm / f"{table}.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_lead[row.pop("lead_id")].append({key: value for key, value in row.items() if value})
    return by_lead


def as_json_scalar(text: str) -> Any:
    """The cell as a CRM would send it: a number or a boolean if it looks like one."""
    if text in ("true", "false"):
        return text == "true"
    try:
        number = json.loads(text)
    except ValueError:
        return text
    return number if isinstance(number, int | float) else text


def with_numbers(rows: list[Row], *names: str) -> list[Row]:
    return [{k: float(v) if k in names else v for k, v in row.items()} for row in rows]


@pytest.fixture(scope="module")
def requests(crm: Path) -> dict[str, Row]:
    """Each lead of the folder as a request, rows after T included; not leads decided more than once."""
    tables = {name: rows(crm, name) for name in ("interactions", "stages", "attribute_changes", "outcomes")}
    requests: dict[str, Row] = {}
    for lead_id, (lead,) in rows(crm, "leads").items():
        outcomes = with_numbers(tables["outcomes"][lead_id], "amount")
        if len(outcomes) > 1:
            continue
        attributes = {k: as_json_scalar(v) for k, v in lead.items() if k not in (*OWN, "created_at")}
        changes = [{"value": None, **row} for row in tables["attribute_changes"][lead_id]]
        requests[lead_id] = {
            "lead_id": lead_id,
            "created_at": lead["created_at"],
            **{name: lead[name] for name in OWN if name in lead},
            "attributes": attributes,
            "interactions": with_numbers(tables["interactions"][lead_id], "value"),
            "stages": tables["stages"][lead_id],
            "attribute_changes": changes,
            **({"outcome": outcomes[0]} if outcomes else {}),
        }
    return requests


@pytest.fixture(scope="module")
def scored_home(trained_home: Path, crm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a champion, `crm` in its store rescored at T, and the score file at T beside it."""
    home = tmp_path_factory.mktemp("parity") / "home"
    shutil.copytree(trained_home, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LEADCAST_HOME", raising=False)
        run(home, "load", str(crm))
        run(home, "rescore", "--as-of", AS_OF)
        run(home, "score", str(crm), "--as-of", AS_OF, "--output", str(home.parent / "scores.parquet"))
    return home


@pytest.fixture(scope="module")
def bundle(scored_home: Path) -> Bundle:
    pointer = read_pointer(scored_home)
    assert pointer is not None
    return load_champion(pointer)


@pytest.fixture(scope="module")
def client(scored_home: Path, bundle: Bundle) -> Iterator[TestClient]:
    with caller(application(FakeRuntime(scored_home, bundle))) as made:
        yield made


@pytest.fixture(scope="module")
def filed(scored_home: Path) -> dict[str, Row]:
    """The rows of the score file by lead, with reasons as lists and missing numbers as None."""
    records = pq.read_table(scored_home.parent / "scores.parquet").to_pylist()
    for record in records:
        del record["rank"]
        record["reasons"] = json.loads(record["reasons"])
        for key, value in record.items():
            if isinstance(value, float) and math.isnan(value):
                record[key] = None
    return {record["lead_id"]: record for record in records}


def without_warnings(record: Row) -> Row:
    """A score without its rank, which a single score does not have, and without what the file does not have: warnings
    and the evidence of reasons.
    """
    kept = {key: value for key, value in record.items() if key not in ("warnings", "rank")}
    return {**kept, "reasons": without_evidence(record["reasons"])}


def without_evidence(reasons: list[Row]) -> list[Row]:
    return [{key: value for key, value in reason.items() if key != "evidence"} for reason in reasons]


def test_a_request_scores_as_the_file_does(
    client: TestClient, requests: dict[str, Row], filed: dict[str, Row]
) -> None:
    some = [lead_id for lead_id in filed if lead_id in requests]
    assert len(some) > 100
    for lead_id in some:
        answer = client.post(f"/v1/score?as_of={AS_OF}", json=requests[lead_id])
        assert answer.status_code == 200, answer.text
        assert without_warnings(answer.json()) == filed[lead_id]


def test_concurrent_requests_score_as_the_file_does(
    scored_home: Path, bundle: Bundle, requests: dict[str, Row], filed: dict[str, Row]
) -> None:
    some = [lead_id for lead_id in filed if lead_id in requests][:40]
    transport = httpx.ASGITransport(application(FakeRuntime(scored_home, bundle)))

    async def main() -> list[Row]:
        async with httpx.AsyncClient(transport=transport, base_url="http://leadcast") as caller:
            path = f"/v1/score?as_of={AS_OF}"
            answers = await asyncio.gather(*(caller.post(path, json=requests[i]) for i in some))
        return [without_warnings(answer.json()) for answer in answers]

    assert asyncio.run(main()) == [filed[lead_id] for lead_id in some]


def test_a_batch_scores_as_the_file_does(
    client: TestClient, requests: dict[str, Row], filed: dict[str, Row]
) -> None:
    some = [lead_id for lead_id in filed if lead_id in requests]
    body = {"leads": [requests[lead_id] for lead_id in reversed(some)]}
    results = client.post(f"/v1/score/batch?as_of={AS_OF}", json=body).json()["results"]
    assert [without_warnings(r) for r in results] == [filed[lead_id] for lead_id in reversed(some)]


def test_closed_leads_are_closed_in_requests_too(
    client: TestClient, requests: dict[str, Row], filed: dict[str, Row]
) -> None:
    closed = [r for lead_id, r in requests.items() if lead_id not in filed and r["created_at"] <= AS_OF]
    results = client.post(f"/v1/score/batch?as_of={AS_OF}", json={"leads": closed}).json()["results"]
    assert closed
    assert {r["status"] for r in results} == {"won", "lost"}


def test_the_store_scores_as_the_file_does(client: TestClient, filed: dict[str, Row]) -> None:
    def page(cursor: str | None) -> tuple[list[Row], str | None]:
        query = {"limit": 100, "order": "probability", **({"cursor": cursor} if cursor else {})}
        answer = client.get("/v1/leads", params=query).json()
        return answer["leads"], answer["next_cursor"]

    stored = {entry["lead_id"]: entry for entry in pages_of(page)}
    assert set(stored) == set(filed)
    for lead_id, record in filed.items():
        kept = {key: stored[lead_id][key] for key in record}
        kept["reasons"] = without_evidence(kept["reasons"])
        assert kept == {**record, "reasons": record["reasons"][: len(kept["reasons"])]}
