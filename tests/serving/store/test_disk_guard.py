"""A store in a doubtful place is told of at start, one in a good place is not."""

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


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
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
def test_the_innermost_mount_holds_a_file(path: str, kind: str, mounts: Path) -> None:
    assert filesystem_type(Path(path), mounts) == kind


@pytest.mark.parametrize(("path", "count"), [("/var/store.db", 0), ("/srv/share/store.db", 1)])
def test_a_network_file_system_is_warned_of(path: str, count: int, mounts: Path) -> None:
    assert len(storage_warnings(Path(path), FIXED_SQLITE, mounts)) == count


def test_an_old_library_is_warned_of_and_a_server_needs_none(mounts: Path) -> None:
    (told,) = storage_warnings(Path("/var/store.db"), (3, 40, 1), mounts)
    assert "SQLite 3.40.1 is older than 3.51.3" in told
    assert storage_warnings(None, (3, 40, 1), mounts) == []


def test_a_system_without_a_list_of_mounts_is_not_accused(tmp_path: Path) -> None:
    assert filesystem_type(tmp_path, tmp_path / "missing") == ""
    assert "" not in NETWORK_TYPES
