"""What each asset reads, and for how many sessions after a change of it a stored slice may still be another.

The one declaration of this: which slices a change makes stale, what a run must recompute, and what is predicted before
it runs all follow from it. `analytics.declare` gives it to the database, whose change log is spread by it.
"""

from collections.abc import Mapping
from typing import Any, Final

from pipelines.calc.factors import FACTORS
from pipelines.calc.risk import DRAWDOWN_WINDOW
from pipelines.calc.rolling import WINDOW
from pipelines.sources.universe import SHORT_INTEREST_UNIVERSE
from pipelines.tables.specs import DERIVED

Reach = int | None
"""Sessions after the changed one, it not counted; None: all that follow."""
FOREVER: Final[Reach] = None

RETURNS: Final = WINDOW
"""A close is in the returns of its session and of the next one, each of which is in WINDOW windows."""

READS: Final[Mapping[str, Mapping[str, Reach]]] = {
    # A close is carried on to the next one; then P&L rolls on into equity, which never forgets.
    "position_pnl": {"prices": FOREVER, "lots": FOREVER, "marks": FOREVER, "overrides": FOREVER},
    "rolled_equity": {"position_pnl": FOREVER, "flows": FOREVER, "initial_equity": FOREVER},
    "position_greeks": {"prices": FOREVER, "lots": FOREVER, "position_pnl": 0},
    "factor_returns": {"factor_prices": 1, "short_interest": 0},
    # Which symbols have a beta depends on which are held.
    "factor_betas": {
        "returns": RETURNS,
        "factor_prices": RETURNS,
        "short_interest": WINDOW - 1,
        "holdings": FOREVER,
    },
    "factor_covariance": {"factor_prices": RETURNS, "short_interest": WINDOW - 1},
    "factor_exposures": {
        "position_pnl": 0,
        "position_greeks": 0,
        "rolled_equity": 0,
        "factor_betas": 0,
        "returns": RETURNS,
        "factor_prices": RETURNS,
        "short_interest": WINDOW - 1,
        "lots": FOREVER,
    },
    "risk_metrics": {
        "position_pnl": 0,
        "position_greeks": 0,
        "rolled_equity": DRAWDOWN_WINDOW - 1,
        "factor_exposures": 0,
        "returns": RETURNS,
        "lots": FOREVER,
    },
    # A price is of a source as long as it is carried on.
    "snapshots": {
        "prices": FOREVER,
        "overrides": FOREVER,
        "position_pnl": 0,
        "position_greeks": 0,
        "rolled_equity": FOREVER,
        "lots": FOREVER,
    },
}
"""Asset → what it reads → reach. Names of tables are their stored slices; the others are inputs:

prices: closes of a lot's own symbol or its underlying, as values, and where they came from. returns: the same as
windows of returns. factor_prices: closes of factor proxies and of the short-interest universe. short_interest: from
its publication to the next. lots, marks, overrides (of closes), flows, initial_equity: a portfolio's own. holdings:
which symbols anybody holds.
"""

INPUTS: Final = tuple(dict.fromkeys(name for reads in READS.values() for name in reads if name not in READS))
"""What is read and is no stored slice, by name."""

FACTOR_SYMBOLS: Final = tuple(sorted({f.proxy for f in FACTORS if f.proxy} | set(SHORT_INTEREST_UNIVERSE)))


def longer(one: Reach, other: Reach) -> Reach:
    """The farther of two reaches."""
    return None if one is None or other is None else max(one, other)


def following(one: Reach, other: Reach) -> Reach:
    """The reach of a change of a change."""
    return None if one is None or other is None else one + other


def reaches(source: str) -> dict[str, Reach]:
    """Every asset that a change of an input, or of an asset's slices, reaches, with how far; itself not included.

    `holdings` ends at factor_betas: a beta that appears or goes is of a symbol whose lots are changed, too, and those
    reach their portfolio as `lots`.
    """
    found: dict[str, Reach] = {}
    for asset, reads in READS.items():  # upstream first
        for name, reach in reads.items():
            if name == source:
                found[asset] = longer(found.get(asset, reach), reach)
            elif name in found and source != "holdings":
                through = following(found[name], reach)
                found[asset] = longer(found.get(asset, through), through)
    return found


def upstream(asset: str) -> tuple[str, ...]:
    """The assets whose stored slices an asset is computed from, directly or not."""
    return tuple(name for name in READS if asset in reaches(name))


def declaration(risk_free_rate: float | None = None) -> dict[str, Any]:
    """All of the above, and the code each table is computed with, as `analytics.declare` takes it."""
    sources = (*INPUTS, *READS)
    return {
        "assets": [
            {
                "asset": spec.name,
                "by_portfolio": spec.by_portfolio,
                "code_version": spec.code_version,
                "setting": str(risk_free_rate)
                if spec.name == "risk_metrics" and risk_free_rate is not None
                else None,
            }
            for spec in DERIVED
        ],
        "reaches": [
            {"input": source, "asset": asset, "sessions": reach}
            for source in sources
            for asset, reach in reaches(source).items()
        ],
        "factor_symbols": list(FACTOR_SYMBOLS),
    }
