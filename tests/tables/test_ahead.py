"""Parts made ahead: the same ones, in order, one at a time."""

from collections.abc import Iterator
from threading import current_thread, main_thread

import pytest

from pipelines.tables.ahead import ahead


def test_the_parts_come_in_order_from_another_thread() -> None:
    def parts() -> Iterator[tuple[int, bool]]:
        for number in range(5):
            yield number, current_thread() is main_thread()

    assert list(ahead(parts())) == [(number, False) for number in range(5)]


def test_one_part_at_most_is_made_ahead() -> None:
    made: list[int] = []

    def parts() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    for number in ahead(parts()):
        assert len(made) <= number + 2


def test_what_making_a_part_raises_is_raised_in_its_place() -> None:
    def parts() -> Iterator[int]:
        yield 1
        raise ValueError("no second part")

    coming = ahead(parts())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="no second part"):
        next(coming)


def test_no_part_is_begun_after_the_caller_has_stopped() -> None:
    made: list[int] = []

    def parts() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    def consume() -> None:
        for _ in ahead(parts()):
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        consume()
    assert made in ([0], [0, 1])
