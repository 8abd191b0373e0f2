"""Where the demonstration takes place: homes of its own, which know nothing of the user's and leave nothing behind."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

_FOREIGN: Final = ("SIGMASIGHT_", "POLYGON_API_KEY", "DAGSTER_", "PG")
"""How the names of variables begin that would say where data is, or what is computed from."""


@contextlib.contextmanager
def at_home(home: Path, **variables: str) -> Iterator[None]:
    """Run the block with `SIGMASIGHT_HOME` at a home and no other settings than `variables`; then as it was before.

    The working directory is the home, too, so that nobody's `.env` is read.
    """
    before = dict(os.environ)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.chdir(home):
        try:
            for name in [name for name in before if name.startswith(_FOREIGN)]:
                del os.environ[name]
            os.environ.update({"SIGMASIGHT_HOME": str(home), **variables})
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextlib.contextmanager
def stage(*, keep: bool = False) -> Iterator[Path]:
    """A new folder for homes, removed at the end unless kept, also when the process is told to terminate."""
    folder = Path(tempfile.mkdtemp(prefix="sigmasight-"))
    with _ending_at_sigterm():
        try:
            yield folder
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _ending_at_sigterm() -> Iterator[None]:
    """Leave by way of every `finally` when told to terminate."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
