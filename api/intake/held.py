"""A portfolio that is about to be changed: its owner's, and held until the end of the transaction."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from api.intake.errors import NotFoundError
from api.intake.ledger import Portfolio
from sql import query


@dataclass(frozen=True, slots=True)
class Held:
    """A portfolio nobody else changes meanwhile."""

    id: int
    name: str
    inception_date: date
    equity_as_of: date
    owner_id: int

    def as_portfolio(self) -> Portfolio:
        """Return it as rows of a file name it."""
        return Portfolio(self.id, self.name, "", self.inception_date)


def hold(connection: Connection[Any], owner_id: int, portfolio_id: int | None) -> Held:
    """Hold a portfolio of a user, the first one if none is named.

    Whoever held it before has committed: what is read after this sees it. Raises NotFoundError (portfolio_not_found).
    """
    key = {"portfolio_id": portfolio_id, "owner_id": owner_id}
    row = connection.execute(query("intake/hold_portfolio"), key).fetchone()
    if row is None:
        raise NotFoundError("portfolio_not_found", "there is no such portfolio")
    found_id, name, inception_date, equity_as_of = row
    return Held(found_id, name, inception_date, equity_as_of, owner_id)
