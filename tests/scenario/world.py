"""A user's own files: prices of 2020–22, two books, marks and flows. Every close a test counts on is pinned.

The Saturdays that matter: 2021-02-27, 03-06, 03-13, 06-19, 08-07. Closed: 2021-02-15, 04-02, 05-31, 07-05, 09-06.
"""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import exchange_calendars
import pyarrow as pa
import pyarrow.parquet

Closes = dict[str, dict[date, Decimal]]

INCEPTION = date(2021, 1, 4)
N_SESSIONS = 300

MACRO = """ticker,quantity,entry_price,entry_date,tags,asset_class,exit_date,exit_price,multiplier
ALFA,1000,38.50,2020-11-16,core,,,,
ALFA,250,41.20,2021-02-16,"core,added",,,,
ALFA,250,41.20,2021-02-16,"core,added",,,,
BRVO,-600,82.00,2021-01-04,shorts,,,,
SPY,-100,360.00,2020-12-21,hedge,,,,
CHAR,800,25.00,2021-01-19,,,,,
DELT,-400,60.00,2021-01-19,shorts,,,,
ECHO,300,120.00,2021-03-06,,,,,
FOXT,500,33.00,2021-02-01,,,2021-07-14,36.25,
GOLF,-700,18.00,2021-02-01,shorts,,2021-08-07,,
HOTL,100,55.00,2021-04-12,,,2021-10-04,60.00,
INDI,120.5,210.40,2021-05-03,,,,,
KILO,200,95.00,2021-06-01,,,,,
LIMA,150,70.00,2021-03-15,,,2021-09-10,,
ALFA210416C00040000,10,3.10,2021-01-25,options,,,,
ALFA210618P00038000,5,2.40,2021-02-10,options,,,,
BRVO210521C00080000,-8,4.00,2021-02-10,options,,,,
BRVO210917P00070000,-6,2.20,2021-03-22,options,,,,
CHAR210619C00024000,12,1.90,2021-03-06,options,,,,
JULI210820C00010000,20,1.15,2021-04-05,options,,,,
ALFA221216C00045000,6,5.50,2021-06-07,options,,,,
DELT211217P00065000,-4,6.10,2021-05-17,options,,2021-11-08,3.35,
ECHO211015P00125000,15,7.20,2021-06-14,options,,,,10
ACME,2000,12.00,2021-01-20,private,PRIVATE,,,
"""

# Without inception and equity: the session before 2021-07-06, and 100×42 + 200×30 + 500×15 + 50×80. Empty in 2022.
SECOND = """ticker,quantity,entry_price,entry_date,tags,asset_class,exit_date,exit_price,multiplier
ALFA,100,42.00,2021-07-06,,,2021-12-31,,
CHAR,-200,30.00,2021-07-06,,,2022-01-03,29.00,
ACME,500,15.00,2021-08-16,,PRIVATE,2022-01-03,18.00,
QUEB,50,80.00,2021-10-01,,,2022-01-03,,
"""

MARKS = """portfolio,symbol,date,price
Macro,ACME,2021-02-27,13.50
Macro,ACME,2021-06-30,15.00
Macro,ACME,2021-12-31,14.25
Second,ACME,2021-09-30,20.00
"""

FLOWS = """portfolio,date,amount
Macro,2021-03-13,250000
Macro,2021-09-15,-100000.55
Second,2021-08-02,5000
"""

_PINNED = {
    "ALFA": "2021-01-04 40.00, 2021-01-05 40.80, 2021-02-16 42.00, 2021-02-17 41.50, 2021-04-16 44.50, "
    "2021-06-18 43.00, 2021-07-02 41.75, 2021-07-06 42.50",
    "BRVO": "2021-01-04 84.00, 2021-01-05 83.25, 2021-05-21 86.25, 2021-09-17 88.00",
    "SPY": "2021-01-04 370.00, 2021-01-05 372.50",
    "CHAR": "2021-05-07 27.00, 2021-05-24 31.50, 2021-06-18 26.75, 2021-12-31 28.00, 2022-01-03 27.50",
    "DELT": "2021-03-01 61.00, 2021-03-05 58.00",
    "ECHO": "2021-03-08 118.50, 2021-10-15 112.00",
    "FOXT": "2021-07-13 35.00, 2021-07-14 37.00",
    "GOLF": "2021-08-06 19.00, 2021-08-09 17.50",
    "KILO": "2021-05-28 90.00, 2021-06-03 97.50",
    "LIMA": "2021-09-03 72.00",
    "ALFA210416C00040000": "2021-04-15 4.10, 2021-04-16 4.35",
    "ALFA210618P00038000": "2021-06-17 0.15, 2021-06-18 0.05",
    "BRVO210521C00080000": "2021-05-20 5.90",
    "BRVO210917P00070000": "2021-09-16 0.40",
    "CHAR210619C00024000": "2021-03-08 2.05, 2021-06-17 2.50",
    "JULI210820C00010000": "2021-08-18 1.45, 2021-08-19 1.60",
    "DELT211217P00065000": "2021-11-05 3.80, 2021-11-08 3.90",
    "ECHO211015P00125000": "2021-10-14 12.20",
}

_GAPS = {
    "CHAR": [("2021-05-10", "2021-05-21")],
    "DELT": [("2021-03-02", "2021-03-04")],
    "KILO": [("2021-06-01", "2021-06-02")],
    "LIMA": [("2021-09-07", "2021-09-13")],
    "JULI210820C00010000": [("2021-08-20", "2021-08-20")],
    # Proxies: a short gap, and one so long that a window has fewer than 20 returns left.
    "SPLV": [("2021-04-12", "2021-04-14")],
    "MTUM": [("2021-08-02", "2021-10-08")],
}

