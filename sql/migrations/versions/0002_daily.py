"""Running every day: when a run fetched prices, and the archive of old snapshots.

Revision ID: 0002
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the archive."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "07_daily.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: archived snapshots are not thrown away."""
    raise NotImplementedError("archived snapshots are not thrown away; restore a backup instead")
