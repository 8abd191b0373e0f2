"""From the name of a price source to the source; and the short-interest universe."""

from pathlib import Path

import pytest

from pipelines.sources.errors import SourceError, SourceUnavailableError
from pipelines.sources.factory import source_from_settings
from pipelines.sources.file import FilePrices
from pipelines.sources.simulated import SimulatedPrices
from pipelines.sources.simulation.factors import SECTORS
from pipelines.sources.universe import SHORT_INTEREST_UNIVERSE


def test_sources_by_name(tmp_path: Path) -> None:
    assert isinstance(source_from_settings("simulated"), SimulatedPrices)
    source = source_from_settings("file", str(tmp_path / "prices.csv"))
    assert isinstance(source, FilePrices)
    assert source.path == tmp_path / "prices.csv"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("polygon", "'polygon' is not available yet"),
        ("yfinance", "'yfinance' is not available yet"),
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
