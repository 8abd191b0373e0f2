"""The foundation: schemas, versions, book, market, analytics, grants.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

import sql
from pipelines import sessions as calendar
from sql.migrate import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FILES = ("01_schemas", "02_versions", "03_book", "04_market", "05_analytics", "06_grants")


def upgrade() -> None:
    """Run the schema files in order, then write the calendar."""
    connection = op.get_bind()
    for name in FILES:
        run_script(connection, (sql.ROOT / "schema" / f"{name}.sql").read_text(encoding="utf-8"))
    days = [day.item() for day in calendar.sessions()]
    connection.execute(
        sa.text(sql.query("schema/insert_session")),
        [{"session": day, "index": ix, "closes_at": calendar.close_of(day)} for ix, day in enumerate(days)],
    )


def downgrade() -> None:
    """Refuse: books are not thrown away. `sigmasight db reset` starts anew."""
    raise NotImplementedError("the foundation is not taken down; use `sigmasight db reset`")
