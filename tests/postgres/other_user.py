"""Calling a function as another user, where the tests run as root."""

import os
import pickle
import pwd
import traceback
from collections.abc import Callable
from typing import Any

# The child may be unable to reach the interpreter's files: all it needs is imported before.
from pipelines.postgres import backup, embedded, external, location, server  # noqa: F401

PLAIN_UID = pwd.getpwnam("nobody").pw_uid
"""A plain user for tests that run as root: initdb wants one with an account."""

AsUser = Callable[..., Any]


def run_as(uid: int, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function as another user (root only), in a forked child; returns what it returned."""
    if uid == os.geteuid():
        return function(*arguments)
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        try:
            answer = (True, function(*arguments))
        except BaseException as error:  # noqa: BLE001 - all of it is reported
            answer = (False, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
        with os.fdopen(sending, "wb") as out:
            pickle.dump(answer, out)
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, "rb") as source:
        succeeded, value = pickle.load(source)  # noqa: S301 - our own child's
    os.waitpid(child, 0)
    if not succeeded:
        raise AssertionError(value)
    return value
