"""Keep of every policy version from when it holds, why, and who signed it; and drafts that wait for a second person.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import add_append_only, codes, is_sqlite

revision = "0005"
down_revision = "0004"

LOADED = "loaded with its facts"
"""Reason of versions that came with a history and therefore judge all of it."""
ADDED = (
    ("holds_from", sa.BigInteger()),
    ("base", sa.Integer()),
    ("reasons", sa.Text()),
    ("proposed_by", sa.String(length=254)),
    ("seen", sa.Text()),
    ("draft_id", sa.String(length=36)),
)


def upgrade() -> None:
    """Add the columns, fill in since when the versions present hold, guard them, and create the drafts."""
    for name, kind in ADDED:
        op.add_column("policy_version", sa.Column(name, kind, nullable=True))
    versions = sa.table("policy_version", sa.column("holds_from"), sa.column("at"), sa.column("reason"))
    op.execute(versions.update().where(versions.c.reason != LOADED).values(holds_from=versions.c.at))
    add_append_only("policy_version")
    op.create_table(
        "policy_draft",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("profiles", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=254), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.String(length=254), nullable=True),
        sa.Column("proposed_at", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.String(length=254), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        codes("policy_draft", "outcome", "published", "withdrawn"),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome <> 'published' OR settled_by <> proposed_by", name="ck_policy_draft_two_persons"
        ),
        sa.CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="ck_policy_draft_settled"),
        sa.CheckConstraint("(proposed_at IS NULL) = (proposed_by IS NULL)", name="ck_policy_draft_proposer"),
        sa.ForeignKeyConstraint(["number"], ["policy_version.number"], name="fk_policy_draft_number"),
        sa.PrimaryKeyConstraint("id", name="pk_policy_draft"),
    )
    op.create_index("ix_policy_draft_made_at", "policy_draft", ["made_at"])


def downgrade() -> None:
    """Drop the drafts, the guard and the columns; versions themselves stay."""
    op.drop_table("policy_draft")
    if is_sqlite():
        op.execute("DROP TRIGGER policy_version_no_update")
        op.execute("DROP TRIGGER policy_version_no_delete")
    else:
        op.execute("DROP TRIGGER policy_version_append_only ON policy_version")
        op.execute("DROP TRIGGER policy_version_no_truncate ON policy_version")
    for name, _ in reversed(ADDED):
        op.drop_column("policy_version", name)
