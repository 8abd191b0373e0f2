"""Putting the demo users and their sample books into a database, through the same intake as any user's."""

from datetime import date
from typing import Any

from psycopg import Connection

from api.intake.flows import record_flows
from api.intake.import_positions import import_portfolio
from api.intake.marks import record_marks
from api.intake.users import add_user
from pipelines.samples.books import sample_books
from pipelines.samples.users import DEMO_USERS
from sql import query


def seed(connection: Connection[Any], latest: date) -> bool:
    """Add the demo users and books, all or nothing; False if a demo user has a portfolio already.

    latest: the session the sample books are generated for.
    """
    with connection.transaction():
        owners = {"owners": [user.username for user in DEMO_USERS]}
        if connection.execute(query("book/any_portfolio"), owners).fetchall()[0][0]:
            return False
        for user in DEMO_USERS:
            add_user(connection, user.username, user.password, role=user.role, min_length=1)
        for book in sample_books(latest):
            positions = book.positions_csv.encode()
            import_portfolio(
                connection,
                book.owner,
                book.name,
                f"{book.name}.csv",
                positions,
                latest,
                equity=book.initial_equity,
                inception=book.inception,
            )
            if book.marks_csv:
                record_marks(connection, book.marks_csv.encode(), latest, book.owner)
            if book.flows_csv:
                record_flows(connection, book.flows_csv.encode(), latest, book.owner)
    return True
