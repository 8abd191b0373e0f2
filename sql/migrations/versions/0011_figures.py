"""Figures of a portfolio that were computed when they were read, stored with its snapshot.

Revision ID: 0011
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "16_figures.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
