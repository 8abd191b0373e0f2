"""A lot's own data as one hash: what a stored row depends on besides prices."""

from dataclasses import fields
from hashlib import blake2b

import numpy as np

from pipelines.calc.lots import Lots
from pipelines.tables.digest import DIGEST_SIZE, DIGEST_TYPE, DigestArray

_PLACES = {"price_column", "underlying_column"}
"""Where the run keeps a lot's prices: no property of the lot."""


def lot_hashes(lots: Lots) -> DigestArray:
    """BLAKE2b-128 of each lot's fields, shape (L,)."""
    named = {field.name: getattr(lots, field.name) for field in fields(lots) if field.name not in _PLACES}
    records = np.empty(len(lots), dtype=[(name, values.dtype) for name, values in named.items()])
    for name, values in named.items():
        records[name] = np.where(np.isnan(values), np.nan, values) if values.dtype.kind == "f" else values
    hashes = b"".join(blake2b(record.tobytes(), digest_size=DIGEST_SIZE).digest() for record in records)
    return np.frombuffer(hashes, dtype=DIGEST_TYPE)
