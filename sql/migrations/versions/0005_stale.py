"""Which stored slices are stale, known without recomputing them.

Revision ID: 0005
"""

import json

from alembic import op

import sql
from pipelines.steps.reach import declaration
from sql.migrate import run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the change log and what spreads it; what is stored already counts as stale until it is recomputed once."""
    bind = op.get_bind()
    run_script(bind, (sql.ROOT / "schema" / "10_stale.sql").read_text(encoding="utf-8"))
    driver = bind.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(sql.query("stale/declare"), {"declaration": json.dumps(declaration())})
    if driver.execute(sql.query("stale/any_slice")).fetchall()[0][0]:
        driver.execute(sql.query("stale/doubt_everything"))


def downgrade() -> None:
    """Refuse: what is stale would be forgotten."""
    raise NotImplementedError("what is stale would be forgotten; restore a backup instead")
