"""Keep inspections by form, studies of key routes and batches of imported air heads; widen the registers.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

from migrations.ddl import add_append_only, codes, is_sqlite

revision = "0013"
down_revision = "0012"

CLASSIFICATIONS = ("unclassified", "confidential", "strictly_confidential")
KINDS_BEFORE = (
    "separation", "buffer", "security", "curfew", "cordon", "restricted_access", "critical", "area_of_operation",
)  # fmt: skip
KINDS_NEW = ("red_line", "assembly_cantonment")


def _columns() -> dict[str, tuple[sa.Column[object], ...]]:
    """Return the members that existing registers gain: all may be null, so no row needs anything."""

    def text(*names: str) -> tuple[sa.Column[object], ...]:
        return tuple(sa.Column(name, sa.Text(), nullable=True) for name in names)

    def code(*names: str) -> tuple[sa.Column[object], ...]:
        return tuple(sa.Column(name, sa.String(length=24), nullable=True) for name in names)

    return {
        "key_route": text("interval_reason"),
        "air_head": (
            sa.Column("elevation_m", sa.Float(), nullable=True),
            *text("strength_note"),
            *code("wet_use"),
            *text("fuel", "fire_cover", "security_state"),
            *code("landing_clearance"),
            sa.Column("landing_sites", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
            *text("approvals", "source"),
        ),
        "crossing": (*code("people_status", "goods_status", "mission_status"), *text("notes")),
        "site": (
            *text("custodian", "assessed_by"),
            sa.Column("safety_distance_m", sa.Float(), nullable=True),
            *code("stage"),
            *text("notes"),
        ),
        "area": text("entry_points", "marked", "notes"),
    }


def _restate_kinds(*kinds: str) -> None:
    """Let an area be of these kinds; SQLite states a check only while it makes a table, so the table is made anew."""
    check = codes("area", "kind", *kinds)
    if not is_sqlite():
        op.drop_constraint("ck_area_kind", "area", type_="check")
        op.create_check_constraint("ck_area_kind", "area", check.sqltext)
        return
    made = (
        op.get_bind().execute(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'area'")).scalar()
    )
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    anew, found = re.subn(r"(ck_area_kind CHECK \(kind IN \()[^)]*(\)\))", rf"\g<1>{listed}\g<2>", str(made))
    if found != 1:
        raise RuntimeError("the table of areas does not state the check of its kinds")
    op.execute(re.sub(r'^CREATE TABLE "?area"?', "CREATE TABLE area_anew", anew))
    op.execute("INSERT INTO area_anew SELECT * FROM area")
    op.execute("DROP TABLE area")
    op.execute("ALTER TABLE area_anew RENAME TO area")


def upgrade() -> None:
    """Create the tables, then widen the registers."""
    op.create_table(
        "inspection_form",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("inspected_at", sa.BigInteger(), nullable=False),
        sa.Column("inspected_by", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("next_review", sa.BigInteger(), nullable=True),
        sa.Column("report_id", sa.String(length=64), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        codes("inspection_form", "subject_kind", "air_head", "crossing", "site", "asset"),
        codes("inspection_form", "form", "air_head", "landing", "crossing", "access", "asset"),
        sa.PrimaryKeyConstraint("id", name="pk_inspection_form"),
    )
    op.create_index("ix_inspection_form_subject_id", "inspection_form", ["subject_id"], unique=False)
    add_append_only("inspection_form")
    op.create_table(
        "route_study",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("route_id", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("studied_at", sa.BigInteger(), nullable=False),
        sa.Column("review_by", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("classification", sa.String(length=24), nullable=False),
        sa.Column("area_id", sa.String(length=64), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        codes("route_study", "classification", *CLASSIFICATIONS),
        sa.CheckConstraint("review_by > studied_at", name="ck_route_study_review_by"),
        sa.PrimaryKeyConstraint("id", name="pk_route_study"),
    )
    op.create_index("ix_route_study_route_id", "route_study", ["route_id"], unique=False)
    add_append_only("route_study")
    op.create_table(
        "register_import",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("register", sa.String(length=24), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), nullable=True),
        sa.Column("staged_at", sa.BigInteger(), nullable=False),
        sa.Column("staged_by", sa.String(length=254), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=True),
        sa.Column("applied_by", sa.String(length=254), nullable=True),
        sa.Column("reversed_at", sa.BigInteger(), nullable=True),
        sa.Column("reversed_by", sa.String(length=254), nullable=True),
        codes("register_import", "register", "air_head"),
        sa.PrimaryKeyConstraint("id", name="pk_register_import"),
    )
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    _restate_kinds(*KINDS_BEFORE, *KINDS_NEW)


def downgrade() -> None:
    """Take them back; an area of a kind that did not exist becomes one of restricted access."""
    listed = ", ".join(f"'{kind}'" for kind in KINDS_NEW)
    op.execute(f"UPDATE area SET kind = 'restricted_access' WHERE kind IN ({listed})")  # noqa: S608 - our own words
    _restate_kinds(*KINDS_BEFORE)
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)
    for table in ("register_import", "route_study", "inspection_form"):
        op.drop_table(table)
