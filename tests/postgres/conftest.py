"""Servers of their own for the tests of starting, stopping and preparing one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.postgres import server
from tests.postgres.other_user import PLAIN_UID, AsUser, run_as


@pytest.fixture(params=["this user", "plain user"])
def uid(request: pytest.FixtureRequest) -> int:
    """The user a server is started by; a second, plain one when the tests run as root."""
    if request.param == "this user":
        return os.geteuid()
    if os.geteuid() != 0:
        pytest.skip("this user is a plain one already")
    return PLAIN_UID


@pytest.fixture
def home(uid: int) -> Iterator[Path]:
    """A home that does not exist yet, in a folder of the user; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sigmasight-home-"))
    os.chown(folder, uid, uid if uid == PLAIN_UID else os.getegid())
    try:
        yield folder / "home"
        server.stop(folder / "home")
    finally:
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
