"""Where the embedded server keeps its data and its socket, and as which user it runs.

PostgreSQL refuses to run as root. Root therefore runs it under a *service uid*: a number nobody else has, one
per home, without an entry in the password file. No folder above the data is opened for it: it is started
inside the data folder and knows it as `/proc/self/cwd`.
"""

import hashlib
import os
from pathlib import Path

# Left free by convention: between systemd's home-area and dynamic-service ranges.
_SERVICE_UIDS = range(60706, 61184)
_SOCKET_NAME = ".s.PGSQL.5432"
_MAX_SOCKET_PATH = 103  # sun_path holds 108 bytes on Linux, 104 on macOS, one of them the end mark
_RUN_DIR = Path("/run")
_TEMP_DIR = Path("/tmp")  # noqa: S108 - only ever a 0700 folder below it, its owner checked

PORT = 5432
"""The embedded server listens on no network port: the number is part of the socket's name."""


def data_dir(home: Path) -> Path:
    """Return the data folder of the embedded server."""
    return home / "postgres"


def server_uid(home: Path) -> int:
    """Uid the server runs as: the owner of existing data, else this user, or a service uid for root."""
    try:
        return data_dir(home).stat().st_uid
    except (FileNotFoundError, PermissionError):
        pass
    if os.geteuid() != 0:
        return os.geteuid()
    return _SERVICE_UIDS[int(_digest(home), 16) % len(_SERVICE_UIDS)]


def is_service_uid(uid: int) -> bool:
    """Whether a uid is one that root's servers run under."""
    return uid in _SERVICE_UIDS


def socket_dir(home: Path) -> Path:
    """Folder of the server's socket: in the home, or a short private one where that cannot be.

    A socket's path is limited to about a hundred bytes, and a service uid must reach it past a closed home.
    """
    inside = home / "run"
    name = f"sigmasight-{_digest(home)}"
    if is_service_uid(server_uid(home)):
        return (_RUN_DIR if os.access(_RUN_DIR, os.W_OK) else _TEMP_DIR) / name
    if len(os.fsencode(socket_file(inside))) <= _MAX_SOCKET_PATH:
        return inside
    return _TEMP_DIR / name


def socket_file(folder: Path) -> Path:
    """Return the socket in a socket folder."""
    return folder / _SOCKET_NAME


def _digest(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
