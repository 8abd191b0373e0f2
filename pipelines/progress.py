"""Progress of the assets on a terminal: one line each, on standard error."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOGGER = logging.getLogger("sigmasight.progress")
"""Where assets say what they have done."""


@contextmanager
def show_progress() -> Iterator[None]:
    """Print progress messages while the block runs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
