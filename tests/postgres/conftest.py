"""Servers of their own for the tests of starting, stopping and preparing one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.postgres import embedded, server
from tests.postgres.other_user import PLAIN_UID, AsUser, run_as


@pytest.fixture(params=["this user", pytest.param("plain user", marks=pytest.mark.long)])
def uid(request: pytest.FixtureRequest) -> int:
    """The user a server is started by; a second, plain one when the tests run as root.

    The second one is the same again, many seconds of it: a long test.
    """
    if request.param == "this user":
        return os.geteuid()
    if os.geteuid() != 0:
        pytest.skip("this user is a plain one already")
    return PLAIN_UID


@pytest.fixture
def new_home(uid: int) -> Iterator[Path]:
    """A home that does not exist yet, in a folder of the user; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sigmasight-home-"))
    os.chown(folder, uid, uid if uid == PLAIN_UID else os.getegid())
    try:
        yield folder / "home"
        server.stop(folder / "home")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def home(new_home: Path, uid: int, ready_homes: dict[int, Path]) -> Path:
    """A home with a server that was started and stopped once: a copy, which takes less time than `initdb`."""
    if uid not in ready_homes:
        first = Path(tempfile.mkdtemp(prefix="sigmasight-home-"))
        os.chown(first, uid, uid if uid == PLAIN_UID else os.getegid())
        ready_homes[uid] = first
        run_as(uid, embedded.start, first / "home")
        run_as(uid, server.stop, first / "home")
    shutil.copytree(ready_homes[uid] / "home", new_home, symlinks=True)
    for path in (ready_homes[uid] / "home").rglob("*"):
        copy = new_home / path.relative_to(ready_homes[uid] / "home")
        os.chown(copy, path.stat().st_uid, path.stat().st_gid)
    os.chown(new_home, uid, -1)
    return new_home


@pytest.fixture(scope="session")
def ready_homes() -> Iterator[dict[int, Path]]:
    """Homes to copy, by user."""
    homes: dict[int, Path] = {}
    yield homes
    for folder in homes.values():
        shutil.rmtree(folder)


@pytest.fixture
def as_user(uid: int) -> AsUser:
    """Call a function as the user."""
    return lambda function, *arguments: run_as(uid, function, *arguments)


@pytest.fixture(scope="module")
def own_server() -> Iterator[Path]:
    """The home of a running server without our roles and databases: a stand-in for an external one."""
    folder = Path(tempfile.mkdtemp(prefix="sigmasight-home-"))
    try:
        server.start(folder)
        yield folder
        server.stop(folder)
    finally:
        shutil.rmtree(folder)
