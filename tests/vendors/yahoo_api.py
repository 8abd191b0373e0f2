"""Yahoo's endpoints as yfinance uses them, over a `Market`: chart, quote summary, quote, cookie and crumb."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from tests.vendors.faults import Reply
from tests.vendors.market import Market

NEW_YORK = ZoneInfo("America/New_York")


def opening(day: date) -> int:
    """Epoch seconds of 9:30 in New York: how Yahoo dates a daily bar."""
    return int(datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK).timestamp())


@dataclass
class YahooApi:
    """failing: ticker → status it is answered with, by every endpoint. currency: of tickers not in USD."""

    market: Market
    failing: dict[str, int] = field(default_factory=dict)
    currency: dict[str, str] = field(default_factory=dict)
    funds: set[str] = field(default_factory=set)

    def reply(self, url: str, headers: Any) -> Reply:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/v1/test/getcrumb":
            return 200, {"Content-Type": "text/plain"}, b"crumb"
        ticker = query.get("symbols") or parts.path.rpartition("/")[2]
        if ticker in self.failing:
            return self._json(self.failing[ticker], {"error": "no"})
        if parts.path.startswith("/v8/finance/chart/"):
            return self._chart(ticker, query)
        if parts.path.startswith("/v10/finance/quoteSummary/"):
            return self._summary(ticker)
        if "fundamentals-timeseries" in parts.path:
            return self._json(200, {"timeseries": {"result": [{"meta": {}}], "error": None}})
        if parts.path.startswith("/v7/finance/quote"):
            return self._json(200, {"quoteResponse": {"result": [], "error": None}})
        return 200, {"Content-Type": "text/html"}, b"<html></html>"

    def _json(self, status: int, body: Any) -> Reply:
        return status, {"Content-Type": "application/json"}, json.dumps(body).encode()

    def _chart(self, ticker: str, query: dict[str, str]) -> Reply:
        closes = self.market.closes.get(ticker)
        if closes is None:
            told = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return self._json(404, {"chart": {"result": None, "error": told}})
        first, last = int(query.get("period1", 0)), int(query.get("period2", 10**11))
        days = [day for day in sorted(closes) if first <= opening(day) < last]
        days = days if "period1" in query else days[-1:]
        ratio = [self.market.adjusted(ticker, day) / closes[day] for day in days]
        bars = [self.market.bar(ticker, day) for day in days]
        quote = {
            name: [bar[short] * r for bar, r in zip(bars, ratio, strict=True)]
            for name, short in (("open", "o"), ("high", "h"), ("low", "l"), ("close", "c"))
        }
        quote["volume"] = [bar["v"] / r for bar, r in zip(bars, ratio, strict=True)]
        splits = {
            str(opening(s.day)): {
                "date": opening(s.day),
                "numerator": s.to,
                "denominator": s.before,
                "splitRatio": "n:m",
            }
            for s in self.market.splits
            if s.ticker == ticker and first <= opening(s.day) < last
        }
        meta = {
            "currency": self.currency.get(ticker, "USD"),
            "symbol": ticker,
            "exchangeTimezoneName": "America/New_York",
            "timezone": "EST",
            "gmtoffset": -18000,
            "instrumentType": "ETF" if ticker in self.funds else "EQUITY",
            "validRanges": ["1d", "5d", "1mo", "max"],
            "dataGranularity": "1d",
            "range": "",
        }
        indicators = {"quote": [quote], "adjclose": [{"adjclose": quote["close"]}]}
        result: dict[str, Any] = {
            "meta": meta,
            "timestamp": [opening(day) for day in days],
            "indicators": indicators,
        }
        if splits:
            result["events"] = {"splits": splits}
        return self._json(200, {"chart": {"result": [result], "error": None}})

    def _summary(self, ticker: str) -> Reply:
        if ticker not in self.market.closes:
            told = {"code": "Not Found", "description": f"Quote not found for symbol: {ticker}"}
            return self._json(404, {"quoteSummary": {"result": None, "error": told}})
        sector, industry = self.market.sectors.get(ticker, ("Technology", "Software"))
        profile = {} if ticker in self.funds else {"sector": sector, "industry": industry}
        settled = int(datetime(2024, 3, 15, tzinfo=ZoneInfo("UTC")).timestamp())
        modules = {
            "assetProfile": profile,
            "quoteType": {
                "quoteType": "ETF" if ticker in self.funds else "EQUITY",
                "longName": f"{ticker} Inc.",
            },
            "defaultKeyStatistics": {"shortRatio": 2.5, "dateShortInterest": settled},
        }
        return self._json(200, {"quoteSummary": {"result": [modules], "error": None}})
