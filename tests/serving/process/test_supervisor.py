"""`leadcast serve` as processes: one socket, equal scores, drained at the end, no orphans."""

import http.client
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from history.base.errors import InvalidInput
from history.base.locked_tempdir import locked
from models.home.pointer import read_pointer
from models.home.saved import load_bundle
from serving.base.settings import read_settings
from serving.http.sharing import BOARD
from serving.model.scoring import score_leads
from serving.process import supervisor
from serving.process.forking import fork
from serving.process.supervisor import ENDS, Supervisor, listen
from tests.builders.service.running_service import AS_OF, AS_OF_US, LEAD, PATIENCE_S, ROOT, Service, until


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_home, tmp_path / "home"))


@pytest.fixture
def started(home: Path) -> Iterator[Callable[..., Service]]:
    """Starts services over the home and ends them with the test; a runner under nohup leaves them SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    services: list[Service] = []

    def start(*options: str, **environment: str) -> Service:
        services.append(Service(home, *options, **environment))
        return services[-1]

    yield start
    signal.signal(signal.SIGHUP, before)
    for service in services:
        service.end()


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def scores_counted(service: Service) -> float:
    with urlopen(f"{service.url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("leadcast_scores_total{"))


@pytest.mark.long
def test_two_workers_score_alike_are_replaced_and_end_cleanly(
    started: Callable[..., Service], home: Path
) -> None:
    service = started("--workers", "2")
    until(service.is_ready)
    pointer = read_pointer(home)
    assert pointer is not None
    bundle = load_bundle(pointer.folder, pointer.model_version)
    expected = score_leads(bundle, [LEAD], AS_OF_US, AS_OF_US, None)[0]
    query = f"reasons=all&as_of={AS_OF}"
    assert service.get(f"/v1/score?{query}", LEAD) == expected
    assert service.get(f"/v1/score/batch?{query}", {"leads": [LEAD, LEAD]})["results"] == [expected, expected]

    until(lambda: len(service.children()) == 2)
    first = service.children()[0]
    os.kill(first, signal.SIGKILL)
    until(lambda: len(service.children()) == 2 and first not in service.children())
    assert service.get(f"/v1/score?{query}", LEAD) == expected
    assert scores_counted(service) == 4, "those of the killed worker, too"

    for pid in (*service.children(), service.process.pid):  # as a terminal that is closed does
        os.kill(pid, signal.SIGHUP)
    _, log = service.process.communicate(timeout=PATIENCE_S)
    assert service.process.returncode == 0
    assert "Traceback" not in log
    assert log.count("worker ended") == 1, "the killed one"


def addresses(pid: int) -> list[Path]:
    """The addresses at which workers of the service take connections of others, once they do."""
    mapped = [line.split()[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    boards = [Path(path) for path in mapped if path.endswith(f"/{BOARD}")]
    return list(boards[0].parent.glob("worker-*")) if boards else []


def sockets(pid: int) -> int:
    """Open sockets of a process."""
    return sum(
        os.readlink(entry).startswith("socket:")
        for entry in Path(f"/proc/{pid}/fd").iterdir()
        if entry.is_symlink()
    )


@pytest.mark.long
def test_two_workers_have_half_of_the_connections_each(started: Callable[..., Service]) -> None:
    service = started("--workers", "2")
    until(service.is_ready)
    until(lambda: len(service.children()) == 2)
    until(lambda: len(addresses(service.children()[0])) == 2)
    idle = {pid: sockets(pid) for pid in service.children()}
    for n in (4, 16):
        clients = [
            http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=30) for _ in range(n)
        ]
        for client in clients:
            client.request("GET", "/livez")
            assert client.getresponse().read()
        held = [sockets(pid) - idle[pid] for pid in service.children()]
        assert held == [n // 2, n // 2]
        for client in clients:
            client.request("GET", "/livez")
            assert client.getresponse().status == 200
            client.close()
        until(lambda: all(sockets(pid) == idle[pid] for pid in service.children()))


@pytest.mark.long
def test_workers_die_with_their_parent(started: Callable[..., Service]) -> None:
    service = started()
    until(service.is_ready)
    workers = service.children()
    assert workers
    service.process.kill()
    until(lambda: not any(map(is_alive, workers)))


@pytest.mark.long
def test_a_process_with_threads_starts_its_workers_anew(
    started: Callable[..., Service], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    service = started(PYTHONPATH=os.pathsep.join((str(tmp_path), str(ROOT))))
    until(service.is_ready)
    assert service.children() == []
    assert 0 < service.get(f"/v1/score?as_of={AS_OF}", LEAD)["probability"] < 1


@pytest.mark.long
@pytest.mark.parametrize("number", ENDS)
def test_a_signal_ends_the_imports(started: Callable[..., Service], number: signal.Signals) -> None:
    """Kernels may have to be compiled first, which takes half a minute."""
    service = started()
    assert service.process.stderr is not None
    assert "listens on" in service.process.stderr.readline()
    until(lambda: b"libllvmlite" in Path(f"/proc/{service.process.pid}/maps").read_bytes())
    service.process.send_signal(number)
    _, log = service.process.communicate(timeout=PATIENCE_S)
    assert (service.process.returncode, "Traceback" in log) == (0, False)


def test_modules_that_catch_everything_do_not_keep_a_signal_from_ending_the_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def catch_all() -> bool:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(PATIENCE_S)
        except BaseException as error:
            raise ImportError from error
        return True

    monkeypatch.setattr(supervisor, "MEMORY", tmp_path)
    monkeypatch.setattr(supervisor, "preload", catch_all)
    bound = listen("127.0.0.1", 0, read_settings({}))
    process = fork("leadcast-serve", lambda: sys.exit(Supervisor(bound, 1, tmp_path).run()))
    bound.close()
    assert process.wait() == 0
    assert list(tmp_path.iterdir()) == []


def test_the_next_service_removes_a_left_shared_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies in memory, where nothing else removes the leftovers of a killed service."""
    monkeypatch.setattr(supervisor, "MEMORY", tmp_path)
    killed, busy = (tmp_path / f"{supervisor.RUN_FOLDER}{name}" for name in ("killed", "busy"))
    (killed / "metrics").mkdir(parents=True)
    busy.mkdir()
    contents: list[list[Path]] = []

    def start(service: Supervisor) -> None:
        contents.append(sorted(tmp_path.iterdir()))
        assert Path(os.environ["LEADCAST_RUN_FOLDER"]).stat().st_mode & 0o777 == 0o700
        service.stopping = True

    monkeypatch.setattr(supervisor, "preload", lambda: False)
    monkeypatch.setattr(Supervisor, "_start_missing", start)
    monkeypatch.setattr(signal, "signal", lambda _number, _handler: None)
    with locked(busy):
        assert Supervisor(listen("127.0.0.1", 0, read_settings({})), 1, tmp_path / "home").run() == 0
    assert "LEADCAST_RUN_FOLDER" not in os.environ
    (during,) = contents
    assert len(during) == 2
    assert busy in during
    assert list(tmp_path.iterdir()) == [busy]


