"""Which failed runs were interrupted, and are made again.

Revision ID: 0003
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "08_interrupted.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
