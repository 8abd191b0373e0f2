"""The three steps of the solver, on books small enough to do by hand."""

import numpy as np
import pytest

from pipelines.samples.solve import Candidate, Slot, swap, tilt, whole_shares


def candidate(order: int, rate: float, side: int = 1, price: float = 10.0, fixed: bool = False) -> Candidate:
    return Candidate(order, side, price, rate, fixed)


def test_swap_makes_the_best_exchange_on_the_same_side_only() -> None:
    # 1,000 USD at +1 per 10 USD contribute 100; the bench offers 400 (long) or, as a short, nothing.
    slots = [Slot(1000.0, candidate(0, 1.0)), Slot(-500.0, candidate(0, 1.0, side=-1))]
    bench = [candidate(1, 4.0), candidate(2, 2.0), candidate(1, 40.0, side=-1)]
    swapped = swap(slots, bench, needed=360.0, enough=20.0)
    # Before: 100 − 50 = 50. With the first of the bench 400 − 50 = 350, within 20 of 360.
    assert [slot.name for slot in swapped] == [bench[0], slots[1].name]
    assert [slot.dollars for slot in swapped] == [1000.0, -500.0]


def test_swap_leaves_what_is_near_enough_fixed_or_best_already() -> None:
    held = [Slot(1000.0, candidate(0, 1.0, fixed=True))]
    assert swap(held, [candidate(1, 4.0)], needed=400.0, enough=1.0) == held
    free = [Slot(1000.0, candidate(0, 1.0))]
    assert swap(free, [candidate(1, 4.0)], needed=100.5, enough=1.0) == free
    assert swap(free, [candidate(1, -4.0)], needed=300.0, enough=1.0) == free
    assert swap(free, [], needed=300.0, enough=1.0) == free


@pytest.mark.parametrize("needed", [40.0, 60.0, 80.0, 25.0, 95.0])
def test_tilt_moves_weight_between_names_of_a_side(needed: float) -> None:
    # 100 USD each at yields 0.1 and 0.5: evenly 60; a tilt of t gives 60 + 40·t.
    slots = [Slot(100.0, candidate(0, 1.0)), Slot(100.0, candidate(1, 5.0))]
    dollars = tilt(slots, needed)
    share = (needed - 60.0) / 40.0
    np.testing.assert_allclose(dollars, [100 * (1 - share), 100 * (1 + share)], rtol=1e-9)


def test_tilt_of_shorts_prefers_what_falls() -> None:
    slots = [Slot(-100.0, candidate(0, 1.0, side=-1)), Slot(-100.0, candidate(1, 5.0, side=-1))]
    dollars = tilt(slots, -50.0)  # evenly −60; less of the riser: −60 + 40·t, t = 1/4
    np.testing.assert_allclose(dollars, [-125.0, -75.0], rtol=1e-9)


def test_tilt_has_a_limit() -> None:
    slots = [Slot(100.0, candidate(0, 1.0)), Slot(100.0, candidate(1, 5.0))]
    np.testing.assert_allclose(tilt(slots, 500.0), [10.0, 190.0], rtol=1e-9)


def test_whole_shares_close_the_gap_to_within_a_share() -> None:
    slots = [
        Slot(100_000.0, candidate(0, 7.0, price=50.0)),
        Slot(-40_000.0, candidate(0, -3.0, side=-1, price=31.0)),
        Slot(50_000.0, candidate(1, 0.25, price=22.0)),
        Slot(1.0, candidate(2, 0.0, price=22.0)),
    ]
    dollars = np.array([slot.dollars for slot in slots])
    needed = float(sum(slot.dollars * slot.name.yield_ for slot in slots))
    quantities = whole_shares(slots, dollars, needed)
    got = sum(quantity * slot.name.rate for quantity, slot in zip(quantities, slots, strict=True))
    assert abs(got - needed) <= 0.25 / 2
    assert quantities[3] == 10
    assert [np.sign(quantity) for quantity in quantities] == [1, -1, 1, 1]
