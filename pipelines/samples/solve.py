"""Which names, and how many shares of each, make a book's P&L what it is meant to be.

Everything is linear: a share held long contributes `rate` USD to the target, and the gap is what the
contributions of the book's quantities leave open. Three steps, each finer: swap names with the bench, tilt
the weights of each side towards its better (or worse) names, add and drop single shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pipelines.calc.types import FloatArray

LARGEST_TILTS: Final = (0.5, 0.7, 0.9)
"""How much of a name's weight may be taken or added: each only where the one before is not enough."""

STRONGEST: Final = 20.0
TILT_STEPS: Final = 60
SHARES: Final = 10
"""Stocks are held in tens, but for the few names that close the last gap."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that may be held on one side of the book.

    order: its place in the roster of its side; side: +1 long, −1 short; price: USD, at which it is sized;
    rate: USD contributed per share held long; fixed: never swapped.
    """

    order: int
    side: int
    price: float
    rate: float
    fixed: bool

    @property
    def yield_(self) -> float:
        """Contribution per USD held long."""
        return self.rate / self.price


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the book: signed USD to hold, and the name that has it."""

    dollars: float
    name: Candidate


def swap(slots: Sequence[Slot], bench: Sequence[Candidate], needed: float, enough: float) -> list[Slot]:
    """Exchange names for others of the bench until the contributions are within `enough` of `needed`.

    Each step makes the one exchange that brings them closest; it stops where none brings them closer.
    Names stay on their side; who is benched may come back.
    """
    held, waiting = list(slots), list(bench)
    gap = needed - sum(slot.dollars * slot.name.yield_ for slot in held)
    while abs(gap) > enough:
        options = [
            (abs(gap - slot.dollars * (other.yield_ - slot.name.yield_)), i, j)
            for i, slot in enumerate(held)
            if not slot.name.fixed
            for j, other in enumerate(waiting)
            if other.side == slot.name.side
        ]
        best, i, j = min(options, default=(abs(gap), 0, 0))
        if best >= abs(gap):
            break
        slot = held[i]
        gap -= slot.dollars * (waiting[j].yield_ - slot.name.yield_)
        held[i], waiting[j] = replace(slot, name=waiting[j]), slot.name
    return held


def tilt(slots: Sequence[Slot], needed: float) -> FloatArray:
    """Signed USD per slot: weights moved between names of a side until the contributions are `needed`.

    weight × (1 + clip(λ × score)), where the score of a name is its yield against the mean of its side and λ
    is found by bisection; as near as the largest tilt allows.
    """
    dollars = np.array([slot.dollars for slot in slots])
    yields = np.array([slot.name.yield_ for slot in slots])
    scores = np.zeros(len(slots))
    for side in (dollars > 0, dollars < 0):
        if side.any():
            scores[side] = np.sign(dollars[side]) * (yields[side] - np.mean(yields[side]))
    scores /= max(float(np.max(np.abs(scores))), 1e-12)

    def tilted(strength: float, largest: float) -> FloatArray:
        weights: FloatArray = dollars * (1.0 + np.clip(strength * scores, -largest, largest))
        return weights

    def open_gap(strength: float, largest: float) -> float:
        return needed - float(np.sum(tilted(strength, largest) * yields))

    largest = next(
        (most for most in LARGEST_TILTS if open_gap(STRONGEST, most) <= 0 <= open_gap(-STRONGEST, most)),
        LARGEST_TILTS[-1],
    )
    low, high = -STRONGEST, STRONGEST
    for _ in range(TILT_STEPS):
        middle = (low + high) / 2
        if open_gap(middle, largest) > 0:
            low = middle
        else:
            high = middle
    return tilted((low + high) / 2, largest)


def whole_shares(slots: Sequence[Slot], dollars: FloatArray, needed: float) -> list[int]:
    """Return signed whole shares per slot whose contributions are `needed`, to within one share."""
    quantities = []
    for slot, amount in zip(slots, dollars.tolist(), strict=True):
        tens = max(round(abs(amount) / slot.name.price / SHARES), 1) * SHARES
        quantities.append(tens if amount > 0 else -tens)
    gap = needed - sum(q * slot.name.rate for q, slot in zip(quantities, slots, strict=True))
    for i in sorted(range(len(slots)), key=lambda i: (-abs(slots[i].name.rate), i)):
        rate = slots[i].name.rate
        extra = max(-SHARES + 1, min(SHARES - 1, round(gap / rate))) if rate else 0
        quantities[i] += extra
        gap -= extra * rate
    return quantities
