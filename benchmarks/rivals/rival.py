"""What can be measured: a way to compute one thing, checked against ours in the same process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Answer = dict[str, npt.NDArray[Any]]
"""Named arrays: of a rival fewer than of ours, perhaps of fewer symbols."""


class WrongAnswerError(RuntimeError):
    """A rival computes something else than we do: its time says nothing."""


@dataclass(frozen=True)
class Prepared:
    """A rival with its inputs in the form it likes best, which is not timed.

    run: the timed call.   answer: brings what it returned into the shape of ours, not timed.
    columns: the symbols it does, if not all; its time is scaled up.   note: said in the table.
    """

    run: Callable[[], Any]
    answer: Callable[[Any], Answer]
    columns: npt.NDArray[np.int64] | None = None
    note: str = ""


def compare(ours: Answer, other: Answer, rtol: float, atol: float) -> str:
    """Say how far two answers are apart, missing numbers in the same places; WrongAnswerError beyond tolerance."""
    said = []
    for name, values in other.items():
        mine = ours[name]
        if values.shape != mine.shape:
            raise WrongAnswerError(f"{name}: shape {values.shape} instead of {mine.shape}")
        missing = np.isnan(mine)
        if (np.isnan(values) != missing).any():
            raise WrongAnswerError(f"{name}: {(np.isnan(values) != missing).sum():,} missing in one only")
        apart = np.abs(values - mine)[~missing]
        allowed = atol + rtol * np.abs(mine[~missing])
        if (apart > allowed).any():
            raise WrongAnswerError(f"{name}: up to {apart.max():.3g} apart")
        said.append(f"{name} {apart.max(initial=0.0):.1g}")
    return ", ".join(said)