# First close, own volatility, loading on the market.
_STOCKS = {
    "SPY": (352.0, 0.0, 1.0),
    "MTUM": (158.0, 0.004, 1.1),
    "VTV": (112.0, 0.004, 0.9),
    "VUG": (240.0, 0.004, 1.15),
    "QUAL": (111.0, 0.003, 1.0),
    "IWM": (178.0, 0.007, 1.2),
    "SPLV": (54.0, 0.004, 0.7),
    "ALFA": (39.0, 0.012, 1.2),
    "BRVO": (83.0, 0.011, 0.6),
    "CHAR": (25.0, 0.014, 1.5),
    "DELT": (62.0, 0.010, 0.9),
    "ECHO": (121.0, 0.009, 1.0),
    "FOXT": (34.0, 0.013, 0.8),
    "GOLF": (18.5, 0.016, 1.3),
    "INDI": (205.0, 0.010, 1.1),
    "KILO": (92.0, 0.012, 0.5),
    "LIMA": (71.0, 0.011, 1.0),
    "QUEB": (79.0, 0.012, 0.9),
}
# First close, volatility, first and last day quoted.
_OPTIONS = {
    "ALFA210416C00040000": (3.00, "2020-12-01", "2021-04-16"),
    "ALFA210618P00038000": (2.50, "2021-01-04", "2021-06-18"),
    "BRVO210521C00080000": (4.20, "2021-01-04", "2021-05-21"),
    "BRVO210917P00070000": (2.10, "2021-03-01", "2021-09-17"),
    "CHAR210619C00024000": (2.00, "2021-02-01", "2021-06-18"),
    "JULI210820C00010000": (1.20, "2021-03-01", "2021-08-20"),
    "ALFA221216C00045000": (5.40, "2021-05-03", "2022-12-16"),
    "DELT211217P00065000": (6.00, "2021-05-03", "2021-12-17"),
    "ECHO211015P00125000": (7.00, "2021-06-01", "2021-10-15"),
}


def calendar() -> list[date]:
    """Sessions from 61 before the inception to the last of the history and a few more."""
    days = exchange_calendars.get_calendar("XNYS", start="2020-09-01", end="2022-06-30").sessions
    return [day.date() for day in days if day.date() >= date(2020, 10, 1)]


def history() -> list[date]:
    """The 300 sessions after the inception."""
    return [day for day in calendar() if day > INCEPTION][:N_SESSIONS]


def closes() -> Closes:
    """Closes in cents by symbol and session; the same on every machine (Mersenne Twister)."""
    days = [day for day in calendar() if day <= history()[-1]]
    market_walk = Random(2021)  # noqa: S311
    market = [market_walk.gauss(0.0005, 0.010) for _ in days]
    made = {
        symbol: _walk(symbol, first, [loading * m for m in market], own, days)
        for symbol, (first, own, loading) in _STOCKS.items()
    }
    for symbol, (first, start, end) in _OPTIONS.items():
        quoted = [day for day in days if date.fromisoformat(start) <= day <= date.fromisoformat(end)]
        made[symbol] = _walk(symbol, first, [0.0] * len(quoted), 0.04, quoted)
    for symbol, pins in _PINNED.items():
        made[symbol] |= {
            date.fromisoformat(day): Decimal(close)
            for day, close in (pin.split() for pin in pins.split(", "))
        }
    for symbol, gaps in _GAPS.items():
        for start, end in gaps:
            first_day, last_day = date.fromisoformat(start), date.fromisoformat(end)
            made[symbol] = {d: c for d, c in made[symbol].items() if not first_day <= d <= last_day}
    return made


def _walk(symbol: str, first: float, drift: list[float], own: float, days: list[date]) -> dict[date, Decimal]:
    random, close, made = Random(symbol), first, {}  # noqa: S311
    for day, move in zip(days, drift, strict=True):
        close *= 1 + move + random.gauss(0, own)
        made[day] = max(Decimal(str(round(close, 2))), Decimal("0.01"))
    return made


def write_csv(path: Path, prices: Closes, end_of_line: str = "\n") -> Path:
    """By date, all symbols of a day together, as vendors' exports are; each bar a cent wide."""
    lines = ["symbol,date,close,open,high,low,volume"]
    for day in sorted({day for by_day in prices.values() for day in by_day}):
        for symbol in sorted(symbol for symbol, by_day in prices.items() if day in by_day):
            close = prices[symbol][day]
            lines.append(f"{symbol},{day},{close},{close},{close},{close},1000")
    path.write_bytes((end_of_line.join(lines) + end_of_line).encode())
    return path


def write_parquet(path: Path, prices: Closes) -> Path:
    """Only the three columns that a price file must have."""
    rows = [(symbol, day, float(close)) for symbol, days in prices.items() for day, close in days.items()]
    symbols, days, values = zip(*rows, strict=True)
    table = pa.table({"symbol": symbols, "date": pa.array(days, pa.date32()), "close": values})
    pyarrow.parquet.write_table(table, path)
    return path


def next_session(day: date) -> date:
    """First session on or after a day."""
    found = set(calendar())
    while day not in found:
        day += timedelta(days=1)
    return day


def session_before(day: date) -> date:
    """Last session before a day."""
    return max(session for session in calendar() if session < day)
