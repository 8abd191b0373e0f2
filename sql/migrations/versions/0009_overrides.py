"""Price overrides.

Revision ID: 0009
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and the cause of changes that it is."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "14_overrides.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: a backup is the way back."""
    raise NotImplementedError("restore a backup instead")
