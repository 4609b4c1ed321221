"""Exporting the store: the folder is the same history, whatever its texts hold, or no folder at all."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from history.base.errors import InvalidInput
from history.base.progress import no_progress
from history.config.schema import TABLES
from serving.store import schema as db
from serving.store.events import store_events
from serving.store.leads.leads import PutLead, put_leads
from serving.store.store import Store
from serving.store.transfer import export
from serving.store.transfer.export import export_folder, fact_header
from tests.builders.service.store_fakes import NOW_US, Clock, contents, event, read_events
from tests.builders.service.store_folder import FAR_US, load, read

pytest_plugins = ["tests.builders.service.store_fixtures"]


@pytest.mark.parametrize("table", [table.name for table in db.FACTS])
def test_exported_columns_are_those_of_a_folder(table: str) -> None:
    columns = [name for name, field in TABLES[table].fields.items() if not field.in_folders_only]
    assert sorted(fact_header(table)) == sorted(columns)


def test_export_is_the_same_history(
    store: Store, folder: Path, tmp_path: Path, store_url: str | None
) -> None:
    load(store, folder)
    written = export_folder(store.engine, tmp_path / "out", no_progress)
    assert written["interactions"] == 5
    exported = read(tmp_path / "out")
    assert contents(exported) == contents(read(folder))
    assert exported.config == read(folder).config
    assert exported.costs.amount.tolist() == [100.0]
    assert set(load(store, tmp_path / "out").rows.values()) == {0}


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=4)
awkward = st.one_of(texts, st.text("\r\n\t\",' ;=", min_size=1, max_size=4))
names = awkward.filter(lambda text: not text.isspace())  # a kind or stage of blanks alone is refused


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=names, stage=names, values=st.lists(awkward, min_size=6, max_size=6))
@example(kind="k", stage="s", values=["", "\r", "\r", "\r", "\r", "\r"])
def test_export_keeps_any_text(
    tmp_path_factory: pytest.TempPathFactory, kind: str, stage: str, values: list[str]
) -> None:
    """A bare carriage return ended the row for readers of the export: every lead was rejected.

    A channel, reason or attribute of blanks alone is missing, in the store as in a folder.
    """
    base = tmp_path_factory.mktemp("texts")
    lead_id, note, channel, interaction_id, reason, changed = values
    name = f"L{lead_id}"
    store = Store(base / "home", now_us=Clock())
    store.writer.write(put_leads, PutLead(name, NOW_US - 10**13, {"note": note, "owner": note}))
    data: list[tuple[str, dict[str, Any]]] = [
        ("interaction", {"kind": kind, "channel": channel, "interaction_id": interaction_id}),
        ("stage", {"stage": stage}),
        ("outcome", {"outcome": "lost", "reason": reason}),
        ("attributes", {"note": changed}),
    ]
    events = [event(what, name, content, what) for what, content in data]
    assert store.writer.write(store_events, read_events({"events": events})).accepted == 4
    export_folder(store.engine, base / "out", no_progress)
    assert contents(read(base / "out")) == contents(store.read_all(FAR_US))
    store.close()


def test_incomplete_export_is_not_read_as_a_folder(
    store: Store, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(store, folder)
    whole = tmp_path / "whole"
    export_folder(store.engine, whole, no_progress)
    written: list[str] = []
    write_csv = export._write_csv

    def killed(path: Path, *rest: Any) -> int:
        written.append(path.name)
        if len(written) == len(list(whole.glob("*.csv"))):
            raise KeyboardInterrupt
        return write_csv(path, *rest)

    monkeypatch.setattr(export, "_write_csv", killed)
    with pytest.raises(KeyboardInterrupt):
        export_folder(store.engine, tmp_path / "half", no_progress)
    assert (tmp_path / "half" / "interactions.csv").exists()
    with pytest.raises(InvalidInput, match="leads"):
        read(tmp_path / "half")
