"""Trades, flows and marks recorded one by one; uploads that can be withdrawn.

Revision ID: 0008
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "13_entries.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
