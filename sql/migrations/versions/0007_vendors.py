"""Splits, when each bar was fetched, and the quarantine.

Revision ID: 0007
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "12_vendors.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
