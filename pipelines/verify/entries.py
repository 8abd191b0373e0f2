"""The manifest's entries of one table, as arrays, with what each can have known."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - `date` is the column

import numpy as np

from pipelines.calc.types import BoolArray, IntArray
from pipelines.tables.database import Database
from pipelines.tables.digest import DigestArray, slice_code
from pipelines.tables.spec import TableSpec, date, digest, integer, text
from pipelines.tables.specs import MANIFESTED
from pipelines.verify.findings import LIMIT, Finding, Scope

_COLUMNS = (
    date("session"),
    integer("portfolio_id"),
    text("code_version", 16),
    digest("input_hash"),
    digest("output_digest"),
    integer("row_count"),
    integer("commit_id"),
    integer("run"),
    integer("committed_at"),
    integer("input_instant"),
)


@dataclass(frozen=True)
class Entries:
    """Entries of one table, ascending by session and portfolio (0 for a table by session), shape (n,) each.

    committed_at, input_instant: microseconds since 1970, 0 if there is none; run: a hash of its id.
    """

    spec: TableSpec
    session: np.ndarray
    portfolio_id: IntArray
    code_version: np.ndarray
    input_hash: DigestArray
    output_digest: DigestArray
    row_count: IntArray
    commit_id: IntArray
    run: IntArray
    committed_at: IntArray
    input_instant: IntArray

    def __len__(self) -> int:
        return len(self.session)

    @property
    def codes(self) -> IntArray:
        """One ascending integer per entry."""
        return slice_code(self.session, self.portfolio_id)

    def find(self, codes: IntArray) -> tuple[IntArray, BoolArray]:
        """Position of each slice code, and whether there is one."""
        if not len(self):
            return np.zeros(len(codes), dtype=np.int64), np.zeros(len(codes), dtype=np.bool_)
        own = self.codes
        at = np.minimum(np.searchsorted(own, codes), len(own) - 1)
        return at, own[at] == codes

    def code_was_mixed(self) -> BoolArray:
        """Whether an entry names another code version than others of its run that ran the current one."""
        current = self.code_version == self.spec.code_version
        mixed: BoolArray = ~current & np.isin(self.run, self.run[current])
        return mixed


def read_entries(database: Database, spec: TableSpec, scope: Scope) -> Entries:
    """Read the well-formed entries of a table."""
    params = scope.params() | {"asset": spec.name, "by_portfolio": spec.by_portfolio}
    return Entries(spec, **database.columns(_COLUMNS, "verify/slices", params))


def malformed(database: Database, scope: Scope) -> Iterator[Finding]:
    """Find entries that no writer of slices can have written."""
    params = scope.params() | {
        "assets": [spec.name for spec in MANIFESTED],
        "by_portfolio": [spec.by_portfolio for spec in MANIFESTED],
        "limit": LIMIT,
    }
    for asset, session, portfolio_id, detail in database.rows("verify/malformed_slices", params):
        yield Finding("broken", "manifest", "slices", readable(session), portfolio_id, asset, detail)


def readable(session: str) -> Date | None:
    """Return the date of a text; None for one that Python has no date for, such as infinity."""
    try:
        return Date.fromisoformat(session)
    except ValueError:
        return None


def code_at(code: int) -> tuple[Date, int | None]:
    """Session and portfolio (None for a table by session) of a slice code."""
    session: Date = np.datetime64(code >> 40, "D").item()
    return session, (code & ((1 << 40) - 1)) or None
