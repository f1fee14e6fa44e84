"""Create reports, records and acts that wait for a second person.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from fom.store.columns import Geometry
from migrations.ddl import add_append_only, add_bounds_index, codes, drop_bounds_index, grades, row_number

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables, then their guards."""
    op.create_table(
        "report",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("form", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("triage", sa.String(length=16), nullable=False),
        sa.Column("classification", sa.String(length=24), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=True),
        sa.Column("unit_id", sa.String(length=80), nullable=True),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        codes("report", "classification", "unclassified", "confidential", "strictly_confidential"),
        codes(
            "report",
            "form",
            "explosive",
            "physical",
            "restriction",
            "incident",
            "passage",
            "sighting",
            "air_head",
            "crossing",
            "bridge",
            "camp",
            "civilian_movement",
            "other",
        ),
        codes("report", "triage", "new", "no_place", "conflict", "done"),
        sa.CheckConstraint("version >= 1", name="ck_report_version"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_report_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
    )
    op.create_index("ix_report_received", "report", ["received"], unique=False)
    op.create_index("ix_report_triage", "report", ["triage", "received"], unique=False)
    op.create_table(
        "report_version",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("report_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("place_text", sa.Text(), nullable=False),
        sa.Column("time_text", sa.Text(), nullable=False),
        sa.Column("device_time", sa.BigInteger(), nullable=True),
        sa.Column("device_offset_s", sa.Float(), nullable=True),
        sa.Column("device_sequence", row_number(), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.Column("classification", sa.String(length=24), nullable=False),
        sa.Column("unit_id", sa.String(length=80), nullable=True),
        sa.Column("area", sa.String(length=64), nullable=True),
        sa.Column("change_number", row_number(), nullable=False),
        codes("report_version", "classification", "unclassified", "confidential", "strictly_confidential"),
        sa.CheckConstraint("version >= 1", name="ck_report_version_version"),
        sa.ForeignKeyConstraint(["change_number"], ["change.number"], name="fk_report_version_change_number"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_version_report_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_report_version_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_report_version"),
        sa.UniqueConstraint("report_id", "version", name="uq_report_version_report_id_version"),
    )
    op.create_table(
        "report_conflict",
        sa.Column("number", row_number(), nullable=False),
        sa.Column("version_id", sa.String(length=36), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name="fk_report_conflict_version_id"),
        sa.PrimaryKeyConstraint("number", name="pk_report_conflict"),
        sa.UniqueConstraint("version_id", "body_hash", name="uq_report_conflict_version_id_body_hash"),
    )
    op.create_table(
        "record",
        sa.Column("number", row_number(), nullable=False),
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=True),
        sa.Column("occurred", sa.BigInteger(), nullable=True),
        sa.Column("grade", sa.String(length=2), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("by_person", sa.String(length=254), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("min_lon", sa.Float(), nullable=True),
        sa.Column("min_lat", sa.Float(), nullable=True),
        sa.Column("max_lon", sa.Float(), nullable=True),
        sa.Column("max_lat", sa.Float(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("meta", sa.Text(), nullable=True),
        sa.Column("classification", sa.String(length=24), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=True),
        sa.Column("report_id", sa.String(length=36), nullable=True),
        sa.Column("report_version", sa.Integer(), nullable=True),
        sa.Column("change_number", row_number(), nullable=False),
        codes("record", "classification", "unclassified", "confidential", "strictly_confidential"),
        grades("record"),
        codes(
            "record",
            "kind",
            "explosive",
            "physical",
            "control",
            "incident",
            "verification",
            "closing_act",
            "grade",
            "link",
            "retraction",
            "manual",
            "threat_area",
            "season",
            "route",
        ),
        sa.CheckConstraint("occurred IS NOT NULL OR kind <> 'verification'", name="ck_record_occurred"),
        sa.CheckConstraint("received IS NOT NULL OR kind = 'route'", name="ck_record_received"),
        sa.CheckConstraint("(geometry IS NULL) = (min_lon IS NULL)", name="ck_record_bounded"),
        sa.CheckConstraint(
            "min_lon >= -180 AND max_lon <= 180 AND min_lat >= -90 AND max_lat <= 90", name="ck_record_bounds"
        ),
        sa.ForeignKeyConstraint(["change_number"], ["change.number"], name="fk_record_change_number"),
        sa.ForeignKeyConstraint(
            ["report_id", "report_version"],
            ["report_version.report_id", "report_version.version"],
            name="fk_record_report_id_report_version",
        ),
        sa.PrimaryKeyConstraint("number", name="pk_record"),
        sa.UniqueConstraint("id", name="uq_record_id"),
    )
    op.create_index("ix_record_change_number", "record", ["change_number"], unique=False)
    op.create_index("ix_record_kind_number", "record", ["kind", "number"], unique=False)
    op.create_index("ix_record_received", "record", ["received"], unique=False)
    op.create_index("ix_record_report_id", "record", ["report_id"], unique=False)
    op.create_table(
        "record_reference",
        sa.Column("record_id", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("target_id", sa.String(length=120), nullable=False),
        codes("record_reference", "role", "target", "closes", "member", "crossed"),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name="fk_record_reference_record_id"),
        sa.ForeignKeyConstraint(["target_id"], ["record.id"], name="fk_record_reference_target_id"),
        sa.PrimaryKeyConstraint("record_id", "role", "target_id", name="pk_record_reference"),
    )
    op.create_index("ix_record_reference_target", "record_reference", ["target_id", "role"], unique=False)
    op.create_table(
        "version_record",
        sa.Column("version_id", sa.String(length=36), nullable=False),
        sa.Column("record_id", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name="fk_version_record_record_id"),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name="fk_version_record_version_id"),
        sa.PrimaryKeyConstraint("version_id", "record_id", name="pk_version_record"),
    )
    op.create_index("ix_version_record_record_id", "version_record", ["record_id"], unique=False)
    op.create_table(
        "pending_act",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("classification", sa.String(length=24), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=True),
        sa.Column("proposed_by", sa.String(length=254), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_by", sa.String(length=254), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("record_id", sa.String(length=120), nullable=True),
        codes("pending_act", "kind", "closing_act", "retraction", "grade", "manual"),
        codes("pending_act", "outcome", "confirmed", "withdrawn", "overtaken"),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome <> 'confirmed' OR settled_by <> proposed_by", name="ck_pending_act_two_persons"
        ),
        sa.CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="ck_pending_act_settled"),
        sa.CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="ck_pending_act_settler"),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name="fk_pending_act_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pending_act"),
    )
    op.create_index("ix_pending_act_proposed_at", "pending_act", ["proposed_at"], unique=False)
    for table in ("record", "record_reference", "report_version", "report_conflict", "version_record"):
        add_append_only(table)
    add_bounds_index()


def downgrade() -> None:
    """Drop the tables in the reverse order; their triggers and indexes go with them."""
    drop_bounds_index()
    for table in (
        "pending_act",
        "version_record",
        "record_reference",
        "record",
        "report_conflict",
        "report_version",
        "report",
    ):
        op.drop_table(table)
