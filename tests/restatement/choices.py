"""What may be chosen of: days, lots, amounts, corrections, ranges and moments."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from tests.restatement.vendor import PUT, SESSIONS, STOCKS

PLACES = st.integers(0, len(SESSIONS) - 1)
"""Places of sessions; one that has not closed yet stands for the last that has."""
RANGES = st.one_of(st.just((0, len(SESSIONS))), st.tuples(PLACES, PLACES))
"""Two places, in any order; one half are all that has closed."""
WHO = st.one_of(st.none(), st.sets(st.integers(1, 3), min_size=1, max_size=2))
"""Portfolios that a run is limited to, if any."""
DAYS = st.integers(0, 170).map(lambda days: date(2023, 12, 1) + timedelta(days))
"""Days of entries; one to come stands for today."""
PORTFOLIOS = st.integers(1, 3)
"""Who; one that is not there yet stands for the first."""
WHICH = st.integers(0, 7)
PRICES = st.sampled_from([Decimal(text) for text in ("0.01", "12.5", "99.99", "151.25")])
QUANTITIES = st.sampled_from([Decimal(text) for text in ("1", "-1", "100", "-350", "12.5", "40000")])
SYMBOLS = st.sampled_from([*STOCKS, "SPY", "AAPL", PUT, "BBB240216C00090000", "ACME", "NOPE"])
CORRECTIONS = st.one_of(
    st.tuples(WHICH, st.just("quantity"), st.sampled_from([Decimal(-1), Decimal(2), Decimal("0.5")])),
    st.tuples(WHICH, st.just("entry_price"), st.sampled_from([Decimal("1.1"), Decimal("0.5")])),
    st.tuples(WHICH, st.just("multiplier"), st.sampled_from([1, 10, 100])),
    st.tuples(WHICH, st.just("entry_date"), DAYS),
    st.tuples(WHICH, st.just("exit_date"), st.one_of(st.none(), DAYS)),
    st.tuples(WHICH, st.sampled_from(["void", "double"]), st.none()),
)
AT = st.one_of(st.integers(1, 30), st.integers(25, 60), st.integers(30, 200))
"""Statement of a run: in its fetch, about where its inputs are fixed, or later."""
ASKED = st.sampled_from([True, True, False])
"""Whether the vendor is asked at once, and nothing computed."""
CELLS = st.sampled_from([0, 0, 3000, 12000])
"""Of a chunk: a session or so, some, or the usual."""
