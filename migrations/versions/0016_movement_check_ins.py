"""Create check-ins of movements, the legs of flights, and receipts of what time alone made worse.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import codes

revision = "0016"
down_revision = "0015"

LEG = (("from_air_head", 64), ("to_air_head", 64), ("aircraft_type", 80))


def upgrade() -> None:
    """Create the table and the columns; flights that are there have no leg until somebody enters one."""
    op.create_table(
        "movement_check_in",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("movement_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        codes("movement_check_in", "source", "device", "typed", "km"),
        sa.CheckConstraint("lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90", name="ck_movement_check_in_place"),
        sa.CheckConstraint("at <= received", name="ck_movement_check_in_order"),
        sa.ForeignKeyConstraint(["movement_id"], ["movement.id"], name="fk_movement_check_in_movement_id"),
        sa.PrimaryKeyConstraint("id", name="pk_movement_check_in"),
    )
    op.create_index("ix_movement_check_in_movement_id", "movement_check_in", ["movement_id", "at"])
    for name, length in LEG:
        op.add_column("movement_plan", sa.Column(name, sa.String(length=length), nullable=True))
    op.add_column("movement_advice", sa.Column("due_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_movement_advice_due", "movement_advice", ["movement_id", "due_at"], unique=True)


def downgrade() -> None:
    """Drop them: where movements were seen, and over which air heads they flew, is gone with them."""
    op.drop_index("ix_movement_advice_due", table_name="movement_advice")
    op.drop_column("movement_advice", "due_at")
    for name, _ in reversed(LEG):
        op.drop_column("movement_plan", name)
    op.drop_table("movement_check_in")
