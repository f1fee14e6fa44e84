"""Create the clause list, the steps of cases and the commitments of parties; give cases what they lacked.

The shape is frozen here: later changes are later migrations. Columns are added by plain ALTER TABLE, which keeps the
table of SQLite as it is; a check inside the column's own definition is dropped with the column.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import add_append_only, codes, row_number

revision = "0011"
down_revision = "0010"

COLUMNS = (
    ("occurred_at", "BIGINT"),
    ("clause_version", "INTEGER"),
    ("delay_min", "FLOAT"),
    ("position", "VARCHAR(16)", "accepted", "contested"),
    ("basis", "VARCHAR(16)", "notification", "permission"),
    ("order_id", "VARCHAR(120)"),
    ("movement_id", "VARCHAR(64)"),
    ("route", "VARCHAR(64)"),
    ("demand_made", "BOOLEAN"),
    ("summary", "TEXT"),
)
"""Name, type and, where it holds one of a few codes, these."""


def upgrade() -> None:
    """Create the tables, then their guards, then the columns."""
    op.create_table(
        "clause_list_version",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("clauses", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_clause_list_version"),
    )
    op.create_table(
        "case_step",
        sa.Column("number", row_number(), nullable=False),
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.String(length=120), nullable=True),
        sa.Column("addressee", sa.String(length=200), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("corrects", sa.String(length=120), nullable=True),
        codes(
            "case_step",
            "kind",
            "action_taken",
            "protest_sent",
            "reply_received",
            "meeting",
            "follow_up_due",
            "resolved",
            "reopened",
            "note",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["restriction_case.id"], name="fk_case_step_case_id"),
        sa.PrimaryKeyConstraint("number", name="pk_case_step"),
        sa.UniqueConstraint("id", name="uq_case_step_id"),
    )
    op.create_index("ix_case_step_case_id", "case_step", ["case_id"], unique=False)
    op.create_table(
        "commitment",
        sa.Column("actor", sa.String(length=24), nullable=False),
        sa.Column("promised", sa.Text(), nullable=False),
        sa.Column("promised_by", sa.Text(), nullable=False),
        sa.Column("promised_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("admin_unit", sa.Text(), nullable=True),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("classification", sa.String(length=24), nullable=False),
        sa.Column("area_id", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        codes(
            "commitment",
            "actor",
            "host_armed_forces",
            "host_police",
            "local_authority",
            "non_state_group",
            "community",
            "criminal",
            "other_force",
            "mission",
            "partner",
            "nature",
            "unknown",
        ),
        codes("commitment", "classification", "unclassified", "confidential", "strictly_confidential"),
        codes("commitment", "outcome", "kept", "partly_kept", "broken", "withdrawn"),
        sa.CheckConstraint("due_at >= promised_at AND settled_at >= promised_at", name="ck_commitment_times"),
        sa.CheckConstraint("version >= 1", name="ck_commitment_version"),
        sa.PrimaryKeyConstraint("id", name="pk_commitment"),
    )
    op.create_index("ix_commitment_actor", "commitment", ["actor"], unique=False)
    for table in ("clause_list_version", "case_step"):
        add_append_only(table)
    for name, kind, *allowed in COLUMNS:
        listed = ", ".join(f"'{code}'" for code in allowed)
        check = f' CONSTRAINT ck_restriction_case_{name} CHECK ("{name}" IN ({listed}))' if allowed else ""
        op.execute(f'ALTER TABLE restriction_case ADD COLUMN "{name}" {kind}{check}')


def downgrade() -> None:
    """Drop the columns, then the tables; their triggers and indexes go with them."""
    for name, *_ in reversed(COLUMNS):
        op.execute(f'ALTER TABLE restriction_case DROP COLUMN "{name}"')
    for table in ("commitment", "case_step", "clause_list_version"):
        op.drop_table(table)
