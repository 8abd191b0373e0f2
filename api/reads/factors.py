"""The eight factors in their order: all of them appear in every answer, available or not [PRD 3.3]."""

from typing import Final

FACTORS: Final = (
    ("market", "Market Beta", "SPY"),
    ("momentum", "Momentum", "MTUM"),
    ("value", "Value", "VTV"),
    ("growth", "Growth", "VUG"),
    ("quality", "Quality", "QUAL"),
    ("size", "Size", "IWM"),
    ("low_volatility", "Low Volatility", "SPLV"),
    ("short_interest", "Short Interest", None),
)
"""Code, name, proxy (None: a custom calculation)."""

CODES: Final = [code for code, _, _ in FACTORS]
NAMES: Final = [name for _, name, _ in FACTORS]
PROXIES: Final = [proxy for _, _, proxy in FACTORS]
PAIRS: Final = [(a, b) for a in sorted(CODES) for b in sorted(CODES) if a <= b]
