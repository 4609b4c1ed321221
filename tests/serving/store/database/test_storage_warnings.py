"""Warnings at start about the place of the store."""

from pathlib import Path

import pytest

from serving.store.database.storage_warnings import (
    FIXED_SQLITE,
    NETWORK_TYPES,
    filesystem_type,
    storage_warnings,
)

MOUNTINFO = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:40 / /srv/share rw shared:2 master:1 - nfs4 server:/share rw,vers=4.2
31 30 0:41 / /srv/share/fast\\040disk rw - xfs /dev/vdb rw
"""
OLD_SQLITE = (3, 40, 1)


@pytest.fixture
def mountinfo(tmp_path: Path) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text(MOUNTINFO)
    return file


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/store.db", "ext4"),
        ("/srv/share/store.db", "nfs4"),
        ("/srv/shared/store.db", "ext4"),
        ("/srv/share/fast disk/store.db", "xfs"),
    ],
)
def test_innermost_mount_holds_a_file(path: str, kind: str, mountinfo: Path) -> None:
    assert filesystem_type(Path(path), mountinfo) == kind


@pytest.mark.parametrize(("path", "count"), [("/var/store.db", 0), ("/srv/share/store.db", 1)])
def test_network_file_system_is_a_warning(path: str, count: int, mountinfo: Path) -> None:
    assert len(storage_warnings(Path(path), FIXED_SQLITE, mountinfo)) == count


def test_old_sqlite_is_a_warning(mountinfo: Path) -> None:
    (warning,) = storage_warnings(Path("/var/store.db"), OLD_SQLITE, mountinfo)
    assert "SQLite 3.40.1 is older than 3.51.3" in warning


def test_server_needs_no_storage_warning(mountinfo: Path) -> None:
    assert storage_warnings(None, OLD_SQLITE, mountinfo) == []


def test_system_without_mountinfo_gets_no_warning(tmp_path: Path) -> None:
    assert filesystem_type(tmp_path, tmp_path / "missing") == ""
    assert "" not in NETWORK_TYPES
