"""Let a subscription name movements, an alert be an advice to one, and more kinds of pages be noted as shown.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import restate_codes

revision = "0019"
down_revision = "0018"

ALERTS_BEFORE, ALERTS_NEW = ("state", "record", "overdue", "false_state"), ("advice",)
PAGES_BEFORE = ("map", "routes", "route", "segment", "plan", "export", "changes", "reach", "analysis")
PAGES_NEW = ("movement", "desk")


def upgrade() -> None:
    """Nobody has asked for advice yet: what was told before counts as passed on."""
    rule = "CONSTRAINT ck_subscription_movements CHECK (movements IN ('none', 'unit', 'all'))"
    op.execute(f"ALTER TABLE subscription ADD COLUMN movements VARCHAR(8) DEFAULT 'none' NOT NULL {rule}")
    op.add_column("subscription", sa.Column("movement_ids", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("movement_advice", sa.Column("is_explosive", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("movement_advice", sa.Column("passed_on_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE movement_advice SET passed_on_at = told_at")
    op.create_index("ix_movement_advice_passed_on_at", "movement_advice", ["passed_on_at"])
    restate_codes("alert", "kind", *ALERTS_BEFORE, *ALERTS_NEW)
    restate_codes("shown", "kind", *PAGES_BEFORE, *PAGES_NEW)


def downgrade() -> None:
    """Alerts of advice go with their deliveries; what was shown on a page that had no kind is forgotten."""
    listed = ", ".join(f"'{page}'" for page in PAGES_NEW)
    op.execute(f"DELETE FROM shown WHERE kind IN ({listed})")  # noqa: S608 - our own words
    restate_codes("shown", "kind", *PAGES_BEFORE)
    op.execute("DELETE FROM delivery WHERE alert_id IN (SELECT id FROM alert WHERE kind = 'advice')")
    op.execute("DELETE FROM alert WHERE kind = 'advice'")
    restate_codes("alert", "kind", *ALERTS_BEFORE)
    op.drop_index("ix_movement_advice_passed_on_at", "movement_advice")
    op.drop_column("movement_advice", "passed_on_at")
    op.drop_column("movement_advice", "is_explosive")
    op.drop_column("subscription", "movement_ids")
    op.drop_column("subscription", "movements")
