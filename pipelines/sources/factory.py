"""From the name of a price source to the source. Settings are read elsewhere and come as plain arguments."""

from pathlib import Path
from typing import Final

from pipelines.sources.errors import SourceUnavailableError
from pipelines.sources.file import FilePrices
from pipelines.sources.protocol import PriceSource
from pipelines.sources.simulated import SimulatedPrices

NOT_YET: Final = ("polygon", "yfinance")


def source_from_settings(name: str, file_path: Path | str | None = None) -> PriceSource:
    """Return the source called `name`; `file_path` is the price file of the source `file`.

    Raises SourceUnavailableError for an unknown name, one that is not built yet, or `file` without a path.
    The file itself is looked for at every read, not here.
    """
    if name == "simulated":
        return SimulatedPrices()
    if name == "file":
        if not file_path:
            raise SourceUnavailableError("the price source 'file' needs SIGMASIGHT_PRICE_FILE")
        return FilePrices(Path(file_path))
    if name in NOT_YET:
        raise SourceUnavailableError(f"the price source '{name}' is not available yet; use simulated or file")
    raise SourceUnavailableError(f"unknown price source '{name}'; known: simulated, file")
