"""The chain of steps run on any mixture of inputs, its results kept for the transaction and for nobody else."""

from typing import Final

import numpy as np
from psycopg.sql import SQL

import sql
from pipelines.calc.types import Columns
from pipelines.errors import SigmaSightError
from pipelines.lineage.slices import plan_of
from pipelines.steps.book import Book
from pipelines.steps.chain import STEPS
from pipelines.steps.known_at import KnownAt
from pipelines.steps.plan import Plan
from pipelines.steps.upstream import Upstream
from pipelines.steps.work import Work
from pipelines.tables.database import Database
from pipelines.tables.spec import date, integer, text
from pipelines.tables.specs import POSITION_GREEKS, POSITION_PNL, ROLLED_EQUITY, SNAPSHOTS
from pipelines.tables.store import Batch
from sql import compose

SCHEMA: Final = "pg_temp"
_TABLES: Final = (POSITION_PNL, ROLLED_EQUITY, POSITION_GREEKS)
_SLICES: Final = (text("asset", 32), date("session"), integer("portfolio_id"))


class Scratch:
    """Temporary tables in which steps find what earlier ones computed. Inside of one transaction.

    The steps, their queries and their formulas are those of every run; nothing they read of `analytics` is stored.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        for spec in _TABLES:
            self._create(spec.name, spec.column_names)
        self._create("slices", tuple(column.name for column in _SLICES))

    def _create(self, name: str, columns: tuple[str, ...]) -> None:
        parts = {"staging": compose.table(SCHEMA, name), "table": compose.table("analytics", name)}
        statement = SQL(sql.query("store/stage")).format(columns=compose.names(columns), **parts)
        self._database.execute(statement)

    def position_pnl(
        self, portfolio_id: int, last_ix: int, known_at: KnownAt, book: Book | None = None
    ) -> Columns:
        """Compute a portfolio's lots from inception to a session; returns the rows of position_pnl."""
        self._clear()
        plan = plan_of(self._database, portfolio_id, None, last_ix, known_at.terms)
        return self._run("position_pnl", plan, known_at, book)

    def snapshots(
        self, portfolio_id: int, first_ix: int, last_ix: int, known_at: KnownAt, book: Book | None = None
    ) -> Columns:
        """Compute snapshots of some sessions on what `position_pnl` left of these inputs, from inception on."""
        whole = plan_of(self._database, portfolio_id, None, last_ix, known_at.terms)
        self._run("rolled_equity", whole, known_at, book)
        shown = plan_of(self._database, portfolio_id, first_ix, last_ix, known_at.terms)
        self._run("position_greeks", shown, known_at, book)
        return self._run("snapshots", shown, known_at, book)

    def _clear(self) -> None:
        for name in ("slices", *(spec.name for spec in _TABLES)):
            self._database.execute(SQL(sql.query("lineage/clear")).format(table=compose.table(SCHEMA, name)))

    def _run(self, step: str, plan: Plan, known_at: KnownAt, book: Book | None) -> Columns:
        work = Work(self._database, plan, known_at, upstream=Upstream(schema=SCHEMA), given_book=book)
        parts = []
        with np.errstate(all="ignore"):
            for batch in STEPS[step](work):
                if batch.spec is not SNAPSHOTS:
                    self._keep(batch)
                parts.append(batch.data)
        if not parts:
            reasons = "; ".join(work.left_out.values()) or "the portfolio was not in the book then"
            raise SigmaSightError(f"{step} cannot be computed from these inputs: {reasons}")
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _keep(self, batch: Batch) -> None:
        spec, slices = batch.spec, batch.slices
        named = {
            "asset": np.full(len(slices), spec.name),
            "session": slices.session,
            "portfolio_id": slices.portfolio_id,
        }
        for name, columns, data in ((spec.name, spec.columns, batch.data), ("slices", _SLICES, named)):
            target = SQL(sql.query("store/copy_in")).format(
                table=compose.table(SCHEMA, name), columns=compose.names(column.name for column in columns)
            )
            self._database.copy_in(target, columns, data)
