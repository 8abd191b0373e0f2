"""The summary `sigmasight up` ends in: each portfolio at its latest session."""

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from pipelines.calc.factors import FACTORS
from sql import query

SHOWN = 10
"""Portfolios printed in full."""


def print_summary(connection: Connection[Any], console: Console) -> None:
    """Print NAV, P&L, exposures, the eight factors and risk metrics of the first portfolios."""
    with connection.cursor(row_factory=dict_row) as cursor:
        portfolios = cursor.execute(query("summary/portfolios"), {"limit": SHOWN}).fetchall()
        for portfolio in portfolios:
            where = {"session": portfolio["session"], "portfolio": portfolio["id"]}
            factors = {row["factor"]: row for row in cursor.execute(query("summary/factors"), where)}
            _print_portfolio(console, portfolio, factors)
    if not portfolios:
        console.print(
            "No portfolio has a snapshot yet. Import one: sigmasight import FILE --owner USER --name NAME"
        )


def _print_portfolio(console: Console, p: dict[str, Any], factors: dict[str, dict[str, Any]]) -> None:
    console.print(
        f"\n[bold]{p['name']}[/bold] (portfolio {p['id']}, {p['username']}) at the close of {p['session']}"
    )
    book = Table(show_header=False, box=None, padding=(0, 2))
    book.add_row("Net asset value", _usd(p["net_asset_value"]), "Positions", str(p["position_count"]))
    book.add_row("P&L day", _usd(p["daily_pnl"]), "P&L month", _usd(p["mtd_pnl"]))
    book.add_row("P&L year", _usd(p["ytd_pnl"]), "P&L since inception", _usd(p["cumulative_pnl"]))
    book.add_row("Long", _usd(p["long_exposure"]), "Short", _usd(p["short_exposure"]))
    book.add_row("Gross", _usd(p["gross_exposure"]), "Net", _usd(p["net_exposure"]))
    book.add_row("Cash", _usd(p["cash"]), "Net, delta-adjusted", _usd(p["delta_net_exposure"]))
    book.add_row("Beta", _number(p["portfolio_beta"]), "Sharpe ratio", _number(p["sharpe_ratio"]))
    book.add_row("Volatility", _percent(p["volatility"]), "  ex ante", _percent(p["ex_ante_volatility"]))
    book.add_row("VaR 95 %, 1 day", _usd(p["var_95"]), "  ex ante", _usd(p["ex_ante_var_95"]))
    counts = f"{p['stale_positions']} stale, {p['unpriced_positions']} unpriced"
    book.add_row("Max. drawdown", _percent(p["max_drawdown"]), "Prices", counts)
    console.print(book)
    table = Table(box=None, padding=(0, 2))
    for heading in ("Factor", "Exposure", "Delta-adjusted", "Dollar exposure", "Coverage"):
        table.add_column(heading, justify="left" if heading == "Factor" else "right")
    for factor in FACTORS:
        row = factors.get(factor.code, {})
        values = (_number(row.get("exposure")), _number(row.get("delta_adjusted_exposure")))
        coverage = row.get("reason") or _percent(row.get("coverage"))
        table.add_row(factor.name, *values, _usd(row.get("dollar_exposure")), coverage)
    console.print(table)


def _usd(amount: Any) -> str:
    return "–" if amount is None else f"{amount:,.0f}"


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:,.3f}"


def _percent(value: Any) -> str:
    return "–" if value is None else f"{value:.1%}"
