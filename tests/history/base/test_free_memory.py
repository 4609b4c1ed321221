"""The free memory, by files as the system writes them."""

from pathlib import Path

import pytest

from history.base.free_memory import free_bytes


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine with 2,000 KiB available, and a process in no group."""
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    (folder / "meminfo").write_text("MemTotal:  99 kB\nMemAvailable:    2000 kB\n")
    return folder


@pytest.fixture
def cgroup(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


def write_group(group: Path, limit: str, used: int, names: tuple[str, str], prefix: str = "") -> None:
    """Files of a control group, 300,000 bytes of which are pages of files."""
    group.mkdir(parents=True, exist_ok=True)
    for name, text in zip(names, (limit, str(used)), strict=True):
        (group / name).write_text(f"{text}\n")
    stat = f"cache 9\n{prefix}inactive_file 200000\n{prefix}active_file 100000\n"
    (group / "memory.stat").write_text(stat)


VERSION_1, VERSION_2 = (
    ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    ("memory.max", "memory.current"),
)


def test_without_groups_it_is_the_machines(proc: Path, cgroup: Path, tmp_path: Path) -> None:
    assert free_bytes(proc, cgroup) == 2_048_000
    assert free_bytes(tmp_path / "none", cgroup) is None


def test_a_group_of_version_2_lessens_it_and_its_cache_is_free(proc: Path, cgroup: Path) -> None:
    write_group(cgroup, "1500000", 500_000, VERSION_2)
    assert free_bytes(proc, cgroup) == 1_300_000
    write_group(cgroup, "max", 500_000, VERSION_2)
    assert free_bytes(proc, cgroup) == 2_048_000


def test_a_group_of_version_1_is_known_too(proc: Path, cgroup: Path) -> None:
    write_group(cgroup / "memory", "1500000", 500_000, VERSION_1, "total_")
    assert free_bytes(proc, cgroup) == 1_300_000


@pytest.mark.parametrize(
    ("line", "folder", "names", "prefix"),
    [
        ("0::/system.slice/leadcast.service", "", VERSION_2, ""),
        ("9:cpu,memory:/system.slice/leadcast.service", "memory", VERSION_1, "total_"),
    ],
)
def test_limits_of_the_own_group_and_of_those_around_it_hold(
    proc: Path, cgroup: Path, line: str, folder: str, names: tuple[str, str], prefix: str
) -> None:
    (proc / "self" / "cgroup").write_text(f"12:pids:/elsewhere\n{line}\n")
    service = cgroup / folder / "system.slice" / "leadcast.service"
    write_group(service, "900000", 600_000, names, prefix)
    assert free_bytes(proc, cgroup) == 600_000
    write_group(service.parent, "800000", 700_000, names, prefix)
    assert free_bytes(proc, cgroup) == 400_000


def test_a_path_of_the_host_that_a_container_cannot_see_is_passed_over(proc: Path, cgroup: Path) -> None:
    (proc / "self" / "cgroup").write_text("4:memory:/docker/0f3c\n0::/\n")
    write_group(cgroup / "memory", "1500000", 500_000, VERSION_1, "total_")
    assert free_bytes(proc, cgroup) == 1_300_000
