"""The sources of a portfolio's prices and its top movers, stored with its snapshot.

Revision ID: 0014
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "19_snapshot_texts.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