def test_a_foreign_interface_needs_keys(started: Callable[..., Service]) -> None:
    refused = started("--host", "0.0.0.0")
    _, log = refused.process.communicate(timeout=PATIENCE_S)
    assert refused.process.returncode == 1
    assert "LEADCAST_API_KEYS" in log


@pytest.mark.parametrize("below", ["", "x"])
def test_an_unusable_home_ends_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    """Workers would die of it and be restarted for ever."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LEADCAST_HOME", str(tmp_path / "file" / below))
    monkeypatch.setattr(Supervisor, "run", lambda _supervisor: 0)
    refused = CliRunner().invoke(leadcast, ["serve", "--port", "0"])
    assert refused.exit_code == 1
    assert f"{tmp_path / 'file'}" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("host", ["a" * 70, "nowhere.invalid", "203.0.113.7"])
def test_an_unavailable_address_is_reported(host: str) -> None:
    with pytest.raises(InvalidInput, match="Choose another --host or --port"):
        listen(host, 0, read_settings({"LEADCAST_API_KEYS": "k"}))


def test_invalid_settings_are_reported_together(started: Callable[..., Service]) -> None:
    refused = started(LEADCAST_API_KEYS="k:fly", LEADCAST_RATE_LIMIT="-1")
    _, log = refused.process.communicate(timeout=PATIENCE_S)
    assert refused.process.returncode == 1
    assert "2 problems" in log
