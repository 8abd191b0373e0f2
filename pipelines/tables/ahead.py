"""Making the next part of something while the part before it is dealt with, such as stored."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(parts: Iterator[T]) -> Iterator[T]:
    """Yield the same parts in the same order, each made while the one before is dealt with: in one other thread.

    At most two parts exist at a time. What making a part raises is raised in its place; when the caller stops, no
    further part is begun.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming: Future[T | None] = pool.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield part
