"""Create accounts, change sequence, audit chain, versions of network and policy.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import add_append_only, codes, drop_shared_function, row_number

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables, then their guards."""
    op.create_table(
        "unit",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unit"),
    )
    op.create_table(
        "role",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        codes(
            "role",
            "name",
            "reporter",
            "duty_officer",
            "chief_joc",
            "eod",
            "movement_control",
            "engineer",
            "aviation",
            "jmac",
            "police",
            "civil_affairs",
            "partner",
            "leadership",
            "auditor",
            "administrator",
        ),
        sa.PrimaryKeyConstraint("name", name="pk_role"),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("unit_id", sa.String(length=80), nullable=True),
        sa.Column("areas", sa.Text(), nullable=False),
        sa.Column("clearance", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        codes("user_account", "clearance", "unclassified", "confidential", "strictly_confidential"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_user_account_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_user_account"),
        sa.UniqueConstraint("email", name="uq_user_account_email"),
    )
    op.create_table(
        "user_role",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("role_name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["role_name"], ["role.name"], name="fk_user_role_role_name"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_user_role_user_id"),
        sa.PrimaryKeyConstraint("user_id", "role_name", name="pk_user_role"),
    )
    op.create_table(
        "personal_token",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_personal_token_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_personal_token"),
        sa.UniqueConstraint("token_hash", name="uq_personal_token_token_hash"),
    )
    op.create_index("ix_personal_token_user_id", "personal_token", ["user_id"], unique=False)
    op.create_table(
        "login",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_login_user_id"),
        sa.PrimaryKeyConstraint("key_hash", name="pk_login"),
    )
    op.create_index("ix_login_user_id", "login", ["user_id"], unique=False)
    op.create_table(
        "change",
        sa.Column("number", row_number(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=True),
        sa.Column("subject_id", sa.String(length=120), nullable=True),
        sa.Column("record_ids", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        codes("change", "kind", "report", "record", "register", "pending", "account", "time", "network", "policy"),
        sa.PrimaryKeyConstraint("number", name="pk_change"),
        sa.UniqueConstraint("due_at", name="uq_change_due_at"),
    )
    op.create_table(
        "audit",
        sa.Column("number", row_number(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=120), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sa.UniqueConstraint("hash", name="uq_audit_hash"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject_kind", "subject_id", "number"], unique=False)
    op.create_table(
        "network_version",
        sa.Column("number", row_number(), nullable=False),
        sa.Column("network_id", sa.String(length=120), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("activated_at", sa.BigInteger(), nullable=False),
        sa.Column("activated_by", sa.String(length=254), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_network_version"),
    )
    op.create_index(
        "uq_network_version_active",
        "network_version",
        ["is_active"],
        unique=True,
        sqlite_where=sa.text("is_active"),
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "policy_version",
        sa.Column("number", row_number(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("profiles", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_policy_version"),
    )
    for table in ("change", "audit"):
        add_append_only(table)


def downgrade() -> None:
    """Drop the tables in the reverse order; their triggers and indexes go with them."""

    for table in (
        "policy_version",
        "network_version",
        "audit",
        "change",
        "login",
        "personal_token",
        "user_role",
        "user_account",
        "role",
        "unit",
    ):
        op.drop_table(table)
    drop_shared_function()
