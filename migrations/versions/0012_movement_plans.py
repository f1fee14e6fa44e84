"""Create what stands beside movements: plans with close-outs, clearances, receipts of advice.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import codes, row_number

revision = "0012"
down_revision = "0011"

PARTIES = (
    "host_armed_forces", "host_police", "local_authority", "non_state_group", "community", "criminal", "other_force",
    "mission", "partner", "nature", "unknown",
)  # fmt: skip


def upgrade() -> None:
    """Create the tables; movements that are there have no plan until somebody makes one."""
    op.create_table(
        "movement_plan",
        sa.Column("movement_id", sa.String(length=64), nullable=False),
        sa.Column("notified_by", sa.String(length=254), nullable=False),
        sa.Column("vehicles", sa.Text(), nullable=False),
        sa.Column("escort", sa.String(length=16), nullable=False),
        sa.Column("escort_by", sa.String(length=200), nullable=True),
        sa.Column("control_level", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("destination", sa.Text(), nullable=True),
        sa.Column("via", sa.Text(), nullable=True),
        sa.Column("ways", sa.Text(), nullable=True),
        sa.Column("planned_as", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("travelled", sa.String(length=16), nullable=True),
        sa.Column("stop_km", sa.Float(), nullable=True),
        sa.Column("stop_place", sa.String(length=200), nullable=True),
        sa.Column("party", sa.String(length=24), nullable=True),
        sa.Column("delay_min", sa.Float(), nullable=True),
        sa.Column("report_id", sa.String(length=36), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=254), nullable=True),
        sa.Column("purged_at", sa.BigInteger(), nullable=True),
        codes("movement_plan", "escort", "none", "asked", "given"),
        codes("movement_plan", "control_level", "open", "supervised", "dispatch", "reserved", "prohibited"),
        codes("movement_plan", "travelled", "planned", "alternate_1", "alternate_2", "not_said"),
        codes("movement_plan", "party", *PARTIES),
        sa.CheckConstraint("delay_min >= 0 AND stop_km >= 0", name="ck_movement_plan_figures"),
        sa.ForeignKeyConstraint(["movement_id"], ["movement.id"], name="fk_movement_plan_movement_id"),
        sa.PrimaryKeyConstraint("movement_id", name="pk_movement_plan"),
    )
    op.create_index("ix_movement_plan_notified_by", "movement_plan", ["notified_by"], unique=False)
    op.create_table(
        "movement_clearance",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("movement_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("asked_of", sa.String(length=200), nullable=False),
        sa.Column("party", sa.String(length=24), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("conditions", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        codes("movement_clearance", "answer", "given", "refused", "none"),
        codes("movement_clearance", "party", *PARTIES),
        sa.CheckConstraint("answered_at >= asked_at", name="ck_movement_clearance_answered"),
        sa.CheckConstraint("(answer = 'none') = (answered_at IS NULL)", name="ck_movement_clearance_answer_dated"),
        sa.CheckConstraint("version >= 1", name="ck_movement_clearance_version"),
        sa.ForeignKeyConstraint(["movement_id"], ["movement.id"], name="fk_movement_clearance_movement_id"),
        sa.PrimaryKeyConstraint("id", name="pk_movement_clearance"),
    )
    op.create_index("ix_movement_clearance_movement_id", "movement_clearance", ["movement_id"], unique=False)
    op.create_table(
        "movement_advice",
        sa.Column("number", row_number(), nullable=False),
        sa.Column("movement_id", sa.String(length=64), nullable=False),
        sa.Column("change_number", row_number(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_by", sa.String(length=254), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        codes("movement_advice", "state", "GREEN", "AMBER", "GREY", "RED", "BLACK"),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="ck_movement_advice_acknowledged"
        ),
        sa.ForeignKeyConstraint(["movement_id"], ["movement.id"], name="fk_movement_advice_movement_id"),
        sa.ForeignKeyConstraint(["change_number"], ["change.number"], name="fk_movement_advice_change_number"),
        sa.PrimaryKeyConstraint("number", name="pk_movement_advice"),
        sa.UniqueConstraint("movement_id", "change_number", name="uq_movement_advice_movement_id_change_number"),
    )


def downgrade() -> None:
    """Drop them: the register's rows stay as they are."""
    op.drop_table("movement_advice")
    op.drop_table("movement_clearance")
    op.drop_table("movement_plan")
