"""Create the questions that the desk asks back to whoever sent a report.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "report_question",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("report_id", sa.String(length=36), nullable=False),
        sa.Column("asked_by", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.String(length=254), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="ck_report_question_answered"),
        sa.CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name="ck_report_question_answerer"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_question_report_id_report"),
        sa.PrimaryKeyConstraint("id", name="pk_report_question"),
    )
    op.create_index("ix_report_question_report", "report_question", ["report_id", "asked_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("report_question")
