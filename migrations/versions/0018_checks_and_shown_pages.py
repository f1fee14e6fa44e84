"""Let a subscription name which overdue checks it wants, and note three more kinds of pages as shown.

The shape is frozen here: later changes are later migrations.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

from migrations.ddl import codes, is_sqlite

revision = "0018"
down_revision = "0017"

CHECKS = '["verification","review","inspection","task","expiry","follow_up"]'
PAGES_BEFORE = ("map", "routes", "route", "segment", "plan", "export")
PAGES_NEW = ("changes", "reach", "analysis")


def _restate_pages(*pages: str) -> None:
    """Let what was shown be of these kinds; SQLite states a check only while it makes a table, so it is made anew."""
    check = codes("shown", "kind", *pages)
    if not is_sqlite():
        op.drop_constraint("ck_shown_kind", "shown", type_="check")
        op.create_check_constraint("ck_shown_kind", "shown", check.sqltext)
        return
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'shown'"
    made = op.get_bind().execute(sa.text(query)).scalar()
    listed = ", ".join(f"'{page}'" for page in pages)
    anew, found = re.subn(r"(ck_shown_kind CHECK \(kind IN \()[^)]*(\)\))", rf"\g<1>{listed}\g<2>", str(made))
    if found != 1:
        raise RuntimeError("the table of what was shown does not state the check of its kinds")
    op.execute(re.sub(r'^CREATE TABLE "?shown"?', "CREATE TABLE shown_anew", anew))
    op.execute("INSERT INTO shown_anew SELECT * FROM shown")
    op.execute("DROP TABLE shown")
    op.execute("ALTER TABLE shown_anew RENAME TO shown")
    op.create_index("ix_shown_last_at", "shown", ["last_at"])


def upgrade() -> None:
    """Whoever wanted overdue checks gets every kind of them."""
    op.add_column("subscription", sa.Column("checks", sa.Text(), nullable=False, server_default="[]"))
    op.execute(sa.text("UPDATE subscription SET checks = :every WHERE is_overdue").bindparams(every=CHECKS))
    op.drop_column("subscription", "is_overdue")
    _restate_pages(*PAGES_BEFORE, *PAGES_NEW)


def downgrade() -> None:
    """Whoever wanted any check gets all; what was shown on a page that had no kind is forgotten."""
    op.add_column("subscription", sa.Column("is_overdue", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(sa.text("UPDATE subscription SET is_overdue = :yes WHERE checks <> '[]'").bindparams(yes=True))
    op.drop_column("subscription", "checks")
    listed = ", ".join(f"'{page}'" for page in PAGES_NEW)
    op.execute(f"DELETE FROM shown WHERE kind IN ({listed})")  # noqa: S608 - our own words
    _restate_pages(*PAGES_BEFORE)
