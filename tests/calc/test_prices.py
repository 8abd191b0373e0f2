import numpy as np

from pipelines.calc.prices import carry, simple_returns
from tests.calc.book import days

NAN = np.nan


def test_carry_keeps_the_latest_close_and_its_date() -> None:
    raw = np.array([[NAN, NAN], [10.0, NAN], [NAN, NAN], [12.0, 7.0]])
    dates = np.array(
        [["NaT", "NaT"], ["2024-01-03", "NaT"], ["NaT", "NaT"], ["2024-01-05", "2024-01-05"]],
        dtype="datetime64[D]",
    )
    close, close_date = carry(raw, dates, np.array([9.0, NAN]), days(["2023-12-29", "NaT"]))
    np.testing.assert_array_equal(close, [[9.0, NAN], [10.0, NAN], [10.0, NAN], [12.0, 7.0]])
    np.testing.assert_array_equal(
        close_date,
        np.array(
            [
                ["2023-12-29", "NaT"],
                ["2024-01-03", "NaT"],
                ["2024-01-03", "NaT"],
                ["2024-01-05", "2024-01-05"],
            ],
            dtype="datetime64[D]",
        ),
    )


def test_carry_of_no_rows_is_no_rows() -> None:
    close, close_date = carry(
        np.empty((0, 2)), np.empty((0, 2), "datetime64[D]"), np.ones(2), days(["2024-01-02"] * 2)
    )
    assert close.shape == close_date.shape == (0, 2)


def test_return_is_close_over_the_close_before_less_one() -> None:
    # 100 → 101 → 99.99: +1 %, −1 %
    returns = simple_returns(np.array([[101.0], [99.99]]), np.array([100.0]))
    np.testing.assert_allclose(returns, [[0.01], [-0.01]], rtol=1e-12)


def test_return_needs_both_consecutive_closes() -> None:
    closes = np.array([[101.0], [NAN], [103.0], [206.0]])
    np.testing.assert_array_equal(simple_returns(closes, np.array([NAN])), [[NAN], [NAN], [NAN], [1.0]])


def test_no_return_from_a_close_that_is_not_positive_nor_an_infinite_one() -> None:
    closes = np.array([[5.0, 5.0, 1e308, 0.0]])
    before = np.array([0.0, -1.0, 1e-300, 5.0])
    np.testing.assert_array_equal(simple_returns(closes, before), [[NAN, NAN, NAN, -1.0]])
