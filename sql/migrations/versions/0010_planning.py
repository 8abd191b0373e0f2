"""Statistics of tables that have grown, and slices looked up by index.

Revision ID: 0010
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the functions."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "15_planning.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
