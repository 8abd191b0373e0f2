"""The fixed universe of the short-interest factor [DESIGN: Factor betas].

Sixty large, liquid US stocks, each listed throughout the partitions, spread over all eleven sectors. Nobody's
holdings have a say: one book must not change another's history. A change of members is a new version, since
it changes the factor's returns on every session.
"""

from typing import Final

SHORT_INTEREST_UNIVERSE_VERSION: Final = "2015-1"

SHORT_INTEREST_UNIVERSE: Final = (
    "AAPL", "ABBV", "ADBE", "AMD", "AMGN", "AMT", "AMZN", "BA", "BAC", "BLK",
    "BMY", "C", "CAT", "COP", "COST", "CRM", "CSCO", "CVX", "DE", "DIS",
    "DUK", "F", "FCX", "GM", "GS", "HD", "HON", "IBM", "INTC", "JNJ",
    "JPM", "KO", "LLY", "MA", "MCD", "MRK", "MS", "MSFT", "NEE", "NEM",
    "NFLX", "NKE", "NVDA", "OXY", "PEP", "PFE", "PG", "PLD", "QCOM", "SO",
    "SPG", "T", "TGT", "TMO", "TSLA", "UNH", "UPS", "V", "WMT", "XOM",
)  # fmt: skip
"""Symbols, ascending."""
