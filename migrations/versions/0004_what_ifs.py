"""Keep what-ifs: hypotheses with a title.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import codes

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "what_if",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("hypothesis", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=True),
        sa.Column("profile", sa.String(length=40), nullable=False),
        sa.Column("user_class", sa.String(length=24), nullable=False),
        sa.Column("based_on", sa.String(length=64), nullable=True),
        sa.Column("classification", sa.String(length=24), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=True),
        codes("what_if", "classification", "unclassified", "confidential", "strictly_confidential"),
        codes(
            "what_if",
            "user_class",
            "mission_military",
            "mission_police",
            "mission_civilian",
            "humanitarian",
            "medical",
            "civil_population",
            "host_authority",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_what_if"),
    )
    op.create_index("ix_what_if_by_person", "what_if", ["by_person"], unique=False)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("what_if")
