"""200 malformed uploads: each is refused with a reason, none is an error of ours, and nothing changes."""

import gzip
import io
import random
import zipfile
from collections.abc import Callable

import pytest

from tests.api.desk import SAMPLE, Desk

HEADER, *ROWS = SAMPLE.splitlines(keepends=True)
EACH = 10
"""Uploads of each kind."""

Damage = Callable[[random.Random], bytes]
CELLS = ("ticker", "quantity", "entry_price", "entry_date")
NUMBERS = (
    "NaN", "nan", "-inf", "Infinity", "1e400", "1e999999999", "0x10", "1,000", "$5", "٣", "½", "1_000", "--1", "1.2.3",
    "∞", "9" * 400,
)  # fmt: skip
SYMBOLS = ("AA PL", "A" * 50, "💥", "../..", "AAPL999999C00150000", "AAPL240230C00150000")
LENGTHS = (2001, 200_000, 2_000_000)
FORMATS = (b"%PDF-1.7 x", b"PAR1abcd", b"{}", b"[1]", b"<xml/>", b"\xd0\xcf\x11\xe0x", b"GIF89a", b"MZ\x90")
FORMULAS = (
    "=1+1",
    "+cmd|'/c calc'!A0",
    "-2+3",
    "@SUM(A1)",
    '=HYPERLINK("x")',
    "=1;DROP TABLE book.positions",
)
DATES = (
    "2024-02-30",
    "0000-00-00",
    "9999-12-31",
    "01/02/2024",
    "2024-1-5",
    "20240105",
    "today",
    "1705276800",
    "2024-01-15T00:00",
)


def _row(**cells: str) -> bytes:
    good = {
        "ticker": "AAPL",
        "quantity": "10",
        "entry_price": "150",
        "entry_date": "2024-01-15",
        "tags": "",
    } | cells
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in good.values()).encode() + b"\n"


def _zip(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("book.csv", content)
    return packed.getvalue()


def _flip(random: random.Random) -> bytes:
    """Bytes that UTF-8 never has."""
    data = bytearray(SAMPLE)
    for _ in range(random.randint(1, 20)):
        data[random.randrange(len(data))] = random.choice((0xFF, 0xFE, 0xC0, 0xF8))
    return bytes(data)


DAMAGES: dict[str, Damage] = {
    "utf-16": lambda r: SAMPLE.decode().encode(r.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32"))),
    "bytes no text has": _flip,
    "a NUL": lambda r: SAMPLE[: (at := r.randrange(1, len(SAMPLE)))] + b"\0" + SAMPLE[at:],
    "random bytes": lambda r: r.randbytes(r.randint(1, 5000)),
    "not a number": lambda r: HEADER + _row(**{r.choice(("quantity", "entry_price")): r.choice(NUMBERS)}),
    "a formula": lambda r: HEADER + _row(**{r.choice(CELLS): r.choice(FORMULAS)}),
    "a date": lambda r: HEADER + _row(entry_date=r.choice(DATES)),
    "a huge field": lambda r: HEADER + _row(**{r.choice(CELLS): r.choice("A1é") * r.choice(LENGTHS)}),
    "an empty cell": lambda r: HEADER + _row(**{r.choice(CELLS): ""}),
    "a symbol": lambda r: HEADER + _row(ticker=r.choice(SYMBOLS)),
    "too many cells": lambda r: HEADER + b"AAPL,1,150,2024-01-15,a" + b",b" * r.randint(1, 5000) + b"\n",
    "a missing column": lambda r: SAMPLE.replace(r.choice(CELLS).encode(), b"something", 1),
    "a repeated column": lambda r: SAMPLE.replace(b"tags", r.choice(CELLS).encode(), 1),
    "another delimiter": lambda r: SAMPLE.replace(b",", r.choice((b";", b"\t", b"|"))),
    "an open quote": lambda r: HEADER + b'"AAPL,' * r.randint(1, 3) + b"".join(ROWS),
    "no rows": lambda r: r.choice((b"", HEADER, b"\n" * 50, b"\xef\xbb\xbf", b" ", HEADER + b",,,,\n")),
    "a zip bomb": lambda r: _zip(b"0" * r.choice((1_000, 20_000_000))),
    "a gzip bomb": lambda r: gzip.compress(b"AAPL,1,150,2024-01-15,\n" * r.choice((10, 500_000))),
    "another format": lambda r: r.choice(FORMATS),
    "a lot too large": lambda r: HEADER + _row(quantity="9" * r.randint(9, 15), entry_price="9" * r.randint(3, 15)),
}  # fmt: skip


def test_there_are_two_hundred() -> None:
    assert len(DAMAGES) * EACH == 200


@pytest.mark.parametrize("kind", DAMAGES)
def test_refused_with_a_reason(desk: Desk, kind: str) -> None:
    chance = random.Random(kind)  # noqa: S311 - the same uploads every time
    ann = desk.ann
    ann.upload(SAMPLE, name="Main")
    with desk.unchanged():
        for _ in range(EACH):
            data = DAMAGES[kind](chance)
            response = ann.upload(data, name="Other")
            assert response.status_code in (400, 413, 422), (kind, data[:200], response.text[:500])
            assert response.headers["content-type"] == "application/problem+json"
            body = response.json()
            assert body["detail"]
            assert response.status_code != 422 or body["errors"], data[:200]
