"""The documented REST of Polygon over a `Market`: aggregates, grouped daily, splits, short interest."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import crc32
from zoneinfo import ZoneInfo

from pipelines.sources.settlements import settlement_dates
from tests.vendors.faults import Reply
from tests.vendors.market import Market

NEW_YORK = ZoneInfo("America/New_York")


def midnight(day: date, zone: Any = NEW_YORK) -> int:
    """Epoch milliseconds of a day's midnight."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


@dataclass
class PolygonApi:
    """page: rows of a page. mangled: ticker → how its bars are wrong. without_options: what the plan leaves out."""

    market: Market
    key: str = "k"
    page: int = 50_000
    mangled: dict[str, str] = field(default_factory=dict)
    without_options: bool = False
    circles: bool = False

    def reply(self, url: str, headers: Any) -> Reply:
        if headers.get("Authorization") != f"Bearer {self.key}":
            return self._json(401, {"status": "ERROR", "error": "Unknown API Key", "request_id": "r"})
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        segments = parts.path.strip("/").split("/")
        if segments[:3] == ["v2", "aggs", "ticker"]:
            return self._aggregates(url, segments, query)
        if segments[:3] == ["v2", "aggs", "grouped"]:
            return self._grouped(date.fromisoformat(segments[-1]))
        if parts.path == "/v3/reference/splits":
            return self._splits(url, query)
        if parts.path == "/stocks/v1/short-interest":
            return self._short_interest(url, query)
        return self._json(404, {"status": "NOT_FOUND", "message": "not found"})

    def _json(self, status: int, body: Any) -> Reply:
        return status, {"Content-Type": "application/json"}, json.dumps(body).encode()

    def _aggregates(self, url: str, segments: list[str], query: dict[str, str]) -> Reply:
        ticker, start, end = segments[3], date.fromisoformat(segments[7]), date.fromisoformat(segments[8])
        if ticker.startswith("O:") and self.without_options:
            told = "You are not entitled to this data. Please upgrade your plan."
            return self._json(403, {"status": "NOT_AUTHORIZED", "message": told})
        ticker_told = self.market.renamed.get(ticker, ticker)
        days = [day for day in sorted(self.market.closes.get(ticker_told, {})) if start <= day <= end]
        bars = [self.market.bar(ticker_told, day) | {"t": midnight(day), "n": 10, "vw": 1.0} for day in days]
        bars = self._mangle(ticker, bars, days)
        body = {"ticker": ticker_told, "adjusted": query.get("adjusted") != "false", "status": "OK"}
        return self._page(url, query, bars, body | {"queryCount": len(bars), "resultsCount": len(bars)})

    def _mangle(self, ticker: str, bars: list[dict[str, Any]], days: list[date]) -> list[dict[str, Any]]:
        how = self.mangled.get(ticker)
        if how == "duplicated":
            return [bar for bar in bars for _ in range(2)]
        if how == "out_of_order":
            return bars[::-1]
        if how == "shifted":
            return [bar | {"t": midnight(day, UTC)} for bar, day in zip(bars, days, strict=True)]
        if how == "weekend":
            return [*bars, bars[-1] | {"t": midnight(days[-1] + timedelta(days=5 - days[-1].weekday()))}]
        if how == "zero":
            return [*bars[:-1], bars[-1] | {"c": 0}]
        if how == "contradicting":
            return [*bars, bars[-1] | {"c": bars[-1]["c"] * 1.1}]
        return bars

    def _grouped(self, day: date) -> Reply:
        stamp = int(datetime(day.year, day.month, day.day, 16, tzinfo=NEW_YORK).timestamp() * 1000)
        bars = [
            {"T": ticker, **self.market.bar(ticker, day), "t": stamp, "n": 10, "vw": 1.0}
            for ticker, closes in self.market.closes.items()
            if day in closes and not ticker.startswith("O:")
        ]
        body = {"adjusted": False, "status": "OK", "queryCount": len(bars), "resultsCount": len(bars)}
        return self._json(200, body | ({"results": bars} if bars else {}))

    def _splits(self, url: str, query: dict[str, str]) -> Reply:
        start, end = query.get("execution_date.gte", "0"), query.get("execution_date.lte", "9")
        rows = [
            {
                "id": f"E{n}",
                "ticker": split.ticker,
                "execution_date": split.day.isoformat(),
                "split_from": split.before,
                "split_to": split.to,
            }
            for n, split in enumerate(self.market.splits)
            if start <= split.day.isoformat() <= end and query.get("ticker", split.ticker) == split.ticker
        ]
        return self._page(url, query, rows, {"status": "OK"})

    def _short_interest(self, url: str, query: dict[str, str]) -> Reply:
        start, end = (
            date.fromisoformat(query["settlement_date.gte"]),
            date.fromisoformat(query["settlement_date.lte"]),
        )
        days = settlement_dates(start, end)
        rows = [
            {
                "ticker": ticker,
                "settlement_date": day.isoformat(),
                "short_interest": 1000,
                "avg_daily_volume": 100,
                "days_to_cover": crc32(f"{ticker}{day}".encode()) % 900 / 100 + 1,
            }
            for ticker in query["ticker.any_of"].split(",")
            for day in days
            if ticker in self.market.closes
        ]
        return self._page(url, query, rows, {"status": "OK"})

    def _page(self, url: str, query: dict[str, str], rows: list[Any], body: dict[str, Any]) -> Reply:
        first = int(query.get("cursor", 0))
        shown = rows[first : first + self.page]
        if shown:
            body["results"] = shown
        if first + self.page < len(rows):
            path = urlsplit(url).path
            cursor = 0 if self.circles else first + self.page
            kept = "".join(f"&{name}={value}" for name, value in query.items() if name != "cursor")
            body["next_url"] = f"https://api.polygon.example{path}?cursor={cursor}{kept}"
        return self._json(200, body)
