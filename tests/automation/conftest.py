"""A desk for each test."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipelines.postgres import DatabaseUrls
from tests.automation.desk import Desk, Vendor, open_desk

FIRST_CLOSE = date(2023, 5, 1)


@pytest.fixture
def desk(database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk without books, whose vendor has published nothing yet."""
    vendor = Vendor(tmp_path / "prices.csv", FIRST_CLOSE)
    monkeypatch.setenv("SIGMASIGHT_PRICE_SOURCE", "file")
    monkeypatch.setenv("SIGMASIGHT_PRICE_FILE", str(vendor.path))
    with open_desk(database, vendor) as opened:
        yield opened
