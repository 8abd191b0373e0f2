"""Why a number changed: the ledger of restatements, waterfalls and how they are asked for.

Revision ID: 0006
"""

from alembic import op

import sql
from sql.migrate import run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the columns of requests."""
    run_script(op.get_bind(), (sql.ROOT / "schema" / "11_why.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, like the others: the ledger is not thrown away."""
    raise NotImplementedError("the ledger is not thrown away; restore a backup instead")
