"""Starting and stopping the embedded server."""

import fcntl
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pipelines.errors import DatabaseError
from pipelines.postgres import cluster, credentials
from pipelines.postgres.location import PORT, data_dir, server_uid, socket_dir, socket_file

_START_TIMEOUT = 300.0  # seconds; recovery after a crash replays the log first
_STOP_TIMEOUT = 120.0
_ORPHANS_TIMEOUT = 30.0
_SMALL_SHARED_MEMORY = 256 * 2**20  # bytes

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "off",  # with checksums each page's first reader logs it: compressing took it 15 times as long
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}

_children: list["subprocess.Popen[str]"] = []
"""Servers this process started: kept, so that one that ends is reaped."""


@dataclass(frozen=True)
class _PidFile:
    pid: int
    is_ready: bool


def log_file(home: Path) -> Path:
    """Return the server's log."""
    return home / "postgres.log"


def is_running(home: Path) -> bool:
    """Whether the server accepts connections; reads one file and opens one socket."""
    found = _read_pid_file(home)
    return found is not None and found.is_ready and _answers(socket_dir(home))


def start(home: Path) -> bool:
    """Start the server unless it runs; returns whether it was started here."""
    if is_running(home):
        return False
    with lock(home):
        if is_running(home):
            return False
        if not data_dir(home).exists():
            cluster.create(home)
        elif credentials.server_key(None) not in credentials.read(home):
            cluster.renew_passwords(home)
        _launch(home)
    return True


def stop(home: Path) -> bool:
    """Stop the server, ending its sessions; returns whether there was one to stop."""
    if not data_dir(home).exists():
        return False
    with lock(home):
        found = _read_pid_file(home)
        if found is None or not _is_postmaster(found.pid, home):
            return False
        os.kill(found.pid, signal.SIGINT)
        deadline = time.monotonic() + _STOP_TIMEOUT
        while (left := _read_pid_file(home)) is not None and left.pid == found.pid:
            if time.monotonic() > deadline:
                raise DatabaseError(f"the PostgreSQL server {found.pid} does not stop; see {log_file(home)}")
            if not _is_postmaster(found.pid, home):
                break
            time.sleep(0.02)
        _reap()
        with suppress(OSError):
            socket_dir(home).rmdir()
    return True


@contextmanager
def lock(home: Path) -> Iterator[None]:
    """Let one process at a time start, stop or prepare the server of a home."""
    _make_home(home)
    with (home / "postgres.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"SIGMASIGHT_HOME {home} cannot be created: {error}") from None
    if not os.access(home, os.W_OK | os.X_OK):
        raise DatabaseError(f"SIGMASIGHT_HOME {home} cannot be written by this user")


def _launch(home: Path) -> None:
    tools = cluster.runner(home)
    _make_socket_dir(socket_dir(home), tools.uid, tools.gid)
    deadline = time.monotonic() + _ORPHANS_TIMEOUT
    while True:
        _drop_stale_locks(home)
        with _open_log(home) as log:
            begin = log.seek(0, os.SEEK_END)
            process = tools.popen(
                "postgres",
                ["-D", tools.data_argument, *_arguments(home)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if _becomes_ready(home, process):
            _children.append(process)
            return
        with log_file(home).open(encoding="utf-8", errors="replace") as log_text:
            log_text.seek(begin)
            said = log_text.read()
        # After a kill -9 the old server's children need a moment to notice and leave.
        if "pre-existing shared memory block" not in said or time.monotonic() > deadline:
            raise DatabaseError(f"PostgreSQL did not start: {_complaint(said)} (see {log_file(home)})")
        time.sleep(0.2)


def _becomes_ready(home: Path, process: "subprocess.Popen[str]") -> bool:
    deadline = time.monotonic() + _START_TIMEOUT
    while process.poll() is None:
        if is_running(home):
            return True
        if time.monotonic() > deadline:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise DatabaseError(
                f"PostgreSQL did not become ready in {_START_TIMEOUT:.0f} s; see {log_file(home)}"
            )
        time.sleep(0.01)
    return False


def _arguments(home: Path) -> list[str]:
    values = _SETTINGS | {
        "unix_socket_directories": str(socket_dir(home)),
        "dynamic_shared_memory_type": _shared_memory_type(),
    }
    return [argument for name, value in values.items() for argument in ("-c", f"{name}={value}")]


def _shared_memory_type() -> str:
    """POSIX shared memory; files where containers keep /dev/shm too small for parallel queries."""
    try:
        found = os.statvfs("/dev/shm")  # noqa: S108
    except OSError:
        return "posix" if not Path("/proc").exists() else "mmap"
    return "posix" if found.f_frsize * found.f_blocks >= _SMALL_SHARED_MEMORY else "mmap"


def _open_log(home: Path) -> TextIO:
    descriptor = os.open(log_file(home), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "a", encoding="utf-8")


def _make_socket_dir(folder: Path, uid: int, gid: int) -> None:
    """Make sure of a folder that only the server's user (and root) can enter."""
    try:
        folder.mkdir(mode=0o700)
        if uid != os.geteuid():
            os.chown(folder, uid, gid)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise DatabaseError(
            f"{folder} is not a folder of user {uid}: remove it, it must hold the server's socket"
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def _read_pid_file(home: Path) -> _PidFile | None:
    try:
        lines = (data_dir(home) / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return _PidFile(abs(int(lines[0])), len(lines) >= 8 and lines[7].strip() == "ready")
    except (FileNotFoundError, IndexError, ValueError):
        return None
    except PermissionError:
        raise DatabaseError(f"{data_dir(home)} belongs to another user") from None


def _drop_stale_locks(home: Path) -> None:
    """Remove the lock files of a killed server whose number another process has got, or a zombie still holds.

    PostgreSQL itself clears those whose number is free, but takes any process of its own user for a server.
    """
    socket_lock = socket_file(socket_dir(home)).with_name(f"{socket_file(socket_dir(home)).name}.lock")
    for file in (data_dir(home) / "postmaster.pid", socket_lock):
        pid = _first_number(file)
        if pid is not None and _is_alive(pid) and not _is_postmaster(pid, home):
            _wait_for_orphans(home)
            file.unlink(missing_ok=True)


def _first_number(file: Path) -> int | None:
    try:
        return abs(int(file.read_text(encoding="utf-8").split("\n", 1)[0]))
    except (FileNotFoundError, ValueError):
        return None


def _wait_for_orphans(home: Path) -> None:
    import psutil

    deadline = time.monotonic() + _ORPHANS_TIMEOUT
    while any(_is_postmaster(pid, home) for pid in psutil.pids()):
        if time.monotonic() > deadline:
            raise DatabaseError(f"processes of a killed PostgreSQL server still use {data_dir(home)}")
        time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_postmaster(pid: int, home: Path) -> bool:
    """Whether a process is a PostgreSQL of this home, not merely of the number its pid file recorded."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
            return False
        if process.uids().real != server_uid(home):
            return False
        return data_dir(home).samefile(process.cwd())
    except psutil.AccessDenied:
        return True  # a container's root may not look closer; name and uid agree
    except (psutil.NoSuchProcess, OSError):
        return False


def _answers(folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(socket_file(folder)))
        except OSError:
            return False
    return True


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]


def _complaint(log: str) -> str:
    fatal = [line for line in log.splitlines() if "FATAL" in line or "PANIC" in line]
    return (fatal or log.strip().splitlines() or ["no message"])[-1]
