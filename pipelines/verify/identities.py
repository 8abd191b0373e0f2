"""Accounting identities: `sql/checks/<name>.sql` returns the rows that break one.

The first lines of each file are its statement, the asset it belongs to, and when an offender is excused as merely
stale: `own`, its slice is stale; `portfolio`, a slice of its portfolio is stale up to its session; `always`, `nothing`.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from psycopg.sql import SQL, Composed

import sql
from pipelines.tables.database import Database
from pipelines.verify.findings import Finding, Scope

EXCUSES = ("own", "portfolio", "always", "nothing")


@dataclass(frozen=True)
class Identity:
    """One identity. statement: it in words; asset: the last one it needs; excused_by: one of EXCUSES."""

    name: str
    statement: str
    asset: str
    excused_by: str


@dataclass(frozen=True)
class Offender:
    """One row that breaks an identity."""

    table: str
    session: date | None
    portfolio_id: int | None
    item: str | None
    detail: str

    def finding(self, identity: Identity, *, is_stale: bool) -> Finding:
        """Return the finding it is."""
        kind, row = "stale" if is_stale else "broken", self
        return Finding(
            kind,  # type: ignore[arg-type]
            identity.name,
            row.table,
            row.session,
            row.portfolio_id,
            row.item,
            row.detail,
        )


@dataclass(frozen=True)
class Offenders:
    """Rows that break an identity: the first ones, and how many there are."""

    first: tuple[Offender, ...]
    total: int


@cache
def identities() -> tuple[Identity, ...]:
    """All identities, by name."""
    return tuple(_read(name) for name in sql.check_names())


def _read(name: str) -> Identity:
    statement, asset, excused_by = (line.removeprefix("-- ") for line in sql.check(name).splitlines()[:3])
    return Identity(name, statement, asset.removeprefix("asset: "), excused_by.removeprefix("excused by: "))


def offenders(database: Database, identity: Identity, scope: Scope) -> Offenders:
    """Find the rows of a scope that break an identity; inside of a transaction."""
    database.rows("verify/plan_by_hash")
    found = database.composed_rows(_statement(identity.name), scope.params())
    return Offenders(tuple(Offender(*row[:5]) for row in found), found[0][5] if found else 0)


def _statement(name: str) -> Composed:
    parts: dict[str, Any] = {part: SQL(sql.query(f"verify/{part}")) for part in ("lots", "missing_slices")}
    return SQL(sql.query("verify/offenders")).format(check=SQL(sql.check(name)).format(**parts))
