"""Keep control points, closings of air heads by hand, and the class of a route that a study states.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

from migrations.ddl import add_append_only, codes, is_sqlite

revision = "0017"
down_revision = "0016"

CLASSIFICATIONS = ("unclassified", "confidential", "strictly_confidential")
ACTORS = (
    "host_armed_forces", "host_police", "local_authority", "non_state_group", "community", "criminal", "other_force",
    "mission", "partner", "nature", "unknown",
)  # fmt: skip
SUBJECTS, SUBJECTS_NEW = ("air_head", "crossing", "site", "asset"), ("control_point",)
FORMS = ("air_head", "landing", "crossing", "access", "asset")
FORMS_NEW = ("closure", "lifting", "control_point")


def _restate(subjects: tuple[str, ...], forms: tuple[str, ...]) -> None:
    """Let inspections be of these subjects and forms; SQLite states a check only while it makes a table."""
    checks = {"subject_kind": subjects, "form": forms}
    kept = ", ".join(f"'{form}'" for form in forms)
    if not is_sqlite():
        op.execute("ALTER TABLE inspection_form DISABLE TRIGGER USER")
        op.execute(f"DELETE FROM inspection_form WHERE form NOT IN ({kept})")  # noqa: S608 - our own words
        op.execute("ALTER TABLE inspection_form ENABLE TRIGGER USER")
        for column, listed in checks.items():
            check = codes("inspection_form", column, *listed)
            op.drop_constraint(f"ck_inspection_form_{column}", "inspection_form", type_="check")
            op.create_check_constraint(f"ck_inspection_form_{column}", "inspection_form", check.sqltext)
        return
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'inspection_form'"
    made = str(op.get_bind().execute(sa.text(query)).scalar())
    for column, listed in checks.items():
        words = ", ".join(f"'{word}'" for word in listed)
        pattern = rf"(ck_inspection_form_{column} CHECK \({column} IN \()[^)]*(\)\))"
        made, found = re.subn(pattern, rf"\g<1>{words}\g<2>", made)
        if found != 1:
            raise RuntimeError(f"the table of inspections does not state the check of {column}")
    op.execute(re.sub(r'^CREATE TABLE "?inspection_form"?', "CREATE TABLE inspection_form_anew", made))
    op.execute(f"INSERT INTO inspection_form_anew SELECT * FROM inspection_form WHERE form IN ({kept})")  # noqa: S608
    op.execute("DROP TABLE inspection_form")
    op.execute("ALTER TABLE inspection_form_anew RENAME TO inspection_form")
    op.create_index("ix_inspection_form_subject_id", "inspection_form", ["subject_id"], unique=False)
    add_append_only("inspection_form")


def upgrade() -> None:
    """Create the register, then widen inspections and studies."""
    op.create_table(
        "control_point",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("run_by", sa.String(length=24), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("public_text", sa.Text(), nullable=True),
        sa.Column("public_place", sa.Text(), nullable=True),
        sa.Column("hours", sa.Text(), nullable=True),
        sa.Column("passes", sa.Text(), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=True),
        sa.Column("site", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("inspected_at", sa.BigInteger(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("classification", sa.String(length=24), nullable=False),
        sa.Column("area_id", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        codes("control_point", "classification", *CLASSIFICATIONS),
        codes("control_point", "kind", "checkpoint", "entry_point", "resource_control", "illicit_flow"),
        codes("control_point", "run_by", *ACTORS),
        codes("control_point", "status", "manned", "unmanned", "closed", "unknown"),
        sa.CheckConstraint("version >= 1", name="ck_control_point_version"),
        sa.CheckConstraint("lon BETWEEN -180 AND 180", name="ck_control_point_lon"),
        sa.CheckConstraint("lat BETWEEN -90 AND 90", name="ck_control_point_lat"),
        sa.CheckConstraint("ends_at >= starts_at", name="ck_control_point_ends_at"),
        sa.PrimaryKeyConstraint("id", name="pk_control_point"),
    )
    op.add_column("route_study", sa.Column("stated_class", sa.String(length=60), nullable=True))
    _restate((*SUBJECTS, *SUBJECTS_NEW), (*FORMS, *FORMS_NEW))


def downgrade() -> None:
    """Take them back: control points, closings by hand and stated classes are gone with them."""
    _restate(SUBJECTS, FORMS)
    op.drop_column("route_study", "stated_class")
    op.drop_table("control_point")
