"""Where lots stand on the calendar [DESIGN §3, dates]."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.calc.lots import NEVER, POSITION_TYPES, is_option, timeline, type_codes
from pipelines.sessions import sessions
from tests.calc.book import Lot, days, make_lots


def placed(
    entry: str, exit_: str = "NaT", expiry: str = "NaT", inception: str = "2024-01-05"
) -> dict[str, str]:
    """The sessions of one lot, by name; '-' = never."""
    found = timeline(sessions(), days([entry]), days([exit_]), days([expiry]), days([inception]))
    indexes = {name: int(array[0]) for name, array in vars(found).items() if name != "inherited"}
    return {name: "-" if ix == NEVER else str(sessions()[ix]) for name, ix in indexes.items()}


@pytest.mark.parametrize(
    ("entry", "session"),
    [
        ("2024-01-09", "2024-01-09"),
        ("2024-01-13", "2024-01-16"),  # Saturday; Monday 15 is Martin Luther King's day
        ("2024-01-15", "2024-01-16"),
    ],
)
def test_entry_is_on_the_first_session_on_or_after_its_date(entry: str, session: str) -> None:
    assert placed(entry)["entry_ix"] == placed(entry)["first_ix"] == session


@pytest.mark.parametrize(
    ("exit_", "session"), [("2024-01-12", "2024-01-12"), ("2024-01-14", "2024-01-16"), ("NaT", "-")]
)
def test_exit_is_on_the_first_session_on_or_after_its_date(exit_: str, session: str) -> None:
    assert placed("2024-01-09", exit_)["exit_ix"] == placed("2024-01-09", exit_)["last_ix"] == session


@pytest.mark.parametrize(
    ("expiry", "session"),
    [
        ("2024-01-19", "2024-01-19"),
        ("2024-01-20", "2024-01-19"),  # Saturday
        ("2024-01-15", "2024-01-12"),  # holiday
    ],
)
def test_expiry_is_on_the_last_session_on_or_before_its_date(expiry: str, session: str) -> None:
    assert placed("2024-01-09", expiry=expiry)["expiry_ix"] == session
    assert placed("2024-01-09", expiry=expiry)["last_ix"] == session


@pytest.mark.parametrize("exit_", ["2024-01-20", "2024-01-19", "2024-02-01"])
def test_exit_is_never_after_the_expiry_session(exit_: str) -> None:
    # exit on the Saturday of expiry would fall on the Monday after
    assert placed("2024-01-09", exit_, expiry="2024-01-20")["exit_ix"] == "2024-01-19"


def test_exit_before_expiry_ends_the_lot() -> None:
    assert placed("2024-01-09", "2024-01-11", "2024-01-19")["last_ix"] == "2024-01-11"


@pytest.mark.parametrize(
    ("entry", "inherited", "first"),
    [
        ("2023-06-01", True, "2024-01-08"),
        ("2024-01-05", True, "2024-01-08"),  # on inception
        ("2024-01-06", False, "2024-01-08"),  # the Saturday after: bought on Monday
        ("2024-01-08", False, "2024-01-08"),
    ],
)
def test_a_lot_is_inherited_iff_entered_on_or_before_inception(
    entry: str, inherited: bool, first: str
) -> None:
    found = timeline(sessions(), days([entry]), days(["NaT"]), days(["NaT"]), days(["2024-01-05"]))
    assert bool(found.inherited[0]) is inherited
    assert placed(entry)["first_ix"] == first


def test_a_lot_that_ended_before_inception_never_has_a_row() -> None:
    found = timeline(
        sessions(), days(["2023-06-01"]), days(["2024-01-05"]), days(["NaT"]), days(["2024-01-05"])
    )
    assert found.last_ix[0] < found.first_ix[0]


def test_type_codes_are_places_in_position_types() -> None:
    codes = type_codes(np.array(POSITION_TYPES))
    assert codes.tolist() == [0, 1, 2, 3, 4, 5]
    assert is_option(codes).tolist() == [False, False, True, True, True, True]
    with pytest.raises(KeyError):
        type_codes(np.array(["SWAP"]))


def test_lots_are_refused_unless_sorted_and_of_one_length() -> None:
    lots = make_lots([Lot(), Lot(), Lot(portfolio=2)], ["A"])
    assert len(lots.take(np.array([True, False, True]))) == 2
    with pytest.raises(ValueError, match="not sorted"):
        lots.take(np.array([1, 0, 2]))
    with pytest.raises(ValueError, match="not sorted"):
        replace(lots, portfolio_id=np.array([2, 2, 1]))
    with pytest.raises(ValueError, match="different lengths"):
        replace(lots, quantity=np.ones(2))
