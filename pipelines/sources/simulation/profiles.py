"""What kind of security a symbol is: its sector, loadings, volatility and price level.

Known tickers come from `stocks.csv` (real sector; beta, own volatility and price of early 2024, roughly) and
from the table of ETFs below; any other well-formed stock symbol gets a profile drawn from its own name.
Symbols that begin with NOPRICE are reserved for tests: they are well-formed and never have a price.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import numpy as np

from pipelines.calc.types import FloatArray
from pipelines.instruments import AssetClass, InstrumentError, parse_instrument
from pipelines.sources.simulation.factors import SECTORS, STYLE_VOLATILITY, factor_volatility
from pipelines.sources.simulation.streams import generator

NO_PRICE_PREFIX: Final = "NOPRICE"
ETF_SECTOR: Final = "ETF"

SECTOR_STYLES: Final[Mapping[str, Mapping[str, float]]] = {
    "Communication Services": {"growth": 0.2},
    "Consumer Discretionary": {"growth": 0.3, "size": 0.1},
    "Consumer Staples": {"low_volatility": 0.6, "quality": 0.3},
    "Energy": {"value": 0.6, "momentum": 0.2},
    "Financials": {"value": 0.6},
    "Health Care": {"low_volatility": 0.3, "quality": 0.3},
    "Industrials": {"value": 0.2, "size": 0.2},
    "Information Technology": {"growth": 0.6, "momentum": 0.4, "quality": 0.3},
    "Materials": {"value": 0.3, "size": 0.2},
    "Real Estate": {"value": 0.2, "low_volatility": 0.2},
    "Utilities": {"low_volatility": 0.8, "value": 0.2},
}
"""Mean style loadings of a sector's stocks; each stock's own lie around them."""

ETFS: Final[Mapping[str, tuple[str, float, Mapping[str, float]]]] = {
    "SPY": ("SPDR S&P 500", 475.0, {"market": 1.0}),
    "QQQ": ("Invesco QQQ", 405.0, {"market": 1.1, "growth": 0.5, "sector:Information Technology": 0.5}),
    "MTUM": ("iShares MSCI USA Momentum", 157.0, {"market": 1.02, "momentum": 0.9}),
    "VTV": ("Vanguard Value", 149.0, {"market": 0.88, "value": 0.7, "low_volatility": 0.1}),
    "VUG": ("Vanguard Growth", 311.0, {"market": 1.10, "growth": 0.8}),
    "QUAL": ("iShares MSCI USA Quality", 147.0, {"market": 0.98, "quality": 0.9}),
    "IWM": ("iShares Russell 2000", 200.0, {"market": 1.18, "size": 1.0}),
    "SPLV": ("Invesco S&P 500 Low Volatility", 63.0, {"market": 0.65, "low_volatility": 0.9}),
    "DIA": ("SPDR Dow Jones", 377.0, {"market": 0.92, "value": 0.3}),
    "XLC": ("Communication Services SPDR", 73.0, {"market": 1.0, "sector:Communication Services": 1.0}),
    "XLY": ("Consumer Discretionary SPDR", 179.0, {"market": 1.1, "sector:Consumer Discretionary": 1.0}),
    "XLP": ("Consumer Staples SPDR", 72.0, {"market": 0.6, "sector:Consumer Staples": 1.0}),
    "XLE": ("Energy SPDR", 84.0, {"market": 0.95, "value": 0.4, "sector:Energy": 1.0}),
    "XLF": ("Financials SPDR", 38.0, {"market": 1.1, "value": 0.4, "sector:Financials": 1.0}),
    "XLV": ("Health Care SPDR", 136.0, {"market": 0.7, "sector:Health Care": 1.0}),
    "XLI": ("Industrials SPDR", 114.0, {"market": 1.05, "sector:Industrials": 1.0}),
    "XLK": ("Technology SPDR", 192.0, {"market": 1.15, "growth": 0.4, "sector:Information Technology": 1.0}),
    "XLB": ("Materials SPDR", 85.0, {"market": 1.05, "sector:Materials": 1.0}),
    "XLRE": ("Real Estate SPDR", 40.0, {"market": 0.95, "sector:Real Estate": 1.0}),
    "XLU": ("Utilities SPDR", 63.0, {"market": 0.5, "sector:Utilities": 1.0}),
}
"""Name, price level and loadings."""

ETF_VOLATILITY: Final = 0.012


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything the simulation knows of a stock or ETF; volatilities are annual fractions.

    loadings: beta by factor of `factors.factor_returns`. own_volatility: of what no factor explains.
    price_level: USD close on `stocks.ANCHOR`. days_to_cover: mean of its short interest.
    """

    symbol: str
    name: str
    sector: str
    industry: str
    price_level: float
    own_volatility: float
    loadings: Mapping[str, float]
    days_to_cover: float

    @property
    def volatility(self) -> float:
        """Annual volatility of the whole return: factors and own part are independent."""
        parts = [(beta * factor_volatility(factor)) ** 2 for factor, beta in self.loadings.items()]
        return float((sum(parts) + self.own_volatility**2) ** 0.5)


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    sector: str
    industry: str
    beta: float
    volatility: float
    price: float


