"""The slice manifest: what each stored slice was made of, and what it came to."""

from dataclasses import dataclass

import numpy as np

from pipelines.calc.types import BoolArray, Columns, IntArray
from pipelines.tables.database import Database
from pipelines.tables.digest import DIGEST_TYPE, DigestArray, slice_code
from pipelines.tables.spec import TableSpec, date, digest, integer, text

_ENTRY = (
    date("session"),
    integer("portfolio_id"),
    text("code_version", 16),
    digest("input_hash"),
    digest("output_digest"),
    integer("row_count"),
)


@dataclass(frozen=True)
class Slices:
    """Slices of one table and the hash of what each is computed from; ascending by session, then portfolio.

    session datetime64[D], portfolio_id int64 (0 for a table by session), input_hash V16: shape (n,) each.
    """

    session: np.ndarray
    portfolio_id: IntArray
    input_hash: DigestArray

    @property
    def codes(self) -> IntArray:
        """One ascending integer per slice."""
        return slice_code(self.session, self.portfolio_id)

    def __len__(self) -> int:
        return len(self.session)

    def take(self, mask: BoolArray) -> "Slices":
        """Return the slices selected by a mask."""
        return Slices(self.session[mask], self.portfolio_id[mask], self.input_hash[mask])


@dataclass(frozen=True)
class Stored:
    """What the manifest says of some slices, parallel to them; `known` is false where it says nothing."""

    known: BoolArray
    same_code: BoolArray
    input_hash: DigestArray
    output_digest: DigestArray
    row_count: IntArray


def read_entries(
    database: Database, spec: TableSpec, start: object, end: object, portfolios: object = None
) -> Columns:
    """Manifest entries of a table over a range of sessions, ascending by session and portfolio."""
    params = {"asset": spec.name, "start": start, "end": end, "portfolios": portfolios}
    entries = database.columns(_ENTRY, "store/manifest", params)
    order = np.argsort(slice_code(entries["session"], entries["portfolio_id"]), kind="stable")
    return {name: values[order] for name, values in entries.items()}


def read_stored(database: Database, spec: TableSpec, slices: Slices) -> Stored:
    """Look slices up in the manifest."""
    few = np.unique(slices.portfolio_id)
    portfolios = few.tolist() if spec.by_portfolio and len(few) <= 100 else None
    entries = read_entries(
        database, spec, slices.session.min().item(), slices.session.max().item(), portfolios
    )
    codes = slice_code(entries["session"], entries["portfolio_id"])
    at = np.searchsorted(codes, slices.codes)
    at_or_last = np.minimum(at, max(len(codes) - 1, 0))
    if not len(codes):
        nothing, blank = np.zeros(len(slices), dtype=np.bool_), np.zeros(len(slices), dtype=DIGEST_TYPE)
        return Stored(nothing, nothing, blank, blank, np.zeros(len(slices), dtype=np.int64))
    known = (at < len(codes)) & (codes[at_or_last] == slices.codes)
    same_code = known & (entries["code_version"][at_or_last] == spec.code_version)
    found = {name: entries[name][at_or_last] for name in ("input_hash", "output_digest", "row_count")}
    return Stored(known, same_code, **found)
