"""From the name of a price source to the source; and the short-interest universe."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.sources.composed import ComposedSource
from pipelines.sources.errors import SourceError, SourceUnavailableError
from pipelines.sources.factory import VendorAccess, source_from_settings
from pipelines.sources.file import FilePrices
from pipelines.sources.polygon.source import PolygonPrices
from pipelines.sources.simulated import SimulatedPrices
from pipelines.sources.simulation.factors import SECTORS
from pipelines.sources.universe import SHORT_INTEREST_UNIVERSE
from pipelines.sources.yahoo.source import YahooPrices


def test_sources_by_name(tmp_path: Path) -> None:
    assert isinstance(source_from_settings("simulated"), SimulatedPrices)
    source = source_from_settings("file", str(tmp_path / "prices.csv"))
    assert isinstance(source, FilePrices)
    assert source.path == tmp_path / "prices.csv"


def test_vendors_by_name_and_in_order() -> None:
    access = VendorAccess(polygon_key="k")
    polygon = source_from_settings("polygon", access=access)
    assert isinstance(polygon, ComposedSource)
    assert [type(vendor) for vendor in polygon.vendors] == [PolygonPrices]
    assert [type(vendor) for vendor in polygon.describers] == [PolygonPrices, YahooPrices]
    assert polygon.name == "polygon"
    assert isinstance(source_from_settings("yfinance", access=access), YahooPrices)
    both = source_from_settings("polygon, yfinance", access=access)
    assert isinstance(both, ComposedSource)
    assert [type(vendor) for vendor in both.vendors] == [PolygonPrices, YahooPrices]
    assert "k'" not in repr(access)


def test_vendors_libraries_are_not_loaded_before_they_are_asked() -> None:
    heavy = ("polygon", "yfinance", "curl_cffi", "urllib3")
    script = f"import sys, pipelines.sources.factory; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("polygon", "'polygon' needs POLYGON_API_KEY"),
        ("yfinance,polygon", "'polygon' needs POLYGON_API_KEY"),
        ("yfinance,simulated", "'simulated' stands alone"),
        ("file", "needs SIGMASIGHT_PRICE_FILE"),
        ("bloomberg", "unknown price source 'bloomberg'"),
    ],
)
def test_sources_that_cannot_be_had(name: str, text: str) -> None:
    with pytest.raises(SourceUnavailableError, match=text) as caught:
        source_from_settings(name)
    assert isinstance(caught.value, SourceError)


def test_the_universe_is_large_sorted_and_spread_over_all_sectors() -> None:
    assert len(SHORT_INTEREST_UNIVERSE) >= 50
    assert list(SHORT_INTEREST_UNIVERSE) == sorted(set(SHORT_INTEREST_UNIVERSE))
    known = SimulatedPrices().securities(SHORT_INTEREST_UNIVERSE)
    assert set(known["sector"].tolist()) == set(SECTORS)
    assert "Simulated" not in known["industry"].tolist()
