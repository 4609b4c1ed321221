"""Children know the home and a place for temporary files, and no keys."""

from pathlib import Path

from serving.jobs.child import command_of, environment_of


def test_environment_withholds_keys_and_names_the_home(tmp_path: Path) -> None:
    inherited = {
        "LEADCAST_API_KEYS": "secret",
        "PROMETHEUS_MULTIPROC_DIR": "/x",
        "PYTHONPATH": "/mine",
        "PATH": "/bin",
    }
    environment = environment_of(tmp_path / "home", tmp_path / "scratch", inherited)
    assert "secret" not in environment.values()
    assert "PROMETHEUS_MULTIPROC_DIR" not in environment
    assert environment["LEADCAST_HOME"] == str(tmp_path / "home")
    assert environment["TMPDIR"] == str(tmp_path / "scratch")
    assert environment["PYTHONPATH"].endswith(":/mine")
    assert environment["PATH"] == "/bin"


def test_command_names_its_parent() -> None:
    assert command_of("cli", ["train"])[-2:] == ["cli", "train"]
