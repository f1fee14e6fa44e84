"""Create the imports: batches, their rows, and saved mappings of columns.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.ddl import codes

revision = "0008"
down_revision = "0007"

FORMS = (
    "explosive", "physical", "restriction", "incident", "passage", "sighting", "air_head", "crossing", "bridge",
    "camp", "civilian_movement", "other",
)  # fmt: skip


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "import_batch",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("form", sa.String(length=24), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("classification", sa.String(length=24), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("published_by", sa.String(length=254), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("reversed_by", sa.String(length=254), nullable=True),
        sa.Column("reversed_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        codes("import_batch", "kind", "csv", "xlsx", "geojson", "gpx"),
        codes("import_batch", "form", *FORMS),
        codes("import_batch", "state", "staged", "published", "reversed", "dropped"),
        codes("import_batch", "classification", "unclassified", "confidential", "strictly_confidential"),
        sa.CheckConstraint("version >= 1", name="ck_import_batch_version"),
        sa.PrimaryKeyConstraint("id", name="pk_import_batch"),
    )
    op.create_index("ix_import_batch_at", "import_batch", ["at"])
    op.create_index("ix_import_batch_sha256", "import_batch", ["sha256"])
    op.create_table(
        "import_row",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("errors", sa.Text(), nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=True),
        sa.Column("same_as", sa.String(length=120), nullable=True),
        sa.Column("matched", sa.Text(), nullable=True),
        sa.Column("report_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name="fk_import_row_batch_id"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_import_row_report_id"),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_import_row"),
    )
    op.create_index("ix_import_row_row_hash", "import_row", ["row_hash"])
    op.create_index("ix_import_row_report_id", "import_row", ["report_id"])
    op.create_table(
        "import_mapping",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("form", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("by_person", sa.String(length=254), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        codes("import_mapping", "form", *FORMS),
        sa.PrimaryKeyConstraint("id", name="pk_import_mapping"),
        sa.UniqueConstraint("form", "name", name="uq_import_mapping_form_name"),
    )


def downgrade() -> None:
    """Drop them, rows first."""
    op.drop_table("import_mapping")
    op.drop_table("import_row")
    op.drop_table("import_batch")
