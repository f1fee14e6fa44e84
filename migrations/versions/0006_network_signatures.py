"""Create the signatures under the review of a network that follows another.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import add_append_only, codes, row_number

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table, then its guard."""
    op.create_table(
        "network_signature",
        sa.Column("number", row_number(), nullable=False),
        sa.Column("network_id", sa.String(length=120), nullable=False),
        sa.Column("base_id", sa.String(length=120), nullable=False),
        sa.Column("item", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("essence", sa.Text(), nullable=False),
        sa.Column("choice", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("may_improve", sa.Boolean(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        codes("network_signature", "kind", "fact", "key_route", "improvement"),
        codes("network_signature", "choice", "accept", "reroute"),
        sa.PrimaryKeyConstraint("number", name="pk_network_signature"),
    )
    op.create_index("ix_network_signature_network", "network_signature", ["network_id", "base_id", "item"])
    add_append_only("network_signature")


def downgrade() -> None:
    """Drop it; its triggers go with it."""
    op.drop_table("network_signature")
