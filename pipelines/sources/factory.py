"""From the names of price sources to one source. Settings are read elsewhere and come as plain arguments."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.sources.composed import ComposedSource
from pipelines.sources.errors import SourceUnavailableError
from pipelines.sources.file import FilePrices
from pipelines.sources.pace import Pace
from pipelines.sources.polygon.source import PolygonPrices
from pipelines.sources.protocol import PriceSource
from pipelines.sources.simulated import SimulatedPrices
from pipelines.sources.vendor import Vendor
from pipelines.sources.yahoo.source import YahooPrices

VENDORS: Final = ("polygon", "yfinance")
ALONE: Final = ("simulated", "file")
"""Sources that are not mixed with others: a user's own file is the whole truth, and simulated prices are none."""


@dataclass(frozen=True)
class VendorAccess:
    """How vendors are reached. calls_per_minute: of Polygon's plan; 0 is without limit."""

    polygon_key: str | None = None
    polygon_url: str | None = None
    calls_per_minute: int = 5
    yahoo_url: str | None = None
    cache: Path | None = None

    def __repr__(self) -> str:
        """Return nothing secret."""
        return "VendorAccess()"


def source_from_settings(
    name: str, file_path: Path | str | None = None, access: VendorAccess | None = None
) -> PriceSource:
    """Return the source called `name`, or of several vendors in order (`polygon,yfinance`) their composition.

    file_path: the price file of the source `file`, which is looked for at every read, not here. Raises
    SourceUnavailableError for an unknown name, for `file` without a path, `polygon` without a key, and for a list with
    a source that stands alone. Nothing is connected to.
    """
    names = [part.strip() for part in name.split(",")]
    if names == ["simulated"]:
        return SimulatedPrices()
    if names == ["file"]:
        if not file_path:
            raise SourceUnavailableError("the price source 'file' needs SIGMASIGHT_PRICE_FILE")
        return FilePrices(Path(file_path))
    for one in names:
        if one in ALONE:
            raise SourceUnavailableError(f"the price source '{one}' stands alone: name no other beside it")
        if one not in VENDORS:
            known = ", ".join((*VENDORS, *ALONE))
            raise SourceUnavailableError(f"unknown price source '{one}'; known: {known}")
    named = {one: _vendor(one, access or VendorAccess()) for one in names}
    if list(named) == ["yfinance"]:
        return named["yfinance"]
    # Polygon knows no sectors, and not every plan has short interest: Yahoo is asked for these in any case.
    yahoo = named.get("yfinance") or _vendor("yfinance", access or VendorAccess())
    others = [vendor for name, vendor in named.items() if name != "yfinance"]
    return ComposedSource(list(named.values()), [*others, yahoo])


def _vendor(name: str, access: VendorAccess) -> Vendor:
    if name == "yfinance":
        return YahooPrices(access.yahoo_url, access.cache)
    if not access.polygon_key:
        raise SourceUnavailableError("the price source 'polygon' needs POLYGON_API_KEY")
    return PolygonPrices(access.polygon_key, access.polygon_url, Pace(access.calls_per_minute or None))
