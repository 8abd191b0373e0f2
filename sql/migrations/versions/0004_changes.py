"""Listeners are told of every commit, and of every change of the users.

Revision ID: 0004
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the notifications."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "09_changes.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
