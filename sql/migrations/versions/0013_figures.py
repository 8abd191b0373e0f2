"""Figures of a portfolio that were computed when they were read, stored with its snapshot.

Revision ID: 0013
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "18_figures.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
