"""Replaced versions of rolled equity and snapshots are found by portfolio.

Revision ID: 0012
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "17_newest_then.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
