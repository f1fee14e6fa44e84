"""Keep with a check-in what the clock of its device said, and by which body it came, so that another is told from it.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

COLUMNS = (("device_time", sa.BigInteger()), ("device_offset_s", sa.Float()), ("body_hash", sa.String(length=64)))


def upgrade() -> None:
    """Check-ins that are there keep no clock and no body."""
    for name, kind in COLUMNS:
        op.add_column("movement_check_in", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Forget both."""
    for name, _ in reversed(COLUMNS):
        op.drop_column("movement_check_in", name)
