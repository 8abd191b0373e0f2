"""Who is in the main sample book: names with their weights and tags, and its options.

The first names of a list are the book; those after it sit on the bench, ready where the book's own names
alone cannot make the return that the demonstration promises.
"""

from dataclasses import dataclass
from typing import Final

LONGS: Final = 20
SHORTS: Final = 15
OPTIONS: Final = 15


@dataclass(frozen=True, slots=True)
class Name:
    """A stock of the roster. fixed: never benched, since options are held on it or it is a hedge."""

    symbol: str
    tags: tuple[str, ...]
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class OptionIdea:
    """An option to hold: strike at `moneyness` × the underlying's close at entry, `age` sessions ago.

    right: C or P; side: +1 bought, −1 sold; month: how many monthly expiries after the latest session.
    """

    underlying: str
    right: str
    side: int
    moneyness: float
    month: int
    age: int
    tags: tuple[str, ...]


def _names(text: str, *tags: str, fixed: bool = False) -> tuple[Name, ...]:
    return tuple(Name(symbol, tags, fixed) for symbol in text.split())


LONG_NAMES: Final = (
    *_names("AAPL MSFT", "core", "tech", fixed=True),
    *_names("NVDA", "momentum", "tech", fixed=True),
    *_names("AMZN META", "growth", "consumer", fixed=True),
    *_names("JPM", "value", "financials", fixed=True),
    *_names("V", "core", "financials", fixed=True),
    *_names("LLY", "growth", "healthcare", fixed=True),
    *_names("XOM", "value", "energy", fixed=True),
    *_names("HD", "core", "consumer", fixed=True),
    *_names("GOOGL AVGO", "growth", "tech"),
    *_names("UNH MRK", "quality", "healthcare"),
    *_names("COST PG", "quality", "staples"),
    *_names("CAT HON", "value", "industrials"),
    *_names("LIN", "quality", "materials"),
    *_names("NEE", "income", "utilities"),
    *_names("ADBE CRM", "growth", "tech"),
    *_names("GS MA", "core", "financials"),
    *_names("ABBV TMO", "quality", "healthcare"),
    *_names("KO WMT", "quality", "staples"),
    *_names("COP", "value", "energy"),
    *_names("DE", "value", "industrials"),
    *_names("MCD", "core", "consumer"),
    *_names("PLD", "income", "property"),
    *_names("TMUS", "income", "media"),
    *_names("NEM", "value", "materials"),
)
"""Longs: the first LONGS are held, the others are the bench."""

SHORT_NAMES: Final = (
    *_names("TSLA", "short", "growth", fixed=True),
    *_names("IWM", "short", "hedge", fixed=True),
    *_names("INTC PYPL", "short", "tech"),
    *_names("DIS CMCSA", "short", "media"),
    *_names("BA MMM", "short", "industrials"),
    *_names("F TGT", "short", "consumer"),
    *_names("PFE CVS", "short", "healthcare"),
    *_names("T", "short", "income"),
    *_names("SNAP", "short", "growth"),
    *_names("SPG", "short", "property"),
    *_names("GM SBUX NKE", "short", "consumer"),
    *_names("UPS DAL", "short", "industrials"),
    *_names("BMY AMGN", "short", "healthcare"),
    *_names("WFC C", "short", "financials"),
    *_names("VZ", "short", "income"),
    *_names("DOW FCX", "short", "materials"),
    *_names("SLB", "short", "energy"),
    *_names("QCOM", "short", "tech"),
)
"""Shorts: the first SHORTS are held, the others are the bench."""

OPTION_IDEAS: Final = (
    OptionIdea("SPY", "P", +1, 0.95, 3, 42, ("hedge", "options")),
    OptionIdea("SPY", "P", +1, 0.92, 2, 17, ("hedge", "options")),
    OptionIdea("QQQ", "P", +1, 0.95, 3, 28, ("hedge", "options")),
    OptionIdea("TSLA", "P", +1, 0.95, 2, 21, ("short", "options")),
    OptionIdea("NVDA", "C", +1, 1.05, 3, 35, ("momentum", "options")),
    OptionIdea("AMZN", "C", +1, 1.03, 2, 24, ("growth", "options")),
    OptionIdea("META", "C", +1, 1.05, 4, 30, ("growth", "options")),
    OptionIdea("LLY", "C", +1, 1.00, 2, 12, ("growth", "options")),
    OptionIdea("XLE", "C", +1, 1.02, 3, 19, ("value", "options")),
    OptionIdea("AAPL", "C", -1, 1.05, 2, 26, ("income", "options")),
    OptionIdea("MSFT", "C", -1, 1.05, 1, 15, ("income", "options")),
    OptionIdea("JPM", "C", -1, 1.06, 2, 33, ("income", "options")),
    OptionIdea("XOM", "C", -1, 1.06, 1, 9, ("income", "options")),
    OptionIdea("V", "P", -1, 0.94, 2, 22, ("income", "options")),
    OptionIdea("HD", "P", -1, 0.93, 1, 14, ("income", "options")),
)
"""Five calls and four puts bought, four calls sold against longs, two puts sold."""