@cache
def _known_stocks() -> dict[str, _Known]:
    text = files("pipelines.sources.simulation").joinpath("stocks.csv").read_text(encoding="utf-8")
    return {
        row["symbol"]: _Known(
            row["name"],
            row["sector"],
            row["industry"],
            float(row["beta"]),
            float(row["volatility"]),
            float(row["price"]),
        )
        for row in csv.DictReader(text.splitlines())
    }


def has_price(symbol: str) -> bool:
    """Say whether a stock symbol is simulated: well-formed, and not reserved as without price."""
    try:
        instrument = parse_instrument(symbol)
    except InstrumentError:
        return False
    is_stock = instrument.asset_class is AssetClass.PUBLIC and instrument.symbol == symbol
    return is_stock and not symbol.startswith(NO_PRICE_PREFIX)


@lru_cache(maxsize=1024)
def profile(symbol: str) -> Profile:
    """Profile of a symbol for which `has_price` holds; a function of the symbol alone."""
    draws = generator("profile", symbol).random(16)
    if symbol in ETFS:
        name, price, loadings = ETFS[symbol]
        return Profile(symbol, name, ETF_SECTOR, "Equity fund", price, ETF_VOLATILITY, loadings, 1.5)
    known = _known_stocks().get(symbol) or _unknown_stock(symbol, draws)
    interest = draws[1]
    loadings = {
        "market": known.beta,
        f"sector:{known.sector}": 0.8 + 0.4 * draws[2],
        "short_interest": 1.2 * (interest - 0.5),
    }
    large = symbol in _known_stocks()
    for style, noise in zip(SECTOR_STYLES_ORDER, draws[3:], strict=False):
        mean = SECTOR_STYLES[known.sector].get(style, 0.0)
        if style == "size" and not large:
            mean += 0.5
        loadings[style] = mean + 0.5 * (noise - 0.5)
    return Profile(
        symbol,
        known.name,
        known.sector,
        known.industry,
        known.price,
        known.volatility,
        loadings,
        float(0.8 * np.exp(2.2 * interest)),
    )


SECTOR_STYLES_ORDER: Final = tuple(style for style in STYLE_VOLATILITY if style != "short_interest")


def _unknown_stock(symbol: str, draws: FloatArray) -> _Known:
    """Stand-in for a ticker that is in no table: mid-sized, sector and level by its name."""
    return _Known(
        name=f"{symbol} (simulated)",
        sector=SECTORS[int(draws[10] * len(SECTORS))],
        industry="Simulated",
        beta=float(0.6 + draws[11]),
        volatility=float(0.20 + 0.25 * draws[12]),
        price=float(12.0 * np.exp(3.0 * draws[13])),
    )
