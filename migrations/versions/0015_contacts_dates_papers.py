"""Create liaison contacts, political dates and papers of cases; let an area say who holds it.

The shape is frozen here: later changes are later migrations. The column is added by plain ALTER TABLE, which keeps the
table of SQLite as it is; a check inside the column's own definition is dropped with the column.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import codes

revision = "0015"
down_revision = "0014"

ACTORS = (
    "host_armed_forces", "host_police", "local_authority", "non_state_group", "community", "criminal", "other_force",
    "mission", "partner", "nature", "unknown",
)  # fmt: skip
CLASSIFICATIONS = ("unclassified", "confidential", "strictly_confidential")


def _text(name: str, length: int | None = None, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text() if length is None else sa.String(length=length), nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _kept(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """Return what every register has."""
    return (
        _text("id", 64, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("classification", 24, nullable=False),
        _text("area_id", 64),
        _moment("changed_at", nullable=False),
        _text("by_person", 254, nullable=False),
        codes(table, "classification", *CLASSIFICATIONS),
        sa.CheckConstraint("version >= 1", name=f"ck_{table}_version"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )


def upgrade() -> None:
    """Create the tables, then widen the areas."""
    op.create_table(
        "liaison_contact",
        *_kept("liaison_contact"),
        _text("actor", 24, nullable=False),
        _text("office", nullable=False),
        _text("channel", nullable=False),
        _text("place"),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        _text("route", 64),
        _text("admin_unit", 80),
        _text("hours"),
        sa.Column("rank", sa.Integer(), nullable=True),
        _moment("confirmed_at"),
        _text("confirmed_by"),
        _moment("ended_at"),
        _text("notes"),
        codes("liaison_contact", "actor", *ACTORS),
        sa.CheckConstraint("lon BETWEEN -180 AND 180", name="ck_liaison_contact_lon"),
        sa.CheckConstraint("lat BETWEEN -90 AND 90", name="ck_liaison_contact_lat"),
        sa.CheckConstraint("rank >= 1", name="ck_liaison_contact_rank"),
        sa.CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="ck_liaison_contact_position"),
        sa.ForeignKeyConstraint(["route"], ["key_route.id"], name="fk_liaison_contact_route"),
    )
    op.create_index("ix_liaison_contact_actor", "liaison_contact", ["actor"], unique=False)
    op.create_table(
        "political_date",
        *_kept("political_date"),
        _text("name", nullable=False),
        _text("kind", 24, nullable=False),
        _moment("starts_at", nullable=False),
        _moment("ends_at"),
        sa.Column("is_yearly", sa.Boolean(), nullable=True),
        _text("admin_unit", 80),
        _text("expected"),
        _text("source"),
        codes(
            "political_date", "kind",
            "election", "anniversary", "negotiation", "mandate", "holiday", "demonstration", "other",
        ),
        sa.CheckConstraint("ends_at >= starts_at", name="ck_political_date_times"),
    )  # fmt: skip
    op.create_index("ix_political_date_starts_at", "political_date", ["starts_at"], unique=False)
    op.create_table(
        "case_paper",
        _text("id", 36, nullable=False),
        _text("case_id", 64, nullable=False),
        _text("step_id", 120),
        _text("title", 200, nullable=False),
        _text("kind", 12, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        _text("sent_sha256", 64, nullable=False),
        _text("kept_sha256", 64, nullable=False),
        _text("by_person", 254, nullable=False),
        _moment("received", nullable=False),
        _moment("withdrawn_at"),
        _text("withdrawn_by", 254),
        _text("withdrawn_why"),
        codes("case_paper", "kind", "photo", "pdf"),
        sa.CheckConstraint("size > 0", name="ck_case_paper_size"),
        sa.ForeignKeyConstraint(["case_id"], ["restriction_case.id"], name="fk_case_paper_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_paper"),
    )
    op.create_index("ix_case_paper_case_id", "case_paper", ["case_id"], unique=False)
    listed = ", ".join(f"'{code}'" for code in ACTORS)
    op.execute(
        f"ALTER TABLE area ADD COLUMN held_by VARCHAR(24) CONSTRAINT ck_area_held_by CHECK (held_by IN ({listed}))"
    )


def downgrade() -> None:
    """Drop the column, then the tables; their indexes go with them."""
    op.execute("ALTER TABLE area DROP COLUMN held_by")
    for table in ("case_paper", "political_date", "liaison_contact"):
        op.drop_table(table)
