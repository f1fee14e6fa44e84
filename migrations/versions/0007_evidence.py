"""Create the photos sent with reports.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import codes

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "evidence",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("report_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("received_bytes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("refusal", sa.String(length=200), nullable=True),
        sa.Column("kept_sha256", sa.String(length=64), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        codes("evidence", "kind", "photo"),
        codes("evidence", "state", "partial", "whole", "refused"),
        sa.CheckConstraint("size > 0", name="ck_evidence_size"),
        sa.CheckConstraint("lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90", name="ck_evidence_position"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_evidence_report_id"),
        sa.PrimaryKeyConstraint("id", name="pk_evidence"),
    )
    op.create_index("ix_evidence_report_id", "evidence", ["report_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("evidence")
