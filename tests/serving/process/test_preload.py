"""The service's code in the process that forks: without threads, out of garbage collections."""

import json
import subprocess
import sys

import pytest

from tests.builders.service.running_service import ROOT

CODE = """
import gc, json, os, sys, threading
from serving.process.preload import preload
if {thread}:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
before = dict(os.environ)
def compiled():
    pages = sys.modules.get("serving.pages.rendering")
    return 0 if pages is None else len(pages.COMPILED.by_key)
print(json.dumps([
    preload(), "serving.service" in sys.modules, len(os.listdir("/proc/self/task")), gc.get_freeze_count(),
    gc.isenabled(), {{name: value for name, value in os.environ.items() if before.get(name) != value}},
    compiled(),
]))
"""


def preloaded(thread: bool) -> list[object]:
    code = CODE.format(thread=thread)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    values: list[object] = json.loads(done.stdout)
    return values


@pytest.mark.long
def test_the_service_is_imported_without_threads_and_frozen() -> None:
    can_fork, is_imported, threads, frozen, is_collecting, variables, templates = preloaded(thread=False)
    assert (can_fork, is_imported, threads, is_collecting) == (True, True, 1, True)
    assert isinstance(frozen, int)
    assert frozen > 100_000
    assert isinstance(variables, dict)
    assert "OPENBLAS_NUM_THREADS" not in variables
    assert isinstance(templates, int)
    assert templates > 10


def test_beside_a_thread_nothing_is_imported() -> None:
    assert preloaded(thread=True)[:2] == [False, False]
