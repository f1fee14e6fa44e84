"""Create subscriptions, alerts with their deliveries, looks at key routes, and who was shown which states.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from fom.store.columns import Geometry
from migrations.ddl import codes, row_number

revision = "0014"
down_revision = "0006"

TABLES = ("shown", "look", "alert_mark", "delivery", "alert", "subscription")
USER_CLASSES = (
    "mission_military", "mission_police", "mission_civilian", "humanitarian", "medical", "civil_population",
    "host_authority",
)  # fmt: skip


def _text(name: str, length: int | None, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text() if length is None else sa.String(length=length), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "subscription",
        _text("id", 36),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("user_id", 36),
        _text("title", 200),
        _text("routes", None),
        sa.Column("is_unit_routes", sa.Boolean(), nullable=False),
        _text("area_id", 64, nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        _text("moves", 16),
        _text("states", None),
        _text("kinds", None),
        sa.Column("is_overdue", sa.Boolean(), nullable=False),
        _text("profile", 40),
        _text("user_class", 24),
        sa.Column("is_email", sa.Boolean(), nullable=False),
        _text("webhook", None, nullable=True),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        _moment("created_at"),
        _moment("changed_at"),
        codes("subscription", "moves", "none", "route_worse", "route", "stretch_worse", "stretch"),
        codes("subscription", "user_class", *USER_CLASSES),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="ck_subscription_quiet"),
        sa.CheckConstraint("quiet_from BETWEEN 0 AND 1439", name="ck_subscription_quiet_from"),
        sa.CheckConstraint("quiet_to BETWEEN 0 AND 1439", name="ck_subscription_quiet_to"),
        sa.CheckConstraint("version >= 1", name="ck_subscription_version"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_subscription_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
    )
    op.create_index("ix_subscription_user_id", "subscription", ["user_id"])
    op.create_table(
        "alert",
        _text("id", 36),
        _text("user_id", 36),
        _text("subscription_id", 36, nullable=True),
        _text("kind", 16),
        sa.Column("change_number", row_number(), nullable=True),
        _moment("at"),
        sa.Column("is_explosive", sa.Boolean(), nullable=False),
        *(_text(name, None) for name in ("title", "text", "outside_text", "fact_ids", "details")),
        codes("alert", "kind", "state", "record", "overdue", "false_state"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_alert_user_id"),
        sa.ForeignKeyConstraint(["change_number"], ["change.number"], name="fk_alert_change_number"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    op.create_index("ix_alert_user_at", "alert", ["user_id", "at"])
    op.create_table(
        "delivery",
        _text("alert_id", 36),
        _text("channel", 8),
        _text("user_id", 36),
        _text("target", None),
        _text("status", 12),
        sa.Column("tries", sa.Integer(), nullable=False),
        _moment("due_at"),
        _text("last_error", None, nullable=True),
        _moment("delivered_at", nullable=True),
        _moment("read_at", nullable=True),
        codes("delivery", "channel", "page", "email", "webhook"),
        codes("delivery", "status", "waiting", "delivered", "given_up"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_delivery_alert_id"),
        sa.PrimaryKeyConstraint("alert_id", "channel", name="pk_delivery"),
    )
    op.create_index("ix_delivery_due", "delivery", ["status", "channel", "due_at"])
    op.create_index("ix_delivery_unread", "delivery", ["user_id", "channel", "read_at"])
    op.create_table(
        "alert_mark",
        _text("name", 20),
        sa.Column("number", row_number(), nullable=False),
        _moment("at"),
        sa.PrimaryKeyConstraint("name", name="pk_alert_mark"),
    )
    op.create_table(
        "look",
        sa.Column("number", row_number(), nullable=False),
        _text("user_id", 36),
        _text("unit_id", 80, nullable=True),
        _text("route_id", 64),
        _moment("seen_at"),
        sa.Column("version", row_number(), nullable=False),
        _text("state", 8),
        _moment("acknowledged_at", nullable=True),
        sa.CheckConstraint("acknowledged_at >= seen_at", name="ck_look_acknowledged"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_look_user_id"),
        sa.PrimaryKeyConstraint("number", name="pk_look"),
    )
    op.create_index("ix_look_unit_id", "look", ["unit_id"])
    op.create_index("ix_look_person", "look", ["user_id", "route_id", "number"])
    op.create_table(
        "shown",
        sa.Column("number", row_number(), nullable=False),
        _text("user_id", 36),
        sa.Column("quarter", sa.Integer(), nullable=False),
        _text("kind", 8),
        _text("subject", 120),
        _text("profile", 40),
        _text("user_class", 24),
        _text("asked", 60),
        _moment("first_at"),
        _moment("last_at"),
        _text("network_id", 120),
        _text("routes", None),
        _text("segments", None, nullable=True),
        codes("shown", "kind", "map", "routes", "route", "segment", "plan", "export"),
        sa.CheckConstraint("last_at >= first_at", name="ck_shown_order"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_shown_user_id"),
        sa.PrimaryKeyConstraint("number", name="pk_shown"),
        sa.UniqueConstraint(
            "user_id",
            "quarter",
            "kind",
            "profile",
            "user_class",
            "subject",
            "asked",
            name="uq_shown_user_id_quarter_kind_profile_user_class_subject_asked",
        ),
    )
    op.create_index("ix_shown_last_at", "shown", ["last_at"])


def downgrade() -> None:
    """Drop them: what was told and shown is gone with them."""
    for table in TABLES:
        op.drop_table(table)
