"""The examples in the docstrings of `import leadcast` run and print what they show."""

import doctest
from pathlib import Path

import pytest

import leadcast


@pytest.fixture
def examples(
    champion_home: Path, crm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, object]:
    """Names that examples share, in a folder that holds `crm`; LEADCAST_HOME has a champion."""
    (tmp_path / "crm").symlink_to(crm)
    monkeypatch.chdir(tmp_path)
    return {"leadcast": leadcast, "history": leadcast.read_folder("crm"), "model": leadcast.load_model()}


NAMES = ["", *sorted(set(leadcast.__all__) - {"DamagedArtifact", "InvalidInput"})]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name == "train" else ()) for name in NAMES]
)
def test_example_prints_what_it_shows(name: str, examples: dict[str, object]) -> None:
    documented = getattr(leadcast, name) if name else leadcast.__doc__
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    text = documented if isinstance(documented, str) else documented.__doc__
    report: list[str] = []
    example = parser.get_doctest(text, examples, name or "leadcast", None, None)
    assert example.examples
    assert runner.run(example, out=report.append).failed == 0, "".join(report)
